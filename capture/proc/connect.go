package proc

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// connect is the kernel's report of a connect(2).
type connect struct {
	ends      connection
	pid       int
	uid       uint32
	command   string // the name of the thread, at most 15 bytes
	start     uint64 // when the process began, in ticks since the system started
	arguments []byte // a copy of the beginning of the command line
}

// connection is a TCP connection of this host.
type connection struct{ client, server netip.AddrPort }

const (
	familyIPv4 = 2
	familyIPv6 = 10
)

// connectHeader is the length of a record before the arguments, in bytes.
const connectHeader = 72

// tick is the unit of times in /proc/PID/stat, in nanoseconds: a hundredth of a second
// in every kernel that the tracing program runs on.
const tick = 10_000_000

// readConnect reads a record of the tracing program: struct record in trace.bpf.c.
func readConnect(b []byte) (c connect, ok bool) {
	if len(b) < connectHeader {
		return c, false
	}
	order := binary.NativeEndian
	client, ok1 := address(order.Uint16(b[8:]), b[16:32])
	server, ok2 := address(order.Uint16(b[8:]), b[32:48])
	n := int(order.Uint16(b[14:]))
	if !ok1 || !ok2 || n > len(b)-connectHeader {
		return c, false
	}
	c.pid, c.uid = int(order.Uint32(b)), order.Uint32(b[4:])
	c.ends.client = netip.AddrPortFrom(client, order.Uint16(b[10:]))
	c.ends.server = netip.AddrPortFrom(server, binary.BigEndian.Uint16(b[12:]))
	command, _, _ := bytes.Cut(b[48:64], []byte{0})
	c.command, c.start = string(command), order.Uint64(b[64:])/tick
	c.arguments = bytes.Clone(wholeArguments(b[connectHeader : connectHeader+n]))
	return c, true
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
