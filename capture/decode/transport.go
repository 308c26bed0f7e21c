package decode

import "tlsfloor/capture/encap"

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

// noSegment ends with bytes that are no valid TCP header. Fragments with anomalies
// may have made them so, and then these are noted for the connection.
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
	p.Flags = h[13] & (FIN | SYN | RST | PSH | ACK | urg)
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

// udpTunnel takes off the header of a tunnel, if the datagram carries one, and returns
// the stage for what is in it. Otherwise the datagram is delivered as it is.
func (d *Decoder) udpTunnel() (next stage, is bool) {
	p := d.packet
	if d.ports.Has(p.DstPort) || d.ports.Has(p.SrcPort) {
		return d.knownPort()
	}
	if next, is = d.strayTeredo(); !is && encap.IsWireGuard(d.rest, d.wire()) {
		d.unread.addWireGuard(min(p.SrcPort, p.DstPort))
	}
	return next, is
}

// knownPort handles a datagram that has the port of a tunnel.
func (d *Decoder) knownPort() (next stage, is bool) {
	open, port := d.ports.Opener(d.packet.SrcPort, d.packet.DstPort)
	if open == nil {
		d.countUnread(port)
		return d.strayTeredo()
	}
	t, is := open(d.rest, d.wire())
	if !is {
		d.stats.NotTunnels++
		d.countRefused(port)
		return nil, false
	}
	return d.open(t), true
}

func (d *Decoder) strayTeredo() (next stage, is bool) {
	t, is := encap.StrayTeredo(d.rest, d.wire())
	if !is {
		return nil, false
	}
	return d.open(t), true
}

// open goes on in a tunnel.
func (d *Decoder) open(t encap.Tunnel) stage {
	if t.Length > 0 {
		d.limit(t.Length)
	}
	d.rest = d.rest[t.Header:]
	if t.Layer.Kind == 0 {
		return innerStage(t.Inner)
	}
	return d.enter(t.Layer, innerStage(t.Inner))
}

// countRefused counts a datagram on a tunnel's port that its opener refused, if its
// header is that of a user's packet. Other clients use such ports by chance, so
// without that header it is no tunnel.
func (d *Decoder) countRefused(port uint16) {
	b := d.rest
	switch {
	case d.wire() == 0 || d.byChance(port):
	case d.cut > 0 && len(b) < encap.TunnelHeaderBytes:
		d.stats.CutShort++
	case len(b) < encap.TunnelHeaderBytes || !encap.HasTunnelHeader(port, b, d.cut > 0):
	case d.cut > 0:
		d.stats.CutShort++
	default:
		d.unread.add(UnreadUDPPort, port)
	}
}

// countUnread counts a datagram on the port of a tunnel that is not read, if it has
// the form of one that carries packets.
func (d *Decoder) countUnread(port uint16) {
	b := d.rest
	switch {
	case encap.IsWireGuard(b, d.wire()):
		d.unread.addWireGuard(port)
	case d.byChance(port):
	case encap.IsUnreadTunnel(port, b, d.wire()):
		d.unread.add(UnreadUDPPort, port)
	case d.cut > 0 && len(b) < encap.UnreadTunnelBytes:
		d.stats.CutShort++
	}
}

// byChance reports whether the datagram has the port only by chance, because its
// other port is registered for a service alone.
func (d *Decoder) byChance(port uint16) bool {
	const maxServicePort = 1023
	p := d.packet
	return p.SrcPort <= maxServicePort && p.DstPort == port || p.DstPort <= maxServicePort && p.SrcPort == port
}
