package encap

const (
	protocolTCP = 6
	protocolUDP = 17
	ipv4Header  = 20 // without options
	ipv6Header  = 40
)

// Inner is what an encapsulation's header is followed by.
type Inner uint8

// What may follow. The zero value is anything else.
const (
	InnerIP Inner = iota + 1 // of either version
	InnerIPv4
	InnerIPv6
	InnerEthernet // a frame, without its checksum
	InnerMPLS     // a label stack
	InnerNSH      // a service header
	InnerPPP      // a frame, with or without its HDLC address
	InnerGRE      // a header of GRE
)

// ofEtherType returns what follows an EtherType in a tunnel's header.
func ofEtherType(t uint16) Inner {
	switch t {
	case EtherTypeBridging:
		return InnerEthernet
	case EtherTypeIPv4:
		return InnerIPv4
	case EtherTypeIPv6:
		return InnerIPv6
	case EtherTypeMPLS:
		return InnerMPLS
	case EtherTypeNSH:
		return InnerNSH
	}
	return 0
}

// ofNextProtocol returns what follows a next protocol of NSH (RFC 8300, 2.2),
// VXLAN-GPE or LISP-GPE (RFC 9305, 3).
func ofNextProtocol(next byte) Inner {
	switch next {
	case 1:
		return InnerIPv4
	case 2:
		return InnerIPv6
	case 3:
		return InnerEthernet
	case 4:
		return InnerNSH
	case 5:
		return InnerMPLS
	}
	return 0
}

// plausible reports whether b is long enough for i, and plausible. Of Ethernet only
// the length is checked: a tunnel whose header leaves no doubt may carry any
// EtherType.
func (i Inner) plausible(b []byte, wire int) bool {
	switch i {
	case InnerEthernet:
		return len(b) >= 14
	case InnerIPv4:
		return plausibleIPv4(b, wire)
	case InnerIPv6:
		return plausibleIPv6(b, wire)
	case InnerMPLS:
		return plausibleMPLS(b, wire)
	case InnerNSH:
		return plausibleNSH(b, wire)
	}
	return false
}

// strictlyPlausible is for tunnels whose header proves little: Ethernet has to be
// plausible, too.
func (i Inner) strictlyPlausible(b []byte, wire int) bool {
	if i == InnerEthernet {
		return plausibleEthernet(b, wire)
	}
	return i.plausible(b, wire)
}

// plausibleIP reports whether b begins with an IP header whose version and lengths
// are right.
func plausibleIP(b []byte, wire int) bool {
	return plausibleIPv4(b, wire) || plausibleIPv6(b, wire)
}

func plausibleIPv4(b []byte, wire int) bool {
	if len(b) < ipv4Header || b[0]>>4 != 4 {
		return false
	}
	header, total := int(b[0]&15)*4, int(u16(b[2:]))
	if total == 0 && (b[9] == protocolTCP || b[9] == protocolUDP) { // segmentation offload
		total = wire
	}
	return header >= ipv4Header && total >= header && total <= wire
}

func plausibleIPv6(b []byte, wire int) bool {
	return len(b) >= ipv6Header && b[0]>>4 == 6 && ipv6Header+int(u16(b[4:])) <= wire
}

// BareIP reports whether a frame of the Ethernet link type begins with an IP header
// instead: an IP packet exactly as long as the frame, with a right checksum (IPv4)
// or a common next header (IPv6), and no plausible Ethernet frame.
func BareIP(b []byte, wire int) bool {
	switch {
	case len(b) < ipv4Header:
		return false
	case b[0]>>4 == 4:
		return int(u16(b[2:])) == wire && plausibleIPv4(b, wire) && rightChecksum(b) && !plausibleEthernet(b, wire)
	case b[0]>>4 == 6:
		return len(b) >= ipv6Header && ipv6Header+int(u16(b[4:])) == wire && commonNextHeader(b[6]) && !plausibleEthernet(b, wire)
	}
	return false
}

// rightChecksum verifies an IPv4 header whose length is at least 20 (RFC 1071).
func rightChecksum(b []byte) bool {
	header := int(b[0]&15) * 4
	if header > len(b) {
		return false
	}
	var sum uint32
	for i := 0; i < header; i += 2 {
		sum += uint32(u16(b[i:]))
	}
	sum = sum>>16 + sum&0xffff
	return sum>>16+sum&0xffff == 0xffff
}

func commonNextHeader(p uint8) bool {
	switch p {
	case protocolTCP, protocolUDP, protoICMPv6, protoESP, ProtoHopByHop, ProtoRouting, ProtoFragment, ProtoDestination:
		return true
	}
	return false
}

// plausibleEthernet reports whether b begins with an Ethernet header whose EtherType
// is one that capture/decode reads or that never carries IP, and with plausible IP
// if it is IP. The EtherType may lie behind one VLAN tag.
func plausibleEthernet(b []byte, wire int) bool {
	if len(b) < 14+4 {
		return false
	}
	switch t := u16(b[12:]); t {
	case EtherTypeVLAN, EtherTypeQinQ, EtherTypeOldQinQ, EtherTypeOldQinQ2, EtherTypeOldQinQ3:
		return plausiblePayload(u16(b[16:]), b[18:], wire-18)
	default:
		return plausiblePayload(t, b[14:], wire-14)
	}
}

func plausiblePayload(etherType uint16, b []byte, wire int) bool {
	switch etherType {
	case EtherTypeIPv4:
		return plausibleIPv4(b, wire)
	case EtherTypeIPv6:
		return plausibleIPv6(b, wire)
	case EtherTypeVLAN, EtherTypeQinQ, EtherTypeOldQinQ, EtherTypeOldQinQ2, EtherTypeOldQinQ3, EtherTypeMPLS,
		EtherTypeMPLSMulti, EtherTypePPPoE, EtherTypeCiscoMeta, EtherTypePBB, EtherTypeNSH, EtherTypeVNTag,
		EtherTypeETag, EtherTypeFabricPath, EtherTypeTRILL, EtherTypeTTag, EtherTypeArista, EtherTypeMACsec,
		EtherTypeHSR, EtherTypeRTag:
		return true
	}
	if etherType < MinEtherType {
		return int(etherType) <= wire && plausibleLLC(b)
	}
	return EtherTypeWithoutIP(etherType)
}

// LLC service access points (IEEE 802.2), and the control byte of unnumbered
// information.
const (
	SAPSNAP    = 0xaa
	SAPIP      = 0x06 // RFC 948
	Unnumbered = 0x03

	sapSpanningTree = 0x42
	sapISIS         = 0xfe
	sapNetBIOS      = 0xf0
	sapIPX          = 0xe0
)

func plausibleLLC(b []byte) bool {
	if len(b) < 3 || b[0] != b[1] {
		return false
	}
	switch b[0] {
	case SAPSNAP, sapSpanningTree, sapISIS, sapNetBIOS, sapIPX:
		return b[2] == Unnumbered
	}
	return false
}
