package decode

import "tlsfloor/capture/encap"

const (
	minPlain  = 14 + ipv4Header + tcpHeader
	plainIPv4 = 0x45 // version 4, no options
)

// plain decodes the frames that nearly all traffic consists of: Ethernet with at most
// one VLAN tag, IPv4 without options or IPv6 without extension headers, and a whole
// TCP segment. It reports false for every other frame, also malformed ones; p is then
// not valid. Decoder.general gives the same result for plain frames, in three times
// the time.
func plain(b []byte, p *Packet) bool {
	if len(b) < minPlain {
		return false
	}
	kind := u16(b[12:])
	b = b[14:]
	p.NumLayers = 0
	p.Network.reset()
	if kind == encap.EtherTypeVLAN {
		kind = u16(b[2:])
		p.plainTag(b)
		b = b[4:]
	}
	switch kind {
	case encap.EtherTypeIPv4:
		return plainTCP4(b, p)
	case encap.EtherTypeIPv6:
		return plainTCP6(b, p)
	}
	return false
}

func (p *Packet) plainTag(tag []byte) {
	l := vlanLayer(tag)
	p.Layers[0], p.NumLayers = l, 1
	if l.HasID {
		p.Network[0] = uint32(encap.VLAN)<<24 | l.ID
	}
}

func plainTCP4(b []byte, p *Packet) bool {
	if len(b) < ipv4Header || b[0] != plainIPv4 || b[9] != TCP || u16(b[6:])&fragmentMask != 0 {
		return false
	}
	total := int(u16(b[2:]))
	if total > len(b) || total < ipv4Header+tcpHeader {
		return false
	}
	p.Src.setIPv4(b[12:16])
	p.Dst.setIPv4(b[16:20])
	p.V6 = false
	return plainTCP(b[ipv4Header:total], p)
}

func plainTCP6(b []byte, p *Packet) bool {
	if len(b) < ipv6Header || b[0]>>4 != 6 || b[6] != TCP {
		return false
	}
	end := ipv6Header + int(u16(b[4:]))
	if end > len(b) || end < ipv6Header+tcpHeader {
		return false
	}
	p.Src, p.Dst = Addr(b[8:24]), Addr(b[24:40])
	p.V6 = true
	return plainTCP(b[ipv6Header:end], p)
}

func plainTCP(b []byte, p *Packet) bool {
	header := int(b[12]>>4) * 4
	if header < tcpHeader || header > len(b) {
		return false
	}
	setTCP(p, b)
	p.Payload, p.Missing, p.Anomalies, p.Word = b[header:], 0, 0, LinkWord
	return true
}
