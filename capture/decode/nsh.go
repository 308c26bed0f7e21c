package decode

// Network Service Header (RFC 8300).
const (
	nshHeader  = 8 // base and service path
	nshVersion = 0xc0
	nshOAM     = 0x20
)

// nsh reads the header up to its context, and skips that.
func (d *Decoder) nsh() stage {
	b := d.rest
	n, ok := nshLength(b)
	if !ok {
		return d.end(Malformed)
	}
	d.rest = b[n:]
	next := nextProtocolStage(b[3])
	if b[0]&nshOAM != 0 {
		next = func(d *Decoder) stage { return d.end(Foreign) }
	} else if next == nil {
		next = func(d *Decoder) stage { return d.unreadEtherType(etherNSH) }
	}
	return d.enter(Layer{Kind: LayerNSH, ID: u32(b[4:]) >> 8, HasID: true}, next)
}

// nshLength checks version, metadata type and length (RFC 8300, 2.2): type 1
// has 24 bytes in all, type 2 has eight and what it adds.
func nshLength(b []byte) (n int, ok bool) {
	if len(b) < nshHeader || b[0]&nshVersion != 0 {
		return 0, false
	}
	n = 4 * int(b[1]&0x3f)
	if n > len(b) {
		return 0, false
	}
	switch b[2] & 0x0f {
	case 1:
		return n, n == 24
	case 2:
		return n, n >= nshHeader
	}
	return 0, false
}

// Next protocols of NSH (RFC 8300, 2.2), VXLAN-GPE and LISP-GPE (RFC 9305, 3).
const (
	nextIPv4     = 1
	nextIPv6     = 2
	nextEthernet = 3
	nextNSH      = 4
	nextMPLS     = 5
)

func nextProtocolStage(next byte) stage {
	switch next {
	case nextIPv4:
		return (*Decoder).ipv4
	case nextIPv6:
		return (*Decoder).ipv6
	case nextEthernet:
		return (*Decoder).ethernet
	case nextNSH:
		return (*Decoder).nsh
	case nextMPLS:
		return (*Decoder).mpls
	}
	return nil
}

// nextProtocol returns the EtherType that a next protocol amounts to; 0 if it is
// not read.
func nextProtocol(next byte) uint16 {
	switch next {
	case nextIPv4:
		return etherIPv4
	case nextIPv6:
		return etherIPv6
	case nextEthernet:
		return etherBridging
	case nextNSH:
		return etherNSH
	case nextMPLS:
		return etherMPLS
	}
	return 0
}

// soundNSH reports whether b begins with a service header whose payload, if it
// is no service header again, holds up.
func soundNSH(b []byte, wire int) bool {
	n, ok := nshLength(b)
	if !ok {
		return false
	}
	switch next := b[3]; next {
	case nextEthernet:
		return soundEthernet(b[n:], wire-n)
	case nextNSH:
		_, ok := nshLength(b[n:])
		return ok
	default:
		_, ok := carried(nextProtocol(next), b[n:], wire-n)
		return ok
	}
}
