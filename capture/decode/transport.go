package decode

const (
	tcpHeader = 20 // without options
	udpHeader = 8
)

func (d *Decoder) tcp() stage {
	b := d.rest
	if len(b) < tcpHeader {
		return d.noSegment(b)
	}
	header := int(b[12]>>4) * 4
	if header < tcpHeader || header > d.wire() {
		return d.noSegment(b)
	}
	p := d.packet
	setTCP(p, b)
	if header > len(b) { // the snapshot length cut the options
		d.cut -= header - len(b)
		header = len(b)
	}
	p.Payload, p.Missing = b[header:], d.cut
	return d.end(Segment)
}

// noSegment ends with bytes that are no sound TCP header. Odd fragments may have
// made them so: then their connection is told.
func (d *Decoder) noSegment(b []byte) stage {
	if d.packet.Anomalies != 0 && len(b) >= portsSize {
		d.accuse(b, d.packet.Anomalies)
	}
	return d.end(Malformed)
}

// setTCP copies the fields of a header of at least 20 bytes.
func setTCP(p *Packet, h []byte) {
	_ = h[tcpHeader-1]
	p.Proto = TCP
	p.SrcPort, p.DstPort = u16(h[0:]), u16(h[2:])
	p.Seq, p.Ack = u32(h[4:]), u32(h[8:])
	p.Flags = h[13] & (FIN | SYN | RST | PSH | ACK | URG)
}

func (d *Decoder) udp() stage {
	h := d.take(udpHeader)
	if h == nil {
		return d.end(Malformed)
	}
	// Zero is a jumbogram (RFC 2675, 4), or a sender's own segmentation offload.
	if length := int(u16(h[4:])); length != 0 {
		if length < udpHeader {
			return d.end(Malformed)
		}
		d.limit(length - udpHeader)
	}
	p := d.packet
	p.SrcPort, p.DstPort = u16(h[0:]), u16(h[2:])
	if next, is := d.udpTunnel(); is {
		return next
	}
	p.Proto = UDP
	p.Payload, p.Missing = d.rest, d.cut
	return d.end(Datagram)
}
