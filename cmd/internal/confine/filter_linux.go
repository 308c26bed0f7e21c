package confine

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// test looks at an argument of a system call. Its low 32 bits count: of the
// arguments that are tested, the kernel uses no more.
type test struct {
	argument uint32 // from 0
	mask     uint32
	value    uint32
	not      bool
}

const whole = ^uint32(0)

func is(argument, value uint32) test  { return test{argument, whole, value, false} }
func not(argument, value uint32) test { return test{argument, whole, value, true} }

// rule refuses a system call, unless all tests of an alternative hold.
type rule struct {
	call   uint32
	unless [][]test
	errno  unix.Errno // what the caller sees
	meant  bool       // libraries make the call in good faith: it is not for the log
}

// never refuses a call for good, unless all tests of an alternative hold.
func never(call uint32, unless ...[]test) rule {
	return rule{call: call, unless: unless, errno: unix.EPERM}
}

// Where struct seccomp_data holds what, on a little-endian machine.
const (
	offsetCall     = 0
	offsetArch     = 4
	offsetArgument = 16
	argumentSize   = 8
)

const allow = unix.SECCOMP_RET_ALLOW

func refuse(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }

// programs returns two filters, of which both have to let a call through: what
// the first one refuses is worth a line in the kernel's log, what the second
// one does is not.
func programs(rules []rule) (alarming, quiet []bpf.Instruction) {
	alarming, quiet = opening(), append(opening(), ceiling()...)
	for _, r := range rules {
		if r.meant {
			quiet = r.appendTo(quiet)
		} else {
			alarming = r.appendTo(alarming)
		}
	}
	return append(alarming, bpf.RetConstant{Val: allow}), append(quiet, bpf.RetConstant{Val: allow})
}

// opening loads the call's number. Another machine type's numbers would mean
// other calls: who uses them means harm.
func opening() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: offsetCall, Size: 4},
	}
}

// ceiling ends what nobody has looked at here: a call behind the newest one is
// not there, and who meets ENOSYS has another way. So are those of x32, which
// have a high bit.
func ceiling() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newestCall, SkipTrue: 1},
		bpf.RetConstant{Val: refuse(unix.ENOSYS)},
	}
}

// appendTo appends the rule: it begins with the call's number loaded, and is
// left so by every other call.
func (r rule) appendTo(p []bpf.Instruction) []bpf.Instruction {
	var body []bpf.Instruction
	for _, tests := range r.unless {
		body = appendAlternative(body, tests)
	}
	body = append(body, bpf.RetConstant{Val: refuse(r.errno)})
	p = append(p,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: r.call, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(body))})
	return append(p, body...)
}

// testSize is how many instructions a test takes. Jumps over an alternative
// are 8 bits wide, which bounds how many tests it has.
const (
	testSize = 3
	maxTests = (255 - 1) / testSize
)

func appendAlternative(p []bpf.Instruction, tests []test) []bpf.Instruction {
	for i, t := range tests {
		rest := uint8((len(tests)-i-1)*testSize + 1) // to behind the return
		jump := bpf.JumpIf{Cond: bpf.JumpEqual, Val: t.value, SkipFalse: rest}
		if t.not {
			jump.SkipTrue, jump.SkipFalse = rest, 0
		}
		p = append(p,
			bpf.LoadAbsolute{Off: offsetArgument + argumentSize*t.argument, Size: 4},
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: t.mask},
			jump)
	}
	return append(p, bpf.RetConstant{Val: allow})
}
