package decode

// soundIP reports whether b, of which wire bytes were on the wire, begins with
// an IP header whose version and lengths hold up. It serves where the protocol
// around does not say what it carries, or where the protocol itself is a guess.
func soundIP(b []byte, wire int) bool {
	return soundIPv4(b, wire) || soundIPv6(b, wire)
}

func soundIPv4(b []byte, wire int) bool {
	if len(b) < 20 || b[0]>>4 != 4 {
		return false
	}
	header, total := int(b[0]&15)*4, int(u16(b[2:]))
	if total == 0 && (b[9] == uint8(TCP) || b[9] == uint8(UDP)) { // segmentation offload
		total = wire
	}
	return header >= 20 && total >= header && total <= wire
}

func soundIPv6(b []byte, wire int) bool {
	return len(b) >= 40 && b[0]>>4 == 6 && 40+int(u16(b[4:])) <= wire
}

// bareIP reports whether a frame of the Ethernet link type begins with an IP
// header instead: an IP packet as long as the frame to the byte, with a right
// checksum (IPv4) or a known next header (IPv6), and no Ethernet frame that
// holds up.
func bareIP(b []byte, wire int) bool {
	switch {
	case len(b) < ipv4Header:
		return false
	case b[0]>>4 == 4:
		return int(u16(b[2:])) == wire && soundIPv4(b, wire) && checksumHolds(b) && !soundEthernet(b, wire)
	case b[0]>>4 == 6:
		return len(b) >= ipv6Header && ipv6Header+int(u16(b[4:])) == wire && usualNextHeader(b[6]) && !soundEthernet(b, wire)
	}
	return false
}

// checksumHolds verifies an IPv4 header whose length is at least 20 (RFC 1071).
func checksumHolds(b []byte) bool {
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

func usualNextHeader(p uint8) bool {
	switch p {
	case uint8(TCP), uint8(UDP), protoICMPv6, protoESP, protoHopByHop, protoRouting, protoFragment, protoDestination:
		return true
	}
	return false
}

// soundEthernet reports whether b begins with an Ethernet header, with at most
// one VLAN tag looked behind, whose EtherType is one that Decode reads or that
// never carries IP, and with IP holding up if it is IP.
func soundEthernet(b []byte, wire int) bool {
	if len(b) < 14+4 {
		return false
	}
	switch t := u16(b[12:]); t {
	case etherVLAN, etherQinQ, etherOldQinQ, etherOldQinQ2, etherOldQinQ3:
		return soundPayload(u16(b[16:]), b[18:], wire-18)
	default:
		return soundPayload(t, b[14:], wire-14)
	}
}

func soundPayload(etherType uint16, b []byte, wire int) bool {
	switch etherType {
	case etherIPv4:
		return soundIPv4(b, wire)
	case etherIPv6:
		return soundIPv6(b, wire)
	case etherVLAN, etherQinQ, etherOldQinQ, etherOldQinQ2, etherOldQinQ3, etherMPLS, etherMPLSMulti,
		etherPPPoE, etherCiscoMeta, etherPBB, etherNSH, etherVNTag, etherETag, etherFabricPath,
		etherTRILL, etherTTag, etherArista, etherMACsec, etherHSR, etherRTag:
		return true
	}
	if etherType < minEtherType {
		return int(etherType) <= wire && soundLLC(b)
	}
	return quietEtherType(etherType)
}

// soundLLC knows the headers of SNAP, spanning tree, IS-IS, NetBIOS and IPX.
func soundLLC(b []byte) bool {
	if len(b) < llcHeader || b[0] != b[1] {
		return false
	}
	switch b[0] {
	case sapSNAP, 0x42, 0xfe, 0xf0, 0xe0:
		return b[2] == unnumbered
	}
	return false
}
