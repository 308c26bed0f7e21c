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

// communityID is the flow's Community ID; empty: it has none.
func communityID(a, b netip.AddrPort) string {
	var space [communityIDSize]byte
	return string(appendCommunityID(space[:0], a, b))
}

// appendCommunityID appends the flow's Community ID, version 1 with seed 0
// (https://github.com/corelight/community-id-spec): the same for both directions, so
// that the event joins up with Zeek's and Suricata's of the flow. SHA-1 is what the
// specification names; nothing is secured by it. A flow whose addresses are not
// known, or not of one family, has none.
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

// appendTuple appends what is hashed: seed, both addresses, protocol, padding,
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

// flowSum identifies a handshake by the two endpoints, and by when the hello was
// seen. It is a function of the packets alone: of a capture that is read again, or
// an event that is sent again, it is the same, and a store that keeps one event for
// each identity does not hold it twice. Nothing is secured by it.
func flowSum(o *classify.Observation) [sha1.Size]byte {
	var tuple [44]byte // two IPv6 endpoints and a time
	b := appendEndpoint(appendEndpoint(tuple[:0], o.Client), o.Server)
	return sha1.Sum(binary.BigEndian.AppendUint64(b, uint64(o.Time)))
}

// flowSumText is flowSum in hexadecimal.
func flowSumText(o *classify.Observation) string {
	sum := flowSum(o)
	return hex.EncodeToString(sum[:])
}

// direction is where a connection goes, by its two addresses alone: addresses that
// the Internet does not route are inside.
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

// ipVersionOf is 4 or 6, by the address; 0: there is none.
func ipVersionOf(a netip.AddrPort) int {
	switch {
	case !a.IsValid():
		return 0
	case a.Addr().Is4():
		return 4
	}
	return 6
}
