package sensor

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/session"
	"tlsfloor/parse"
	"tlsfloor/parse/dns"
)

// learnDatagram gives a DNS message in a datagram to Options.Names, and reports whether it
// is one that counts.
func (s *Sensor) learnDatagram(p *decode.Packet) bool {
	if s.options.Names == nil || !isDNS(p) || p.Missing > 0 || !s.tunnels.believesDNS(p) {
		return false
	}
	ends := endsOf(p, 0)
	s.options.Names.Learn(p.Time, session.NetworkOf(p.Layers[:p.NumLayers]), ends[0], ends[1], p.Payload)
	return true
}

// learnMessage gives a DNS message that came over TCP to Options.Names.
func (s *Sensor) learnMessage(src, dst netip.AddrPort, msg []byte) {
	s.options.Names.Learn(s.sessions.Packet.Time, session.NetworkOf(s.sessions.Packet.Layers[:s.sessions.Packet.NumLayers]), src, dst, msg)
}

const portDNS = 53

// isDNS reports whether a packet goes to or comes from the port of DNS.
func isDNS(p *decode.Packet) bool { return p.SrcPort == portDNS || p.DstPort == portDNS }

// dnsStream follows a connection of DNS over TCP (RFC 7766). It is a flow.Consumer.
type dnsStream struct {
	flow.Stream
	onMessage func(src, dst netip.AddrPort, msg []byte)
	ends      [2]netip.AddrPort // by direction: the end that sends in it
}

// beginsDNS reports whether a connection that begins with p is DNS: by its port, unless
// p begins TLS, which may run on any port.
func beginsDNS(p *decode.Packet) bool {
	return (p.SrcPort == portDNS || p.DstPort == portDNS) &&
		parse.LooksLikeClientHello(p.Payload) == parse.No && parse.LooksLikeServerHello(p.Payload) == parse.No
}

// Start implements flow.Consumer. Without the beginning of the connection, nothing
// shows where a message begins.
func (r *dnsStream) Start(flow.Dir, []byte) bool { return false }

// Data implements flow.Consumer.
func (r *dnsStream) Data(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	for rest := data; ; {
		msg, after, ok := dns.Framed(rest)
		if !ok {
			return len(data) - len(rest), framedLength(rest), keepIfFits(rest)
		}
		r.onMessage(r.ends[d], r.ends[d.Other()], msg)
		rest = after
	}
}

// framedLength is the length of the message at the beginning of b, with the two bytes
// of its length field.
func framedLength(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	return 2 + int(b[0])<<8 + int(b[1])
}

// keepIfFits stops following a connection if the message is too long to be buffered.
// No resolver sends such messages.
func keepIfFits(b []byte) flow.Interest {
	if framedLength(b) > flow.MaxBuffered {
		return flow.Ignore
	}
	return flow.Listen
}

// Lost implements flow.Consumer.
func (r *dnsStream) Lost(flow.Dir) flow.Interest { return flow.Ignore }

// Held implements flow.Consumer.
func (r *dnsStream) Held() int { return int(unsafe.Sizeof(*r)) }

// Odd implements flow.Consumer.
func (r *dnsStream) Odd(decode.Anomaly) {}

// Conflict implements flow.Consumer.
func (r *dnsStream) Conflict(flow.Dir) {}

// Dropped implements flow.Consumer.
func (r *dnsStream) Dropped(flow.Dir, bool) {}

// Begins implements flow.Consumer.
func (r *dnsStream) Begins(*decode.Packet, flow.Dir) {}

// Midway implements flow.Consumer.
func (r *dnsStream) Midway(flow.Dir) bool { return false }

// Said implements flow.Consumer.
func (r *dnsStream) Said() flow.Digest { return flow.Digest{} }

// End implements flow.Consumer.
func (r *dnsStream) End(flow.Cause) {}

// endsOf is, by direction, the end that sends in it. p is a packet of direction d.
func endsOf(p *decode.Packet, d flow.Dir) (ends [2]netip.AddrPort) {
	ends[d] = netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort)
	ends[d.Other()] = netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort)
	return ends
}
