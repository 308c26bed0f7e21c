package endpoint

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"time"

	"tlsfloor/classify"
)

// The IP protocol numbers.
const (
	protoTCP = 6
	protoUDP = 17
)

// communityIDSize is the length of a Community ID, in bytes.
const communityIDSize = len("1:") + 28 // base64 of a SHA-1

// CommunityID returns the flow's Community ID, or "" when it has none.
func CommunityID(o *classify.Observation) string {
	var space [communityIDSize]byte
	return string(AppendCommunityID(space[:0], o))
}

// AppendCommunityID appends the flow's Community ID, version 1 with seed 0
// (https://github.com/corelight/community-id-spec). It is the same for both
// directions, and in the events of Zeek and Suricata about the flow. The specification
// requires SHA-1; no security depends on it. A flow whose addresses are unknown, or of
// different families, has no Community ID.
func AppendCommunityID(dst []byte, o *classify.Observation) []byte {
	a, b := o.Client, o.Server
	if !a.IsValid() || !b.IsValid() || a.Addr().BitLen() != b.Addr().BitLen() {
		return dst
	}
	var first, second, tuple [40]byte
	one := appendEndpoint(first[:0], a)
	other := appendEndpoint(second[:0], b)
	if bytes.Compare(one, other) > 0 {
		one, other = other, one
	}
	sum := sha1.Sum(appendTuple(tuple[:0], one, other, o.OverUDP()))
	return base64.StdEncoding.AppendEncode(append(dst, "1:"...), sum[:])
}

// appendTuple appends the input of the hash: seed, both addresses, protocol, padding,
// both ports.
func appendTuple(dst, one, other []byte, udp bool) []byte {
	n, protocol := len(one)-2, byte(protoTCP)
	if udp {
		protocol = protoUDP
	}
	dst = append(dst, 0, 0)
	dst = append(append(dst, one[:n]...), other[:n]...)
	dst = append(dst, protocol, 0)
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

// Sum returns an identity of a handshake, made of the two endpoints and the time
// of the hello, in whole microseconds: native events have no more. It is the same when a capture is read again or an event is sent again,
// so that a store with one event for each identity does not keep it twice. No security
// depends on it.
func Sum(o *classify.Observation) [sha1.Size]byte {
	var tuple [44]byte // two IPv6 endpoints and a time
	b := appendEndpoint(appendEndpoint(tuple[:0], o.Client), o.Server)
	return sha1.Sum(binary.BigEndian.AppendUint64(b, uint64(time.Unix(0, o.Time).UnixMicro()*1000)))
}

// SumText returns Sum in hexadecimal.
func SumText(o *classify.Observation) string {
	sum := Sum(o)
	return hex.EncodeToString(sum[:])
}
