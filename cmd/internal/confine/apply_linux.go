package confine

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Apply takes away what o does not say is needed, on every thread, and cannot
// be undone. It returns a step for each thing it did or could not do, also
// with an error; the process is to end then.
//
// It is called once, when all files, sockets and captures are open and while
// no other goroutine looks up a name.
func Apply(o Options) ([]Step, error) { return apply(o, running()) }

func apply(o Options, k kernel) ([]Step, error) {
	c := confinement{Options: o, kernel: k}
	if err := c.foresee(); err != nil {
		return c.steps, err
	}
	c.warmUp()
	c.findCaptures()
	// The order matters: capabilities are needed to drop others and to change
	// the user, files are looked at with the new user's eyes, and Landlock
	// hides /proc, through which the other threads are found.
	for _, take := range []func() error{c.identity, c.privileges, c.memory, c.files, c.network, c.calls} {
		if err := take(); err != nil {
			return c.steps, err
		}
	}
	return c.steps, nil
}

// confinement is one call of Apply.
type confinement struct {
	Options
	kernel   kernel
	captures []uint32 // file descriptors
	steps    []Step
}

// took notes a step. The error is Require's.
func (c *confinement) took(s Step) error {
	c.steps = append(c.steps, s)
	return c.judge(s)
}

// foresee refuses under Require what this kernel cannot do, before anything
// has changed.
func (c *confinement) foresee() error {
	for _, s := range c.kernel.lacks() {
		if err := c.judge(s); err != nil {
			c.steps = append(c.steps, s)
			return err
		}
	}
	return nil
}

// warmUp does what Go's library would do later by means that will be gone: it
// reads the time zone, and finds a name's address by the C library.
func (c *confinement) warmUp() {
	_, _ = time.Now().Zone()
	if c.Resolve {
		net.DefaultResolver.PreferGo = true
	}
}

// privileges sees to it that no program the process could start has more than
// the process: no set-user-id bits, no capabilities of files.
func (c *confinement) privileges() error {
	if !c.kernel.proc {
		return c.took(degraded(stepPrivileges, noProc))
	}
	if err := prctl(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return c.took(degraded(stepPrivileges, "not set: %v", err))
	}
	if err := c.endWithParent(); err != nil {
		return c.took(degraded(stepPrivileges, "may outlive its parent: %v", err))
	}
	return c.took(done(stepPrivileges, "on"))
}

// endWithParent has the kernel end a Child with its parent. Start has asked for
// it, and changing the user has undone it.
func (c *confinement) endWithParent() error {
	if !c.Child {
		return nil
	}
	return prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
}

// memory holds other people's packets: no core dump, and no debugger of the
// same user, who on many hosts is a nobody that others are, too.
func (c *confinement) memory() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return c.took(degraded("memory", "may be dumped: %v", err))
	}
	return c.took(done("memory", "no core dump, no debugger"))
}
