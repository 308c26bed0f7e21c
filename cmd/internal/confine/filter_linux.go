package confine

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// programs returns two filters, and a call has to pass both. The kernel logs what the
// first one refuses, and not what the second one does.
func (p *policy) programs() (logged, silent []bpf.Instruction) {
	logged, silent = prologue(), append(prologue(), newerCalls(refuse(unix.ENOSYS))...)
	logged = append(logged, newerCalls(allow)...) // the silent one refuses it
	for _, x := range p.silent {
		logged = appendRule(logged, x.call, x.alternatives, allow)
		silent = appendRule(silent, x.call, x.alternatives, refuse(x.errno))
	}
	for _, call := range p.ordered() {
		if of := p.permits[call]; of.always {
			logged = appendRule(logged, call, nil, allow)
		} else {
			logged = appendRule(logged, call, of.alternatives, allow)
		}
	}
	return append(logged, bpf.RetConstant{Val: refuse(unix.EPERM)}), append(silent, bpf.RetConstant{Val: allow})
}

// prologue loads the call's number. It kills a process that uses the calls of another
// architecture: the same numbers mean other calls there.
func prologue() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: offsetCall, Size: 4},
	}
}

// newerCalls applies an action to calls newer than newestCall, and to those of x32,
// which have a high bit. For ENOSYS, as an older kernel returns it, libraries have an
// alternative.
func newerCalls(action uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: newestCall, SkipTrue: 1},
		bpf.RetConstant{Val: action},
	}
}

// appendRule appends the action for a call if all tests of one alternative hold, or
// always without alternatives. It expects the call's number to be loaded, and leaves it
// loaded.
func appendRule(p []bpf.Instruction, call uint32, alternatives [][]test, action uint32) []bpf.Instruction {
	if len(alternatives) == 0 {
		return append(p,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1},
			bpf.RetConstant{Val: action})
	}
	var body []bpf.Instruction
	for _, tests := range alternatives {
		body = appendAlternative(body, tests, action)
	}
	body = append(body, bpf.LoadAbsolute{Off: offsetCall, Size: 4})
	p = append(p,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: call, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(body))})
	return append(p, body...)
}

// testSize is the number of instructions of a test. The jumps over an alternative have
// 8 bits, which bounds its tests.
const (
	testSize = 3
	maxTests = (255 - 1) / testSize
)

func appendAlternative(p []bpf.Instruction, tests []test, action uint32) []bpf.Instruction {
	for i, t := range tests {
		rest := uint8((len(tests)-i-1)*testSize + 1) // to the instruction after the return
		jump := bpf.JumpIf{Cond: bpf.JumpEqual, Val: t.value, SkipFalse: rest}
		if t.not {
			jump.SkipTrue, jump.SkipFalse = rest, 0
		}
		p = append(p,
			bpf.LoadAbsolute{Off: offsetArgument + argumentSize*t.argument, Size: 4},
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: t.mask},
			jump)
	}
	return append(p, bpf.RetConstant{Val: action})
}

// Offsets in struct seccomp_data, on a little-endian machine.
const (
	offsetCall     = 0
	offsetArch     = 4
	offsetArgument = 16
	argumentSize   = 8
)

const allow = unix.SECCOMP_RET_ALLOW

func refuse(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }

// test compares an argument of a system call, of which the low 32 bits count: the kernel
// uses no more of the arguments that are tested.
type test struct {
	argument uint32 // from 0
	mask     uint32
	value    uint32
	not      bool
}

const allBits = ^uint32(0)

func is(argument, value uint32) test { return test{argument, allBits, value, false} }

func not(argument, value uint32) test { return test{argument, allBits, value, true} }

// noBits tests that none of these bits is set.
func noBits(argument, bits uint32) test { return test{argument, bits, 0, false} }
