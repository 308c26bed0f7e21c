package confine

import (
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filterCalls restricts system calls. It is the last step, because it refuses calls that
// the others use.
func (c *confinement) filterCalls() error {
	if s, lacking := c.kernel.missingSeccomp(); lacking {
		return c.note(s)
	}
	p := c.policy(uint32(unix.Getpid()))
	logged, silent := p.programs()
	err := install(silent, c.kernel.seccomp&unix.SECCOMP_FILTER_FLAG_TSYNC)
	if err == nil {
		err = install(logged, c.kernel.seccomp)
	}
	if err != nil {
		return c.note(degraded(stepSeccomp, "not set: %v: system calls are not confined", err))
	}
	return c.note(done(stepSeccomp, "on, %d system calls are allowed", len(p.permits)))
}

// install installs a filter on every thread.
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

	// The kernel requires no-new-privileges on the calling thread, and sets it on the
	// others.
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

// findCaptures finds the sockets that capture, which must not send. If new ones can be
// opened later (KeepNetRaw), that would be pointless.
func (c *confinement) findCaptures() {
	if c.KeepNetRaw {
		return
	}
	_ = eachDescriptor(0, func(fd int) error { // without /proc other steps are reported as degraded
		if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_PACKET {
			c.captures = append(c.captures, uint32(fd))
		}
		return nil
	})
}

// policy is a list of the system calls that are allowed. Others are refused with EPERM
// and written to the kernel's audit log, where each line is an alarm.
type policy struct {
	permits map[uint32]*permit
	silent  []silentRefusal
}

// permit allows a call: always, or if all tests of one alternative hold.
type permit struct {
	always       bool
	alternatives [][]test
}

// silentRefusal refuses a call that libraries try and can do without, so that it is not
// logged. It comes before any permit.
type silentRefusal struct {
	call         uint32
	alternatives [][]test // none: refused always
	errno        unix.Errno
}

// allow allows calls with any arguments.
func (p *policy) allow(calls ...uint32) {
	for _, call := range calls {
		p.of(call).always = true
	}
}

// allowIf allows a call if all tests of one alternative hold. It adds to the
// alternatives of earlier calls; without any, the call is allowed always.
func (p *policy) allowIf(call uint32, alternatives ...[]test) {
	of := p.of(call)
	of.alternatives = append(of.alternatives, alternatives...)
}

// refuseSilently refuses a call with an error, without a line in the log.
func (p *policy) refuseSilently(errno unix.Errno, call uint32, alternatives ...[]test) {
	p.silent = append(p.silent, silentRefusal{call, alternatives, errno})
}

func (p *policy) of(call uint32) *permit {
	if p.permits == nil {
		p.permits = make(map[uint32]*permit)
	}
	if p.permits[call] == nil {
		p.permits[call] = new(permit)
	}
	return p.permits[call]
}

// ordered lists the allowed calls, those with tests first. For the others the kernel
// does not run the filter (since Linux 5.11).
func (p *policy) ordered() (all []uint32) {
	for call := range p.permits {
		all = append(all, call)
	}
	slices.SortFunc(all, func(a, b uint32) int {
		if x, y := p.permits[a].always, p.permits[b].always; x != y {
			if x {
				return 1
			}
			return -1
		}
		return int(a) - int(b)
	})
	return all
}
