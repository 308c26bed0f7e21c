package encap

// MaxLabels bounds an MPLS stack. Networks use up to five or six labels.
const MaxLabels = 16

// plausibleMPLS reports whether b begins with a label stack (RFC 3032) around a
// plausible packet or frame.
func plausibleMPLS(b []byte, wire int) bool {
	for range MaxLabels {
		if len(b) < 4 {
			return false
		}
		bottom := b[2]&1 != 0
		b, wire = b[4:], wire-4
		if bottom {
			inner, _ := UnderLabels(b, wire)
			return inner != 0
		}
	}
	return false
}

// UnderLabels guesses what a label stack carries, because nothing in the packet tells
// it. skip bytes are in front of that. A first nibble of 4 or 6 is IP by convention
// (RFC 4928), but it may also begin the MAC address of an Ethernet pseudowire without
// a control word (RFC 8469). A nibble of 0 begins a control word (RFC 4385, 3), or
// such an address.
func UnderLabels(b []byte, wire int) (inner Inner, skip int) {
	const controlWord = 4
	switch {
	case plausibleIP(b, wire):
		return InnerIP, 0
	case len(b) > controlWord && b[0]>>4 == 0 && plausibleEthernet(b[controlWord:], wire-controlWord):
		return InnerEthernet, controlWord
	case plausibleEthernet(b, wire):
		return InnerEthernet, 0
	}
	return 0, 0
}

// NSHeader is a Network Service Header (RFC 8300).
type NSHeader struct {
	Length int    // bytes, with the context
	Path   uint32 // the service path
	OAM    bool   // what follows is not a user's packet
	Inner  Inner
}

// ParseNSH checks version, metadata type and length (RFC 8300, 2.2): type 1 has 24
// bytes in all, type 2 has eight and what it adds.
func ParseNSH(b []byte) (h NSHeader, ok bool) {
	const base, version, oam = 8, 0xc0, 0x20
	if len(b) < base || b[0]&version != 0 {
		return NSHeader{}, false
	}
	n := 4 * int(b[1]&0x3f)
	if n > len(b) {
		return NSHeader{}, false
	}
	switch b[2] & 0x0f {
	case 1:
		ok = n == 24
	case 2:
		ok = n >= base
	}
	return NSHeader{Length: n, Path: u32(b[4:]) >> 8, OAM: b[0]&oam != 0, Inner: ofNextProtocol(b[3])}, ok
}

// plausibleNSH reports whether b begins with a service header whose payload is
// plausible. Of a service header in it, only that is checked.
func plausibleNSH(b []byte, wire int) bool {
	h, ok := ParseNSH(b)
	if !ok {
		return false
	}
	b, wire = b[h.Length:], wire-h.Length
	if h.Inner == InnerNSH {
		_, ok := ParseNSH(b)
		return ok
	}
	return h.Inner.strictlyPlausible(b, wire)
}

// HDLC address and control byte of PPP (RFC 1662, 3.1).
const (
	hdlcAll        = 0xff
	hdlcUnnumbered = 0x03
)

// PPPHeader reads the protocol of a PPP frame; n is the length of the header. The
// address and control bytes may be left out, and so may the first byte of the
// protocol if it is zero (RFC 1661, 6.5 and 6.6): its last byte, and no other, is
// odd.
func PPPHeader(b []byte) (n int, protocol uint16, ok bool) {
	if len(b) >= 2 && b[0] == hdlcAll && b[1] == hdlcUnnumbered {
		n = 2
	}
	switch {
	case n < len(b) && b[n]&1 != 0:
		return n + 1, uint16(b[n]), true
	case n+1 < len(b):
		return n + 2, u16(b[n:]), true
	}
	return 0, 0, false
}

// BridgedHeader returns the length of what RFC 3518, 4.2 puts in front of a bridged
// frame: flags, MAC type and LAN id. ok is false if the MAC type is not Ethernet.
func BridgedHeader(b []byte) (n int, ok bool) {
	const lanID, macEthernet = 0x40, 1
	if len(b) < 2 || b[1] != macEthernet {
		return 0, false
	}
	n = 2
	if b[0]&lanID != 0 {
		n += 4
	}
	return n, n <= len(b)
}

// plausiblePPP reports whether b is a PPP frame that carries plausible IP or
// Ethernet.
func plausiblePPP(b []byte, wire int) bool {
	n, protocol, ok := PPPHeader(b)
	if !ok {
		return false
	}
	b, wire = b[n:], wire-n
	switch protocol {
	case PPPIPv4:
		return plausibleIPv4(b, wire)
	case PPPIPv6:
		return plausibleIPv6(b, wire)
	case PPPBridging:
		n, ok := BridgedHeader(b)
		return ok && plausibleEthernet(b[n:], wire-n)
	}
	return false
}

// Flags of a GRE header (RFC 2784, RFC 2890).
const (
	GREChecksum = 0x8000
	GREKey      = 0x2000
	GRESequence = 0x1000
)

// Mirrored frames in GRE (draft-foschiano-erspan): versions and header lengths of
// types II and III.
const (
	ERSPAN2Version = 1
	ERSPAN2Header  = 8
	ERSPAN3Version = 2
	ERSPAN3Header  = 12
)

// plausibleGRE reports whether b begins with a header of GRE version 0, without
// routing and reserved bits, whose payload is plausible.
func plausibleGRE(b []byte, wire int) bool {
	if len(b) < 4 || u16(b)&^(GREChecksum|GREKey|GRESequence) != 0 {
		return false
	}
	flags, protocol, n := u16(b), u16(b[2:]), 4
	for _, field := range [...]uint16{GREChecksum, GREKey, GRESequence} {
		if flags&field != 0 {
			n += 4
		}
	}
	if n > len(b) {
		return false
	}
	b, wire = b[n:], wire-n
	switch protocol {
	case EtherTypeERSPAN:
		if flags&GRESequence == 0 { // type I has no header of its own
			return plausibleEthernet(b, wire)
		}
		return len(b) >= ERSPAN2Header && b[0]>>4 == ERSPAN2Version
	case EtherTypeERSPAN3:
		return len(b) >= ERSPAN3Header && b[0]>>4 == ERSPAN3Version
	}
	return ofEtherType(protocol).strictlyPlausible(b, wire)
}
