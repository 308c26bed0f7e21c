package sensor

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/parse"
	"tlsfloor/parse/dns"
)

const portDNS = 53

// datagram shows DNS messages to the names.
func (s *Sensor) datagram(p *decode.Packet) {
	if s.options.Names == nil || !speaksDNS(p) || p.Missing > 0 || !s.tunnels.ownQuestion(p) {
		return
	}
	ends := endsOf(p, 0)
	s.options.Names.Learn(p.Time, networkOf(p.Layers[:p.NumLayers]), ends[0], ends[1], p.Payload)
}

// speaksDNS reports whether a packet goes to or comes from DNS's port.
func speaksDNS(p *decode.Packet) bool { return p.SrcPort == portDNS || p.DstPort == portDNS }

// message shows the names a DNS message that came over TCP.
func (s *Sensor) message(src, dst netip.AddrPort, msg []byte) {
	s.options.Names.Learn(s.packet.Time, networkOf(s.packet.Layers[:s.packet.NumLayers]), src, dst, msg)
}

// networkOf is where names count that a packet in these layers brings, and where
// those of its connection are looked for. Labels, tags and sessions of a link are
// left out: they may differ between the directions, and nobody can send them from
// beyond it. So are
// the numbers of tunnels that may differ (see decode.Network), but not the
// tunnels.
func networkOf(layers []encap.Layer) (n names.Network) {
	for _, l := range layers {
		if l.Kind.OfLink() && !l.Tunnel { // MPLS in UDP is a tunnel
			continue
		}
		switch l.Kind {
		case encap.VLAN, encap.PBB:
			if l.HasID { // else a priority tag: no VLAN
				n.AddTag(uint8(l.Kind), l.ID)
			}
		case encap.VXLAN, encap.GENEVE, encap.NVGRE:
			n.AddTunnel(uint8(l.Kind), l.ID)
		default:
			n.AddTunnel(uint8(l.Kind), 0)
		}
	}
	return n
}

// lookup appends what the destination was called elsewhere when the connection
// opened: in DNS, else by the range that its address is in. networks are those of
// the packets to the client, and from it.
func (s *Sensor) lookup(f *classify.Finding, opened int64, networks [2]names.Network) {
	if s.options.Names != nil {
		if host, ok := s.options.Names.Lookup(opened, networks, f.Client.Addr(), f.Server.Addr()); ok {
			addName(f, host, classify.NameDNS)
		}
	}
	if len(f.Names) == 0 && s.options.Ranges != nil {
		if r, ok := s.options.Ranges().Lookup(f.Server.Addr()); ok {
			f.Names = append(f.Names, classify.Name{Source: classify.NameAddress})
			f.AWS = awsOf(r)
		}
	}
}

func awsOf(r names.Range) *classify.AWS {
	return &classify.AWS{Region: r.Region, Service: r.Service}
}

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
