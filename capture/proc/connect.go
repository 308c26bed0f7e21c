package proc

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// connect is the kernel's report of a connect(2).
type connect struct {
	ends      connection
	line      []member // the process, its parent, the parent of that, and so on; at least the process
	uid       uint32
	login     uint32 // who logged in
	command   string // the name of the thread, at most 15 bytes
	arguments []byte // a copy of the beginning of the command line
}

// connection is a TCP connection of this host.
type connection struct{ client, server netip.AddrPort }

const (
	familyIPv4 = 2
	familyIPv6 = 10
)

// connectHeader is the length of a record before the arguments, in bytes.
const connectHeader = 144

// memberSize is the length of a process in a record, in bytes.
const memberSize = 16

// tick is the unit of times in /proc/PID/stat, in nanoseconds: a hundredth of a second
// in every kernel that the tracing program runs on.
const tick = 10_000_000

// readConnect reads a record of the tracing program: struct record in trace.bpf.c.
func readConnect(b []byte) (c connect, ok bool) {
	if len(b) < connectHeader {
		return c, false
	}
	order := binary.NativeEndian
	c.line = readLine(b[:(1+maxParents)*memberSize])
	b, rest := b[(1+maxParents)*memberSize:connectHeader], b[connectHeader:]
	c.uid, c.login = order.Uint32(b), order.Uint32(b[4:])
	client, ok1 := address(order.Uint16(b[8:]), b[16:32])
	server, ok2 := address(order.Uint16(b[8:]), b[32:48])
	n := int(order.Uint16(b[14:]))
	if !ok1 || !ok2 || len(c.line) == 0 || n > len(rest) {
		return c, false
	}
	c.ends.client = netip.AddrPortFrom(client, order.Uint16(b[10:]))
	c.ends.server = netip.AddrPortFrom(server, binary.BigEndian.Uint16(b[12:]))
	command, _, _ := bytes.Cut(b[48:64], []byte{0})
	c.command = string(command)
	c.arguments = bytes.Clone(wholeArguments(rest[:n]))
	return c, true
}

// readLine reads the processes in a record, up to the first that is none.
func readLine(b []byte) (line []member) {
	for order := binary.NativeEndian; len(b) >= memberSize; b = b[memberSize:] {
		pid := int(order.Uint32(b))
		if pid == 0 {
			break
		}
		line = append(line, member{pid, int(order.Uint32(b[4:])), order.Uint64(b[8:]) / tick})
	}
	return line
}

// copied is how many bytes of the arguments the tracing program copies at most.
const copied = 511

// wholeArguments leaves out an argument that was cut off: half a secret is not
// recognised as one.
func wholeArguments(b []byte) []byte {
	if end := bytes.LastIndexByte(b, 0); len(b) == copied && end > 0 {
		return b[:end]
	}
	return b
}

// address reads an address of a kernel socket. IPv4 over an IPv6 socket is IPv4 on the
// wire.
func address(family uint16, b []byte) (netip.Addr, bool) {
	switch family {
	case familyIPv4:
		return netip.AddrFrom4([4]byte(b[:4])), true
	case familyIPv6:
		return netip.AddrFrom16([16]byte(b)).Unmap(), true
	}
	return netip.Addr{}, false
}
