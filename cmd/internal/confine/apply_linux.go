package confine

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Apply confines every thread of the process to what o says it needs, for good. It
// returns the steps that it made or could not make. After an error the process has to
// end; the steps up to it are returned, too.
//
// Apply is called once, when all files, sockets and captures are open, and while no
// other goroutine looks up a host name.
func Apply(o Options) ([]Step, error) { return apply(o, running()) }

func apply(o Options, k kernel) ([]Step, error) {
	c := confinement{Options: o, kernel: k}
	if err := c.checkKernel(); err != nil {
		return c.steps, err
	}
	c.warmUp()
	c.findCaptures()
	// The order matters: dropping capabilities and changing the user take capabilities,
	// files are checked with the rights of the new user, and Landlock hides /proc, in
	// which the other threads are found.
	for _, take := range []func() error{c.changeIdentity, c.setNoNewPrivileges, c.protectMemory, c.confineFiles, c.reportNetwork, c.filterCalls} {
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

// note adds a step. It returns an error if Require needs the step.
func (c *confinement) note(s Step) error {
	c.steps = append(c.steps, s)
	return c.require(s)
}

// checkKernel returns an error, before anything has changed, if Require needs a step
// that this kernel does not support.
func (c *confinement) checkKernel() error {
	for _, s := range c.kernel.missing() {
		if err := c.require(s); err != nil {
			c.steps = append(c.steps, s)
			return err
		}
	}
	return nil
}

// warmUp does what Go's library would do later without success: it reads the time zone,
// and makes Go resolve names instead of the C library.
func (c *confinement) warmUp() {
	_, _ = time.Now().Zone()
	if c.Resolve {
		net.DefaultResolver.PreferGo = true
	}
}

// setNoNewPrivileges makes programs that the process starts ignore set-user-id bits and
// the capabilities of files.
func (c *confinement) setNoNewPrivileges() error {
	if !c.kernel.proc {
		return c.note(degraded(stepPrivileges, noProc))
	}
	if err := prctl(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return c.note(degraded(stepPrivileges, "not set: %v", err))
	}
	if err := c.endWithParent(); err != nil {
		return c.note(degraded(stepPrivileges, "may outlive its parent: %v", err))
	}
	return c.note(done(stepPrivileges, "on"))
}

// endWithParent makes the kernel kill a Child when its parent ends. Start asked for it,
// but changing the user has undone that.
func (c *confinement) endWithParent() error {
	if !c.Child {
		return nil
	}
	return prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
}

// protectMemory forbids core dumps, and debuggers of the same user: memory holds
// packets, and other processes may run as "nobody", too.
func (c *confinement) protectMemory() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return c.note(degraded("memory", "may be dumped: %v", err))
	}
	return c.note(done("memory", "no core dump, no debugger"))
}
