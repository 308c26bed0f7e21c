package confine

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// calls closes system calls. It is the last step: it refuses what the others
// use.
func (c *confinement) calls() error {
	if s, lacking := c.kernel.noSeccomp(); lacking {
		return c.took(s)
	}
	p := c.policy(uint32(unix.Getpid()))
	alarming, quiet := p.programs()
	err := install(quiet, c.kernel.seccomp&unix.SECCOMP_FILTER_FLAG_TSYNC)
	if err == nil {
		err = install(alarming, c.kernel.seccomp)
	}
	if err != nil {
		return c.took(degraded(stepSeccomp, "not set: %v: system calls are not confined", err))
	}
	return c.took(done(stepSeccomp, "on, %d calls are left", len(p.permits)))
}

// install puts a filter on every thread.
func install(p []bpf.Instruction, flags uintptr) error {
	raw, err := bpf.Assemble(p)
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}

	// The kernel wants no-new-privileges of the thread that asks, and gives it
	// to the others.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return fmt.Errorf("thread %d has another filter", thread)
	}
	return nil
}

// findCaptures notes the sockets that capture. Where capturing stays allowed
// there is no use in keeping them from sending.
func (c *confinement) findCaptures() {
	if c.KeepNetRaw {
		return
	}
	_ = eachDescriptor(0, func(fd int) error { // without /proc much else cannot be done, which is said
		if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_PACKET {
			c.captures = append(c.captures, uint32(fd))
		}
		return nil
	})
}
