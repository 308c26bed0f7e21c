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

// datagram shows DNS messages to the names.
func (s *Sensor) datagram(p *decode.Packet) {
	if s.options.Names == nil || !speaksDNS(p) || p.Missing > 0 || !s.tunnels.ownQuestion(p) {
		return
	}
	ends := endsOf(p, 0)
	s.options.Names.Learn(p.Time, session.NetworkOf(p.Layers[:p.NumLayers]), ends[0], ends[1], p.Payload)
}

// message shows the names a DNS message that came over TCP.
func (s *Sensor) message(src, dst netip.AddrPort, msg []byte) {
	s.options.Names.Learn(s.sessions.Packet.Time, session.NetworkOf(s.sessions.Packet.Layers[:s.sessions.Packet.NumLayers]), src, dst, msg)
}

const portDNS = 53

// speaksDNS reports whether a packet goes to or comes from DNS's port.
func speaksDNS(p *decode.Packet) bool { return p.SrcPort == portDNS || p.DstPort == portDNS }

// resolver follows DNS over TCP (RFC 7766): flow.Consumer.
type resolver struct {
	flow.Stream
	message func(src, dst netip.AddrPort, msg []byte)
	ends    [2]netip.AddrPort // by direction: who sends in it
}

// resolves reports whether a connection that begins with p is DNS: by its port,
// but TLS may run on any.
func resolves(p *decode.Packet) bool {
	return (p.SrcPort == portDNS || p.DstPort == portDNS) &&
		parse.LooksLikeClientHello(p.Payload) == parse.No && parse.LooksLikeServerHello(p.Payload) == parse.No
}

// Start implements flow.Consumer: there is no telling where a message begins.
func (r *resolver) Start(flow.Dir, []byte) bool { return false }

// Data implements flow.Consumer.
func (r *resolver) Data(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	for rest := data; ; {
		msg, after, ok := dns.Framed(rest)
		if !ok {
			return len(data) - len(rest), framedNeed(rest), keepIfFits(rest)
		}
		r.message(r.ends[d], r.ends[d.Other()], msg)
		rest = after
	}
}

// framedNeed is how long the message that b begins with is, with its length.
func framedNeed(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	return 2 + int(b[0])<<8 + int(b[1])
}

// keepIfFits gives up on messages that no resolver sends.
func keepIfFits(b []byte) flow.Interest {
	if framedNeed(b) > flow.MaxBuffered {
		return flow.Ignore
	}
	return flow.Listen
}

// Lost implements flow.Consumer.
func (r *resolver) Lost(flow.Dir) flow.Interest { return flow.Ignore }

// Held implements flow.Consumer.
func (r *resolver) Held() int { return int(unsafe.Sizeof(*r)) }

// Odd implements flow.Consumer.
func (r *resolver) Odd(decode.Anomaly) {}

// Conflict implements flow.Consumer.
func (r *resolver) Conflict(flow.Dir) {}

// Dropped implements flow.Consumer.
func (r *resolver) Dropped(flow.Dir, bool) {}

// Begins implements flow.Consumer.
func (r *resolver) Begins(*decode.Packet, flow.Dir) {}

// Midway implements flow.Consumer.
func (r *resolver) Midway(flow.Dir) bool { return false }

// Said implements flow.Consumer.
func (r *resolver) Said() flow.Digest { return flow.Digest{} }

// End implements flow.Consumer.
func (r *resolver) End(flow.Cause) {}

// endsOf says which end sends in which direction, by a packet that went in d.
func endsOf(p *decode.Packet, d flow.Dir) (ends [2]netip.AddrPort) {
	ends[d] = netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort)
	ends[d.Other()] = netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort)
	return ends
}
