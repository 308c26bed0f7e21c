package sensor

import (
	"net/netip"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
	"tlsfloor/parse/dns"
)

const portDNS = 53

// datagram shows DNS messages to the names.
func (s *Sensor) datagram(p *decode.Packet) {
	if s.options.Names == nil || p.SrcPort != portDNS && p.DstPort != portDNS || p.Missing > 0 {
		return
	}
	ends := endsOf(p, 0)
	s.options.Names.Learn(p.Time, ends[0], ends[1], p.Payload)
}

// message shows the names a DNS message that came over TCP.
func (s *Sensor) message(src, dst netip.AddrPort, msg []byte) {
	s.options.Names.Learn(s.packet.Time, src, dst, msg)
}

// lookup appends what the destination was called elsewhere: in DNS, else by
// the range that its address is in.
func (s *Sensor) lookup(f *classify.Finding, now int64) {
	if s.options.Names != nil {
		if host, ok := s.options.Names.Lookup(now, f.Client.Addr(), f.Server.Addr()); ok {
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

// nameOf chooses among the names of a certificate: what covers the name the
// client asked for, else the first in scope, else the first. A certificate for
// many services names the one that matters.
func (c *session) nameOf(leaf *parse.Certificate) string {
	s := c.sensor
	s.leafNames = leaf.Names(s.leafNames[:0])
	best := ""
	for _, n := range s.leafNames {
		name := string(n)
		if !policy.IsHostname(name) {
			continue // "Load balancer 1", an address, or an attack
		}
		if asked := c.asked(); asked != "" && policy.Covers(name, asked) {
			return name
		}
		if best == "" || s.options.Policy.InScope(name) && !s.options.Policy.InScope(best) {
			best = name
		}
	}
	return best
}

// asked is the name that the client gave, to the server or to a proxy.
func (c *session) asked() string {
	if name := c.sni(); name != "" {
		return name
	}
	host, _ := c.target()
	return host
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

// Conflict implements flow.Consumer.
func (r *resolver) Conflict(flow.Dir) {}

// End implements flow.Consumer.
func (r *resolver) End(flow.Cause) {}
