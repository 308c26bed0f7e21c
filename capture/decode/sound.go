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
	if total == 0 { // segmentation offload
		total = wire
	}
	return header >= 20 && total >= header && total <= wire
}

func soundIPv6(b []byte, wire int) bool {
	return len(b) >= 40 && b[0]>>4 == 6 && 40+int(u16(b[4:])) <= wire
}

// soundEthernet reports whether b begins with an Ethernet header, with at most
// one VLAN tag looked behind, whose EtherType is one that Decode reads or ARP,
// and with IP holding up if it is IP.
func soundEthernet(b []byte, wire int) bool {
	if len(b) < 14+4 {
		return false
	}
	switch t := u16(b[12:]); t {
	case etherVLAN, etherQinQ, etherOldQinQ:
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
	case etherVLAN, etherQinQ, etherOldQinQ, etherARP, etherMPLS, etherMPLSMulti,
		etherPPPoE, etherCiscoMeta, etherPBB:
		return true
	}
	return false
}
