package event

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"

	"tlsfloor/classify"
)

// protoTCP is the IP protocol number of TCP.
const protoTCP = 6

// communityIDSize is the length of a Community ID, in bytes.
const communityIDSize = len("1:") + 28 // base64 of a SHA-1

// communityID returns the flow's Community ID, or "" when it has none.
func communityID(a, b netip.AddrPort) string {
	var space [communityIDSize]byte
	return string(appendCommunityID(space[:0], a, b))
}

// appendCommunityID appends the flow's Community ID, version 1 with seed 0
// (https://github.com/corelight/community-id-spec). It is the same for both
// directions, and in the events of Zeek and Suricata about the flow. The specification
// requires SHA-1; no security depends on it. A flow whose addresses are unknown, or of
// different families, has no Community ID.
func appendCommunityID(dst []byte, a, b netip.AddrPort) []byte {
	if !a.IsValid() || !b.IsValid() || a.Addr().BitLen() != b.Addr().BitLen() {
		return dst
	}
	var first, second, tuple [40]byte
	one := appendEndpoint(first[:0], a)
	other := appendEndpoint(second[:0], b)
	if bytes.Compare(one, other) > 0 {
		one, other = other, one
	}
	sum := sha1.Sum(appendTuple(tuple[:0], one, other))
	return base64.StdEncoding.AppendEncode(append(dst, "1:"...), sum[:])
}

// appendTuple appends the input of the hash: seed, both addresses, protocol, padding,
// both ports.
func appendTuple(dst, one, other []byte) []byte {
	n := len(one) - 2
	dst = append(dst, 0, 0)
	dst = append(append(dst, one[:n]...), other[:n]...)
	dst = append(dst, protoTCP, 0)
	return append(append(dst, one[n:]...), other[n:]...)
}

// appendEndpoint appends the address and the port, in the order in which the
// specification compares endpoints.
func appendEndpoint(dst []byte, a netip.AddrPort) []byte {
	if a.Addr().Is4() {
		ip := a.Addr().As4()
		dst = append(dst, ip[:]...)
	} else {
		ip := a.Addr().As16()
		dst = append(dst, ip[:]...)
	}
	return binary.BigEndian.AppendUint16(dst, a.Port())
}

// flowSum returns an identity of a handshake, made of the two endpoints and the time
// of the hello. It is the same when a capture is read again or an event is sent again,
// so that a store with one event for each identity does not keep it twice. No security
// depends on it.
func flowSum(o *classify.Observation) [sha1.Size]byte {
	var tuple [44]byte // two IPv6 endpoints and a time
	b := appendEndpoint(appendEndpoint(tuple[:0], o.Client), o.Server)
	return sha1.Sum(binary.BigEndian.AppendUint64(b, uint64(o.Time)))
}

// flowSumText returns flowSum in hexadecimal.
func flowSumText(o *classify.Observation) string {
	sum := flowSum(o)
	return hex.EncodeToString(sum[:])
}

// direction is the direction of a connection, by its two addresses alone. Addresses
// that the Internet does not route are inside.
type direction uint8

const (
	unknownDirection direction = iota
	inbound
	outbound
	lateral // inside to inside
	passing // outside to outside
	local   // within one host
)

func directionOf(client, server netip.AddrPort) direction {
	from, to := isInside(client.Addr()), isInside(server.Addr())
	switch {
	case !client.IsValid() || !server.IsValid():
		return unknownDirection
	case client.Addr().IsLoopback():
		return local
	case from && to:
		return lateral
	case from:
		return outbound
	case to:
		return inbound
	}
	return passing
}

func isInside(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }

// ipVersionOf returns 4 or 6; 0 when there is no address.
func ipVersionOf(a netip.AddrPort) int {
	switch {
	case !a.IsValid():
		return 0
	case a.Addr().Is4():
		return 4
	}
	return 6
}

// addrText returns an address without its zone, which has a meaning on one host only;
// empty when there is no address.
func addrText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().WithZone("").String()
}

// portOf returns the port, or nil when there is no address; 0 is a port.
func portOf(a netip.AddrPort) *uint16 {
	if !a.IsValid() {
		return nil
	}
	port := a.Port()
	return &port
}
