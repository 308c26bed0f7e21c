package encap

const (
	tzspVersion    = 1
	tzspTransmit   = 1 // type; 0 is received, and others carry no frame
	tzspHeader     = 4
	tzspOfEthernet = 1
	tzspTagPadding = 0
	tzspTagEnd     = 1
	hpERMHeader    = 12
	jMirrorHeader  = 8
)

// tzsp opens Ethernet frames in the TaZmen Sniffer Protocol, as MikroTik sends them:
// version, type and encapsulation, then tags up to the one that ends them.
func tzsp(b []byte, wire int) (t Tunnel, ok bool) {
	if len(b) < tzspHeader || b[0] != tzspVersion || b[1] > tzspTransmit || u16(b[2:]) != tzspOfEthernet {
		return Tunnel{}, false
	}
	n, ok := tzspTags(b)
	if !ok {
		return Tunnel{}, false
	}
	return Tunnel{Layer: Layer{Kind: TZSP}, Header: n, Inner: InnerEthernet}, plausibleEthernet(b[n:], wire-n)
}

// tzspTags returns where the tags end: type, length and value, but padding and end
// are only a type.
func tzspTags(b []byte) (n int, ok bool) {
	for n = tzspHeader; n < len(b); {
		switch b[n] {
		case tzspTagEnd:
			return n + 1, true
		case tzspTagPadding:
			n++
		default:
			if n+2 > len(b) {
				return 0, false
			}
			n += 2 + int(b[n+1])
		}
	}
	return 0, false
}

// hpERM opens the remote mirroring of HP ProCurve and Aruba switches: twelve bytes,
// of which VLAN and priority are known (Wireshark's packet-hp-erm.c), then the frame.
func hpERM(b []byte, wire int) (t Tunnel, ok bool) {
	if len(b) < hpERMHeader {
		return Tunnel{}, false
	}
	t = Tunnel{Layer: Layer{Kind: HPERM}, Header: hpERMHeader, Inner: InnerEthernet}
	return t, plausibleEthernet(b[hpERMHeader:], wire-hpERMHeader)
}

// jMirror opens Juniper's packet mirroring: mirror and session, four bytes each, then
// an IP packet or PPP with its HDLC address.
func jMirror(b []byte, wire int) (t Tunnel, ok bool) {
	if len(b) < jMirrorHeader {
		return Tunnel{}, false
	}
	t = Tunnel{Layer: Layer{Kind: JMirror, ID: u32(b), HasID: true}, Header: jMirrorHeader, Inner: InnerIP}
	b, wire = b[jMirrorHeader:], wire-jMirrorHeader
	if plausibleIP(b, wire) {
		return t, true
	}
	t.Inner = InnerPPP
	return t, len(b) > 0 && b[0] == hdlcAll && plausiblePPP(b, wire)
}
