package quic

import "encoding/binary"

// Kind is what a datagram is by its first bytes.
type Kind uint8

// The kinds.
const (
	Foreign Kind = iota // no long header of QUIC: it is of no use to a Connection
	Long                // a long header of a version that a Connection reads, or a Version Negotiation
	Initial             // the same, of an Initial packet: it may begin a connection
	Google              // Google's QUIC without TLS, Q025 to Q050
	Unknown             // a long header of a version that nothing is known of
)

// Look tells what a datagram is, by its first bytes: nearly all others are told apart by
// the first one. A datagram of missing bytes more than b was captured. version is valid
// unless the datagram is Foreign; 0 stands for a Version Negotiation.
func Look(b []byte, missing int) (k Kind, version Version) {
	const shortest = 1 + 4 + 1 + 1
	if len(b) < shortest {
		return Foreign, 0
	}
	if b[0]&longHeader == 0 {
		return lookGoogle(b)
	}
	version = Version(binary.BigEndian.Uint32(b[1:]))
	switch {
	case version.construction() != unread:
		if typeOf(b[0], version.construction()) == initial {
			return Initial, version
		}
		return Long, version
	case version == negotiation:
		return Long, version
	case version.isGoogle():
		return Google, version
	case len(b)+missing >= minInitial && b[0]&fixedBit != 0 && plausible(b, version):
		return Unknown, version
	}
	return Foreign, 0
}

// lookGoogle looks at a datagram that may begin with the header of Q043 and before: flags,
// a connection id, and the version, which only the client's first packets have.
func lookGoogle(b []byte) (Kind, Version) {
	const hasVersion, hasID = 0x01, 0x08
	const at = 1 + 8
	if b[0]&(hasVersion|hasID) != hasVersion|hasID || len(b) < at+4 {
		return Foreign, 0
	}
	if v := Version(binary.BigEndian.Uint32(b[at:])); v.isGoogle() {
		return Google, v
	}
	return Foreign, 0
}

// plausible reports whether b, a datagram as long as a client's first one, can begin with
// an Initial packet of an unknown version: its number is in use somewhere, or its header
// has the layout of v1 and describes the datagram. Of datagrams with random bytes, one in
// 100,000 does.
func plausible(b []byte, v Version) bool {
	const minFirstID = 8 // RFC 9000, 7.2
	r := reader{b: b, at: 5}
	dcid := r.id()
	r.id()
	if r.short || len(dcid) < minFirstID {
		return false
	}
	if v.isRegistered() {
		return true
	}
	r.skip(r.varint())
	length := r.varint()
	return !r.short && length > 0 && length <= uint64(len(b)-r.at)
}

// VersionOf returns the version in the long header that a datagram begins with, or 0.
func VersionOf(b []byte) Version {
	r := reader{b: b, at: 1}
	return Version(r.uint32())
}

// IDs returns the connection ids in the long header that a datagram begins with: to which
// its receiver answers and from which its sender sends. They are views into b.
func IDs(b []byte) (destination, source []byte, ok bool) {
	if len(b) == 0 || b[0]&longHeader == 0 {
		return nil, nil, false
	}
	r := reader{b: b, at: 1}
	destination, source = r.ids(Version(r.uint32()).construction())
	return destination, source, !r.short
}
