package proc

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// What the kernel tells of a connect, in its own byte order but for the
// addresses and the server's port. The program writes it, readConnect reads it.
//
//	 0  process id (of its first thread)     4  user id
//	 8  address family                      10  client's port, host order
//	12  server's port, network order        14  length of the arguments
//	16  client's address (16 bytes)         32  server's address (16 bytes)
//	48  command (16 bytes)                  64  when the process began (8 bytes)
//	72  arguments, separated by NUL
const (
	atPID, atUID, atFamily, atClientPort, atServerPort, atLength = 0, 4, 8, 10, 12, 14
	atClient, atServer, atCommand, atStart, atArguments          = 16, 32, 48, 64, 72
	// maxArguments is how much of the arguments is taken, in bytes: a power of
	// two, for the verifier's sake.
	maxArguments = copied + 1
	recordSize   = atArguments + maxArguments
)

// pending is what is remembered from the beginning of a connect, when the
// process is at hand but not yet the port, to its success, when it is the other
// way round. Connects that fail leave theirs behind: the oldest go.
const maxPending = 4096

// ringBytes holds some 900 records: the reader has to be late by that much
// before one is lost.
const ringBytes = 512 << 10

// layout is where the running kernel keeps what the program reads.
type layout struct {
	family, clientPort, serverPort, client4, server4, client6, server6 int16 // in struct sock_common
	mm, leader, start                                                  int16 // in struct task_struct
	argStart, argEnd                                                   int16 // in struct mm_struct
}

// findLayout reads the kernel's own description of its types.
func findLayout() (l layout, err error) {
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return l, fmt.Errorf("the kernel does not describe its types (CONFIG_DEBUG_INFO_BTF): %w", err)
	}
	for _, want := range []struct {
		of    string
		field string
		at    *int16
	}{
		{"sock_common", "skc_family", &l.family},
		{"sock_common", "skc_num", &l.clientPort},
		{"sock_common", "skc_dport", &l.serverPort},
		{"sock_common", "skc_rcv_saddr", &l.client4},
		{"sock_common", "skc_daddr", &l.server4},
		{"sock_common", "skc_v6_rcv_saddr", &l.client6},
		{"sock_common", "skc_v6_daddr", &l.server6},
		{"task_struct", "mm", &l.mm},
		{"task_struct", "group_leader", &l.leader},
		{"task_struct", "start_boottime", &l.start},
		{"mm_struct", "arg_start", &l.argStart},
		{"mm_struct", "arg_end", &l.argEnd},
	} {
		var s *btf.Struct
		if err := spec.TypeByName(want.of, &s); err != nil {
			return l, err
		}
		offset, ok := fieldOffset(s, want.field)
		if !ok || offset > 1<<15-1 {
			return l, fmt.Errorf("struct %s of this kernel has no %s", want.of, want.field)
		}
		*want.at = int16(offset)
	}
	return l, nil
}

// fieldOffset looks into unnamed structs and unions, too.
func fieldOffset(t btf.Type, name string) (bytes uint32, ok bool) {
	var members []btf.Member
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		members = t.Members
	case *btf.Union:
		members = t.Members
	}
	for _, m := range members {
		if m.Name == name {
			return m.Offset.Bytes(), true
		}
		if m.Name != "" {
			continue
		}
		if inner, ok := fieldOffset(m.Type, name); ok {
			return m.Offset.Bytes() + inner, true
		}
	}
	return 0, false
}

// The program is a raw tracepoint on inet_sock_set_state(sk, old, new), which
// every TCP connection passes twice: when connect begins, in the process that
// called it, and when the server has answered, which may be in any. It is put
// together here, without a compiler, with the offsets of this kernel.
const (
	tcpEstablished = 1
	tcpSynSent     = 2
)

// Registers that calls leave alone.
const (
	regContext = asm.R6
	regSock    = asm.R7
	regRecord  = asm.R8
	regScratch = asm.R9
)

// Places on the stack, from the frame's end.
const (
	onKey  = -8  // the socket's address: the key of pending
	onTemp = -16 // what was read last
	onZero = -24 // key of the one scratch record
)

// program returns the instructions.
func program(l layout, pending, scratchpad, ring *ebpf.Map) asm.Instructions {
	var p asm.Instructions
	add := func(i ...asm.Instruction) { p = append(p, i...) }

	add(asm.Mov.Reg(regContext, asm.R1),
		asm.LoadMem(regSock, regContext, 0, asm.DWord),
		asm.StoreMem(asm.RFP, onKey, regSock, asm.DWord),
		asm.LoadMem(asm.R1, regContext, 16, asm.DWord), // the new state
		asm.JEq.Imm(asm.R1, tcpEstablished, "established"),
		asm.JNE.Imm(asm.R1, tcpSynSent, "end"))
	p = append(p, begun(l, pending, scratchpad)...)
	p = append(p, connected(l, pending, ring)...)
	return append(p,
		asm.Mov.Imm(asm.R0, 0).WithSymbol("end"),
		asm.Return())
}

// begun notes who connects.
func begun(l layout, pending, scratchpad *ebpf.Map) asm.Instructions {
	p := asm.Instructions{
		asm.StoreImm(asm.RFP, onZero, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, scratchpad.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, onZero),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "end"),
		asm.Mov.Reg(regRecord, asm.R0),

		asm.FnGetCurrentPidTgid.Call(),
		asm.RSh.Imm(asm.R0, 32),
		asm.StoreMem(regRecord, atPID, asm.R0, asm.Word),
		asm.FnGetCurrentUidGid.Call(),
		asm.StoreMem(regRecord, atUID, asm.R0, asm.Word),
		asm.StoreImm(regRecord, atLength, 0, asm.Half),
		asm.Mov.Reg(asm.R1, regRecord), asm.Add.Imm(asm.R1, atCommand),
		asm.Mov.Imm(asm.R2, 16),
		asm.FnGetCurrentComm.Call(),
	}
	p = append(p, started(l)...)
	p = append(p, arguments(l)...)
	return append(p,
		asm.LoadMapPtr(asm.R1, pending.FD()).WithSymbol("keep"),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, onKey),
		asm.Mov.Reg(asm.R3, regRecord),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnMapUpdateElem.Call(),
		asm.Ja.Label("end"))
}

// started copies when the process began, its first thread: a number alone may be
// another process's by the time that it is looked at. The task stays in
// regScratch; the context is not needed any more.
func started(l layout) asm.Instructions {
	p := asm.Instructions{
		asm.FnGetCurrentTask.Call(),
		asm.Mov.Reg(regScratch, asm.R0),
	}
	p = append(p, readKernel(regScratch, l.leader, onTemp, 8)...)
	return append(p,
		asm.LoadMem(regContext, asm.RFP, onTemp, asm.DWord),
		asm.Mov.Reg(asm.R1, regRecord), asm.Add.Imm(asm.R1, atStart),
		asm.Mov.Imm(asm.R2, 8),
		asm.Mov.Reg(asm.R3, regContext), asm.Add.Imm(asm.R3, int32(l.start)),
		asm.FnProbeReadKernel.Call())
}

// arguments copies the beginning of the command line. It is memory of the
// process, which it may change at any time; what cannot be read stays out.
func arguments(l layout) (p asm.Instructions) {
	p = append(p, readKernel(regScratch, l.mm, onTemp, 8)...)
	p = append(p, asm.LoadMem(regScratch, asm.RFP, onTemp, asm.DWord), asm.JEq.Imm(regScratch, 0, "keep"))
	p = append(p, readKernel(regScratch, l.argEnd, onTemp, 8)...)
	p = append(p, asm.LoadMem(regContext, asm.RFP, onTemp, asm.DWord))
	p = append(p, readKernel(regScratch, l.argStart, onTemp, 8)...)
	return append(p,
		asm.LoadMem(asm.R3, asm.RFP, onTemp, asm.DWord),
		asm.Sub.Reg(regContext, asm.R3),
		asm.JLE.Imm(regContext, maxArguments-1, "fits"),
		asm.Mov.Imm(regContext, maxArguments-1),
		asm.And.Imm(regContext, maxArguments-1).WithSymbol("fits"),
		asm.Mov.Reg(asm.R2, regContext),
		asm.Mov.Reg(asm.R1, regRecord), asm.Add.Imm(asm.R1, atArguments),
		asm.FnProbeReadUser.Call(),
		asm.JNE.Imm(asm.R0, 0, "keep"),
		asm.StoreMem(regRecord, atLength, regContext, asm.Half))
}

// connected sends what was noted, with the addresses.
func connected(l layout, pending, ring *ebpf.Map) asm.Instructions {
	p := asm.Instructions{
		asm.LoadMapPtr(asm.R1, pending.FD()).WithSymbol("established"),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, onKey),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "end"), // somebody connected to this host, or the oldest went
		asm.Mov.Reg(regRecord, asm.R0),
	}
	for _, field := range []struct {
		from int16
		to   int32
		size int32
	}{
		{l.family, atFamily, 2}, {l.clientPort, atClientPort, 2}, {l.serverPort, atServerPort, 2},
		{l.client6, atClient, 16}, {l.server6, atServer, 16},
	} {
		p = append(p, readField(field.from, field.to, field.size)...)
	}
	p = append(p,
		asm.LoadMem(asm.R1, regRecord, atFamily, asm.Half),
		asm.JEq.Imm(asm.R1, unix.AF_INET6, "send"))
	p = append(p, readField(l.client4, atClient, 4)...)
	p = append(p, readField(l.server4, atServer, 4)...)
	return append(p,
		asm.LoadMapPtr(asm.R1, ring.FD()).WithSymbol("send"),
		asm.Mov.Reg(asm.R2, regRecord),
		asm.Mov.Imm(asm.R3, recordSize),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnRingbufOutput.Call(),
		asm.LoadMapPtr(asm.R1, pending.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP), asm.Add.Imm(asm.R2, onKey),
		asm.FnMapDeleteElem.Call(),
		asm.Ja.Label("end"))
}

// readKernel copies size bytes at an offset of what a register points to onto
// the stack.
func readKernel(from asm.Register, offset int16, to int32, size int32) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.RFP), asm.Add.Imm(asm.R1, to),
		asm.Mov.Imm(asm.R2, size),
		asm.Mov.Reg(asm.R3, from), asm.Add.Imm(asm.R3, int32(offset)),
		asm.FnProbeReadKernel.Call(),
	}
}

// readField copies a field of the socket into the record.
func readField(offset int16, to, size int32) asm.Instructions {
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, regRecord), asm.Add.Imm(asm.R1, to),
		asm.Mov.Imm(asm.R2, size),
		asm.Mov.Reg(asm.R3, regSock), asm.Add.Imm(asm.R3, int32(offset)),
		asm.FnProbeReadKernel.Call(),
	}
}
