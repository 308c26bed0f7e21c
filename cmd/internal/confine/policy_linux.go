package confine

import (
	"slices"

	"golang.org/x/sys/unix"
)

// policy says which system calls are left. What it does not name is refused with
// EPERM, and is in the kernel's audit log: a line there is an alarm.
type policy struct {
	permits map[uint32]*permit
	excuses []excuse
}

// permit lets a call through: always, or when all tests of one of the
// alternatives hold.
type permit struct {
	always       bool
	alternatives [][]test
}

// excuse refuses a call that libraries make in good faith, and go on without:
// it is not for the log. It counts before any permit.
type excuse struct {
	call         uint32
	alternatives [][]test // none: every one of these calls
	errno        unix.Errno
}

// allow lets calls through whatever their arguments are.
func (p *policy) allow(calls ...uint32) {
	for _, call := range calls {
		p.of(call).always = true
	}
}

// allowIf lets a call through when all tests of one of the alternatives hold, or
// of one that was named before. Without any it is allow.
func (p *policy) allowIf(call uint32, alternatives ...[]test) {
	of := p.of(call)
	of.alternatives = append(of.alternatives, alternatives...)
}

// excuse refuses a call with an error, without a line in the log.
func (p *policy) excuse(errno unix.Errno, call uint32, alternatives ...[]test) {
	p.excuses = append(p.excuses, excuse{call, alternatives, errno})
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

// calls lists those that are permitted, the ones whose arguments are looked at
// first: the others the kernel does not run the filter for (since 5.11).
func (p *policy) calls() (all []uint32) {
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
