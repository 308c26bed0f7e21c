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

// program lets everything through that no rule refuses. A system call behind
// the newest one, which nobody has looked at here, is not there: who meets
// ENOSYS has another way. So are those of x32, which have a high bit. Another
// architecture's numbers would mean other calls: who uses them means harm.
func program(arch, newest uint32, rules []rule) []bpf.Instruction {
	p := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: offsetCall, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newest, SkipTrue: 1},
		bpf.RetConstant{Val: refuse(unix.ENOSYS)},
	}
	for _, r := range rules {
		p = r.appendTo(p)
	}
	return append(p, bpf.RetConstant{Val: allow})
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
