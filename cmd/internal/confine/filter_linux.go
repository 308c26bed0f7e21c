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

// without tests that none of these bits are set.
func without(argument, bits uint32) test { return test{argument, bits, 0, false} }

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
func (p *policy) programs() (alarming, quiet []bpf.Instruction) {
	alarming, quiet = opening(), append(opening(), ceiling(refuse(unix.ENOSYS))...)
	alarming = append(alarming, ceiling(allow)...) // the quiet one refuses it
	for _, x := range p.excuses {
		alarming = appendRule(alarming, x.call, x.alternatives, allow)
		quiet = appendRule(quiet, x.call, x.alternatives, refuse(x.errno))
	}
	for _, call := range p.calls() {
		if of := p.permits[call]; of.always {
			alarming = appendRule(alarming, call, nil, allow)
		} else {
			alarming = appendRule(alarming, call, of.alternatives, allow)
		}
	}
	return append(alarming, bpf.RetConstant{Val: refuse(unix.EPERM)}), append(quiet, bpf.RetConstant{Val: allow})
}

// opening loads the call's number. Another machine type's numbers would mean
// other calls: a process that uses them means harm.
func opening() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: offsetCall, Size: 4},
	}
}

// ceiling ends calls behind the newest one that is known here, and those of x32,
// which have a high bit. ENOSYS is the answer that libraries have another way
// for: they meet it on every older kernel.
func ceiling(verdict uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newestCall, SkipTrue: 1},
		bpf.RetConstant{Val: verdict},
	}
}

// appendRule appends the verdict on a call for which all tests of an alternative
// hold, or on every such call when there are no alternatives. It begins with the
// call's number loaded, and leaves it so.
func appendRule(p []bpf.Instruction, call uint32, alternatives [][]test, verdict uint32) []bpf.Instruction {
	if len(alternatives) == 0 {
		return append(p,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1},
			bpf.RetConstant{Val: verdict})
	}
	var body []bpf.Instruction
	for _, tests := range alternatives {
		body = appendAlternative(body, tests, verdict)
	}
	body = append(body, bpf.LoadAbsolute{Off: offsetCall, Size: 4})
	p = append(p,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: call, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(body))})
	return append(p, body...)
}

// testSize is how many instructions a test takes. Jumps over an alternative
// are 8 bits wide, which bounds how many tests it has.
const (
	testSize = 3
	maxTests = (255 - 1) / testSize
)

func appendAlternative(p []bpf.Instruction, tests []test, verdict uint32) []bpf.Instruction {
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
	return append(p, bpf.RetConstant{Val: verdict})
}
