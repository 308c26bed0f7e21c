package confine

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// account is a user, with the one group that is kept.
type account struct {
	name     string
	uid, gid int
}

func (a account) String() string { return fmt.Sprintf("%s (%d)", a.name, a.uid) }

var (
	errNotRoot  = errors.New("only root can turn into somebody else")
	errNoneLeft = errors.New(`there is neither a user "tlsfloor" nor "nobody"`)
)

// target returns the user to turn into.
func (c *confinement) target() (account, error) {
	if c.User != "" {
		return find(c.User)
	}
	for _, name := range []string{"tlsfloor", "nobody"} {
		if a, err := find(name); err == nil {
			return a, nil
		}
	}
	return account{}, errNoneLeft
}

func find(name string) (account, error) {
	u, err := user.Lookup(name)
	if _, notNumber := strconv.Atoi(name); err != nil && notNumber == nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		return account{}, err
	}
	uid, err := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return account{u.Username, uid, gid}, errors.Join(err, err2)
}

// current is the user the process has.
func current() account {
	a := account{uid: unix.Geteuid()}
	if u, err := user.LookupId(strconv.Itoa(a.uid)); err == nil {
		a.name = u.Username
	}
	return a
}

// identity turns into another user and drops capabilities.
func (c *confinement) identity() error {
	keep := c.keptCapabilities()
	bounded := c.dropBounding()
	if err := c.turnUser(keep); err != nil {
		return err
	}
	return c.took(c.dropCapabilities(keep, bounded))
}

// turnUser fails when the user was asked for by name and cannot be had.
func (c *confinement) turnUser(keep capabilities) error {
	if unix.Geteuid() != 0 {
		return c.stay()
	}
	a, err := c.target()
	if err == nil && a.uid == 0 {
		return c.took(degraded(stepUser, "root, as asked for"))
	}
	if err == nil {
		err = become(a, keep)
	}
	if err != nil && c.User != "" {
		return fmt.Errorf("user %s: %w", c.User, err)
	}
	if err != nil {
		return c.took(degraded(stepUser, "still root: %v", err))
	}
	return c.took(done(stepUser, "%s", a))
}

func (c *confinement) stay() error {
	a := current()
	if c.User != "" && c.User != a.name && c.User != strconv.Itoa(a.uid) {
		return fmt.Errorf("user %s: %w", c.User, errNotRoot)
	}
	return c.took(done(stepUser, "%s, as started", a))
}

// become changes the user on every thread: package syscall goes through the C
// library, which sees to that.
func become(a account, keep capabilities) error {
	if keep != 0 {
		if err := prctl(unix.PR_SET_KEEPCAPS, 1); err != nil {
			return err
		}
	}
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if err := syscall.Setresgid(a.gid, a.gid, a.gid); err != nil {
		return fmt.Errorf("setresgid: %w", err)
	}
	if err := syscall.Setresuid(a.uid, a.uid, a.uid); err != nil {
		return fmt.Errorf("setresuid: %w", err)
	}
	return nil
}
