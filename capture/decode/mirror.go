package decode

// TZSP, the TaZmen Sniffer Protocol: version, type and encapsulation, then tags
// of type, length and value up to an end.
const (
	tzspHeader   = 4
	tzspVersion  = 1
	tzspReceived = 0
	tzspTransmit = 1
	tzspPadding  = 0
	tzspEnd      = 1
	tzspEthernet = 1
)

// tzsp opens Ethernet frames, as MikroTik sends them.
func (d *Decoder) tzsp() (stage, bool) {
	b := d.rest
	if len(b) < tzspHeader || b[0] != tzspVersion || b[1] > tzspTransmit || u16(b[2:]) != tzspEthernet {
		return nil, false
	}
	n, ok := tzspTags(b)
	if !ok || !soundEthernet(b[n:], d.wire()-n) {
		return nil, false
	}
	return d.inner(n, Layer{Kind: LayerTZSP}, (*Decoder).ethernet)
}

// tzspTags returns where the tags end. Padding and end have no length.
func tzspTags(b []byte) (n int, ok bool) {
	for n = tzspHeader; n < len(b); {
		switch b[n] {
		case tzspEnd:
			return n + 1, true
		case tzspPadding:
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

// hpERM opens the remote mirroring of HP ProCurve and Aruba switches: twelve
// bytes, of which VLAN and priority are known (Wireshark's packet-hp-erm.c),
// then the frame.
func (d *Decoder) hpERM() (stage, bool) {
	const header = 12
	b := d.rest
	if len(b) < header || !soundEthernet(b[header:], d.wire()-header) {
		return nil, false
	}
	return d.inner(header, Layer{Kind: LayerHPERM}, (*Decoder).ethernet)
}

// jMirror opens Juniper's packet mirroring: mirror and session, four bytes each,
// then an IP packet or PPP with its HDLC address.
func (d *Decoder) jMirror() (stage, bool) {
	const header = 8
	b := d.rest
	if len(b) < header {
		return nil, false
	}
	layer := Layer{Kind: LayerJMirror, ID: u32(b), HasID: true}
	b, wire := b[header:], d.wire()-header
	if soundIP(b, wire) {
		return d.inner(header, layer, (*Decoder).ip)
	}
	skip, protocol, ok := pppHeader(b)
	if ok && b[0] == hdlcAll && carriesIP(protocol, b[skip:], wire-skip) {
		return d.inner(header, layer, (*Decoder).ppp)
	}
	return nil, false
}

// capwap opens data messages (RFC 5415, 4.3) that carry Ethernet frames whole.
// 802.11 frames and fragments stay datagrams.
func (d *Decoder) capwap() (stage, bool) {
	const header, native, fragment = 8, 0x01, 0x80
	b := d.rest
	if len(b) < header || b[0] != 0 || b[2]&native != 0 || b[3]&fragment != 0 {
		return nil, false
	}
	n := 4 * int(b[1]>>3)
	if n < header || n > len(b) || !soundEthernet(b[n:], d.wire()-n) {
		return nil, false
	}
	return d.inner(n, Layer{Kind: LayerCAPWAP}, (*Decoder).ethernet)
}
