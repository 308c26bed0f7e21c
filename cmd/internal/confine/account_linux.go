package confine

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
)

// changeIdentity changes the user and drops capabilities.
func (c *confinement) changeIdentity() error {
	keep := c.keptCapabilities()
	bounded := c.dropBounding()
	if err := c.changeUser(keep); err != nil {
		return err
	}
	return c.note(c.dropCapabilities(keep, bounded))
}

// changeUser changes the user of root. It fails only if Options.User names one.
func (c *confinement) changeUser(keep capabilities) error {
	if unix.Geteuid() != 0 {
		return c.keepUser()
	}
	targets, err := c.targets()
	if err == nil && targets[0].uid == 0 {
		return c.note(degraded(stepUser, "root, as asked for"))
	}
	if err == nil {
		return c.becomeFirst(targets, keep)
	}
	return c.stillRoot(err)
}

func (c *confinement) becomeFirst(targets []account, keep capabilities) error {
	var err error
	for _, a := range targets {
		if err = become(a, keep); err == nil {
			return c.note(done(stepUser, "%s", a))
		}
	}
	return c.stillRoot(err)
}

func (c *confinement) stillRoot(err error) error {
	if c.User != "" {
		return &UserError{c.User, err}
	}
	return c.note(degraded(stepUser, "still root: %v", err))
}

func (c *confinement) keepUser() error {
	a := current()
	if c.User != "" && c.User != a.name && c.User != strconv.Itoa(a.uid) {
		return &UserError{c.User, errNotRoot}
	}
	return c.note(done(stepUser, "%s, as started", a))
}

// become changes the user of every thread: package syscall calls the C library, which
// does that.
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

// account is a user and the one group that is kept.
type account struct {
	name     string
	uid, gid int
}

func (a account) String() string { return fmt.Sprintf("%s (%d)", a.name, a.uid) }

// group is the name of the account's group, or its number.
func (a account) group() string {
	if g, err := user.LookupGroupId(strconv.Itoa(a.gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(a.gid)
}

// Heir returns the user and group that Apply is going to change to: nobody, if it changes
// nothing.
func (o Options) Heir() ownership.Heir {
	c := confinement{Options: o}
	if unix.Geteuid() != 0 {
		return ownership.Heir{}
	}
	all, err := c.targets()
	if err != nil || all[0].uid == 0 {
		return ownership.Heir{}
	}
	return ownership.Heir{UID: all[0].uid, GID: all[0].gid}
}

var (
	errNoUser   = errors.New("there is no such user")
	errNotRoot  = errors.New("only root can change to another user")
	errNoneLeft = errors.New(`there is neither a user "tlsfloor" nor "nobody": name one with --user`)
)

// targets returns the users to change to: the first one that the kernel accepts.
func (c *confinement) targets() ([]account, error) {
	shared, err := c.target()
	if c.Own == "" {
		return []account{shared}, err
	}
	own, ok := ownAccount(c.Own)
	if c.Join {
		own.gid = shared.gid
	}
	switch {
	case !ok:
		return []account{shared}, err
	case err != nil || shared.uid == 0:
		return []account{own}, nil
	}
	return []account{own, shared}, nil
}

// target returns the account of User or of its default.
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
	var unknown user.UnknownUserError
	var unknownNumber user.UnknownUserIdError
	if errors.As(err, &unknown) || errors.As(err, &unknownNumber) {
		return account{}, errNoUser
	}
	if err != nil {
		return account{}, err
	}
	uid, err := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return account{u.Username, uid, gid}, errors.Join(err, err2)
}

// The numbers that systemd uses for users without a name (systemd.exec(5),
// DynamicUser=). Distributions give them to no other user.
const (
	firstUnnamed = 61184
	lastUnnamed  = 65519
)

// ownAccount returns the account of this name, or one with a number that no user and no
// process has.
func ownAccount(name string) (account, bool) {
	if a, err := find(name); err == nil {
		return a, true
	}
	used := usersOfProcesses()
	for uid := lastUnnamed; uid >= firstUnnamed; uid-- {
		if used[uint32(uid)] {
			continue
		}
		if _, err := user.LookupId(strconv.Itoa(uid)); err != nil {
			return account{"nobody else's", uid, uid}, true
		}
	}
	return account{}, false
}

// usersOfProcesses returns the users of all processes.
func usersOfProcesses() map[uint32]bool {
	used := make(map[uint32]bool)
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return used
	}
	for _, e := range entries {
		var status unix.Stat_t
		if _, err := strconv.Atoi(e.Name()); err == nil && unix.Stat("/proc/"+e.Name(), &status) == nil {
			used[status.Uid] = true
		}
	}
	return used
}

// current returns the user of the process.
func current() account {
	a := account{uid: unix.Geteuid(), gid: unix.Getegid(), name: strconv.Itoa(unix.Geteuid())}
	if u, err := user.LookupId(strconv.Itoa(a.uid)); err == nil {
		a.name = u.Username
	}
	return a
}
