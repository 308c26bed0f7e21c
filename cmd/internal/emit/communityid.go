package emit

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
)

// protoTCP is the IP protocol number of TCP.
const protoTCP = 6

// appendCommunityID writes the flow's Community ID, version 1 with seed 0
// (https://github.com/corelight/community-id-spec): the same for both
// directions, so that the event joins up with Zeek's and Suricata's of the
// flow. SHA-1 is what the specification names; nothing is secured by it.
func appendCommunityID(dst []byte, key string, a, b netip.AddrPort) []byte {
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
	dst = append(appendKey(dst, key), `"1:`...)
	return append(base64.StdEncoding.AppendEncode(dst, sum[:]), '"')
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

// appendTuple appends what is hashed: seed, both addresses, protocol, padding,
// both ports.
func appendTuple(dst, one, other []byte) []byte {
	n := len(one) - 2
	dst = append(dst, 0, 0)
	dst = append(append(dst, one[:n]...), other[:n]...)
	dst = append(dst, protoTCP, 0)
	return append(append(dst, one[n:]...), other[n:]...)
}
