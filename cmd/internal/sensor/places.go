package sensor

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
)

// maxCopies bounds the other places of a connection that an event names.
const maxCopies = 4

// places is where the packets of a connection were seen, when that takes more
// than the name of the source: in VLANs or tunnels, or at several places.
type places struct {
	layers [2][]encap.Layer // by direction
	known  [2]bool          // by direction
	sender [2]netip.Addr    // by direction: see classify.Observation.Sender
	copies []classify.Place
}

// Begins implements flow.Consumer.
func (c *session) Begins(p *decode.Packet, d flow.Dir) {
	if p.NumLayers == 0 && p.Source == c.source && c.places == nil {
		return
	}
	c.ownPlaces()
	at := c.places
	switch {
	case !at.known[d]:
		at.known[d] = true
		at.layers[d] = append(at.layers[d][:0], p.Layers[:p.NumLayers]...)
		at.sender[d] = senderOf(p)
	case p.Source != c.source:
		at.add(placeOf(p.Source, p.Layers[:p.NumLayers]))
	}
}

// ownPlaces makes the places of a connection that had no tags so far.
func (c *session) ownPlaces() {
	if c.places == nil {
		c.places = c.sensor.freePlaces.Take()
	}
}

// endPlaces gives the places back for another connection. The copies are a
// finding's by now.
func (c *session) endPlaces() {
	if at := c.places; at != nil {
		*at = places{layers: [2][]encap.Layer{at.layers[0][:0], at.layers[1][:0]}}
		c.sensor.freePlaces.Give(at)
		c.places = nil
	}
}

// route is the networks of the packets to the client, and of those from it: the
// zero value where they had no tags.
func (c *session) route() (n [2]names.Network) {
	if c.places == nil {
		return n
	}
	from, _ := c.clientDir()
	for i, d := range [2]flow.Dir{from.Other(), from} {
		if !c.knows(d) {
			d = d.Other()
		}
		n[i] = networkOf(c.places.layers[d])
	}
	return n
}

// knows reports whether it is known what is around the packets of a direction:
// those that sent something without tags have nothing around them.
func (c *session) knows(d flow.Dir) bool { return c.places.known[d] || c.tls.Sent(handshake.Dir(d)) }

// path returns the layers around the packets in a direction.
func (c *session) path(d flow.Dir) []encap.Layer {
	if c.places == nil {
		return nil
	}
	return c.places.layers[d]
}

// add adds a place where the connection was seen, too.
func (at *places) add(p classify.Place) {
	same := func(o classify.Place) bool {
		return o.Source == p.Source && slices.Equal(o.VLANs, p.VLANs) && slices.Equal(o.Tunnels, p.Tunnels)
	}
	if len(at.copies) < maxCopies && !slices.ContainsFunc(at.copies, same) {
		at.copies = append(at.copies, p)
	}
}

func placeOf(source string, layers []encap.Layer) classify.Place {
	p := classify.Place{Source: source}
	p.VLANs, p.Tunnels = describe(layers)
	return p
}

// place is where the connection was seen: in the direction of the client, where
// both are known.
func (c *session) place() classify.Place { return placeOf(c.source, c.path(c.forth())) }

// forth is the direction whose path stands for the connection's.
func (c *session) forth() flow.Dir {
	d, known := c.clientDir()
	if !known {
		d = c.first
	}
	if c.places != nil && !c.knows(d) {
		d = d.Other()
	}
	return d
}

// describePlaces adds to f where the connection was seen.
func (c *session) describePlaces(f *classify.Finding) {
	if c.places == nil {
		return
	}
	d := c.forth()
	f.VLANs, f.Tunnels = describe(c.path(d))
	if back := d.Other(); c.knows(back) && !slices.Equal(c.path(back), c.path(d)) {
		p := placeOf("", c.path(back))
		f.Return = &p
	}
	f.Copies = c.places.copies
}

// describe lists the VLAN ids and the tunnels, outermost first.
func describe(layers []encap.Layer) (vlans []uint16, tunnels []string) {
	for _, l := range layers {
		switch {
		case l.Kind != encap.VLAN:
			tunnels = append(tunnels, l.String())
		case l.HasID: // else a priority tag: no VLAN
			vlans = append(vlans, uint16(l.ID))
		}
	}
	return vlans, tunnels
}

// Said implements flow.Consumer. What is not believed is nobody else's words.
func (c *session) Said() flow.Digest {
	if !c.vouched() {
		return flow.Digest{}
	}
	said := c.said
	if client, known := c.tls.Client(); known && said.Server == 0 {
		if alert, ok := c.tls.AlertIn(client.Other()); ok {
			said.Server = 1 | uint32(alert.Level)<<8 | uint32(alert.Description)<<16
		}
	}
	return said
}

// once reports whether the connection is to be reported, and not as another
// view of one that was, or will be.
func (c *session) once() bool {
	reported, copies := c.sensor.table.Same(c.Said())
	for _, other := range copies {
		o, is := other.(*session)
		switch {
		case !is:
		case reported:
			o.ownPlaces()
			o.places.add(c.place())
			o.client.outside = o.client.outside || c.client.outside && c.said.Client == o.said.Client
		default:
			c.ownPlaces()
			c.places.add(o.place())
			c.client.outside = c.client.outside || o.client.outside && c.said.Client == o.said.Client
		}
	}
	return !reported
}

// digestClient stands for a ClientHello of size bytes: its random, and what
// decides how it is judged. What was sent before, or elsewhere under the
// same addresses, differs in one of them.
func (s *Sensor) digestClient(h *parse.ClientHello, size int) uint32 {
	sum := s.digestRandom(h.Random, uint64(size)<<16|uint64(h.LegacyVersion))
	return short(s.digest(sum, h.ServerName))
}

// digestServer is the same of a ServerHello.
func (s *Sensor) digestServer(h *parse.ServerHello, size int) uint32 {
	return short(s.digestRandom(h.Random, uint64(size)<<32|uint64(h.SelectedVersion)<<16|uint64(h.CipherSuite)))
}

// digestRandom begins a digest with a number and a hello's random. The seed is in
// both factors of each product: who knew one factor could choose the other for a
// product of zero.
func (s *Sensor) digestRandom(random []byte, number uint64) uint64 {
	sum := fold(number, s.seed)
	if len(random) != 32 { // an SSLv2 challenge, or a hello that was cut
		return s.digest(sum, random)
	}
	le := binary.LittleEndian
	sum = fold(le.Uint64(random)^s.seed, le.Uint64(random[8:])^sum)
	return fold(le.Uint64(random[16:])^s.seed, le.Uint64(random[24:])^sum)
}

// digest adds bytes to a digest, eight at a time; the last eight may overlap
// those before. The seed is this process's secret.
func (s *Sensor) digest(sum uint64, b []byte) uint64 {
	if len(b) < 8 {
		for _, c := range b {
			sum = fold(sum, uint64(c)^s.seed)
		}
		return sum
	}
	le, last := binary.LittleEndian, b[len(b)-8:]
	for ; len(b) > 8; b = b[8:] {
		sum = fold(sum, le.Uint64(b)^s.seed)
	}
	return fold(sum, le.Uint64(last)^s.seed)
}

// short makes a digest shorter. It is never zero.
func short(sum uint64) uint32 { return uint32(sum^sum>>32) | 1 }

// fold mixes two numbers by a product of which each bit depends on all of theirs.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0x6a09e667f3bcc909, b^0xbb67ae8584caa73b)
	return high ^ low
}
