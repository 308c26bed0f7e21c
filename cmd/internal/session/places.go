package session

import (
	"net/netip"
	"slices"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/parse/handshake"
)

// Begins implements flow.Consumer.
func (c *Session) Begins(p *decode.Packet, d flow.Dir) {
	if p.NumLayers == 0 && p.Source == c.source && c.places == nil {
		return
	}
	c.ownPlaces()
	at := c.places
	switch {
	case !at.known[d]:
		at.known[d] = true
		at.layers[d] = append(at.layers[d][:0], p.Layers[:p.NumLayers]...)
		at.sender[d] = SenderOf(p)
	case p.Source != c.source:
		at.add(placeOf(p.Source, p.Layers[:p.NumLayers]))
	}
}

// Route returns the networks of the packets to the client, and of those from it: the
// zero value where they had no tags.
func (c *Session) Route() (n [2]names.Network) {
	if c.places == nil {
		return n
	}
	from, _ := c.clientDir()
	for i, d := range [2]flow.Dir{from.Other(), from} {
		if !c.knows(d) {
			d = d.Other()
		}
		n[i] = NetworkOf(c.places.layers[d])
	}
	return n
}

// sender is who sent the tunnel around the client's packets, as far as these are
// known.
func (c *Session) sender() netip.Addr {
	if c.places == nil {
		return netip.Addr{}
	}
	return c.places.sender[c.forth()]
}

// place is where the connection was seen: in the direction of the client, where
// both are known.
func (c *Session) place() classify.Place { return placeOf(c.source, c.path(c.forth())) }

// describePlaces adds to f where the connection was seen.
func (c *Session) describePlaces(f *classify.Finding) {
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

// forth is the direction whose path stands for the connection's.
func (c *Session) forth() flow.Dir {
	d, known := c.clientDir()
	if !known {
		d = c.first
	}
	if c.places != nil && !c.knows(d) {
		d = d.Other()
	}
	return d
}

// knows reports whether it is known what is around the packets of a direction:
// those that sent something without tags have nothing around them.
func (c *Session) knows(d flow.Dir) bool { return c.places.known[d] || c.tls.Sent(handshake.Dir(d)) }

// path returns the layers around the packets in a direction.
func (c *Session) path(d flow.Dir) []encap.Layer {
	if c.places == nil {
		return nil
	}
	return c.places.layers[d]
}

// ownPlaces makes the places of a connection that had no tags so far.
func (c *Session) ownPlaces() {
	if c.places == nil {
		c.places = c.sessions.freePlaces.Take()
	}
}

// endPlaces gives the places back for another connection. The copies are a
// finding's by now.
func (c *Session) endPlaces() {
	if at := c.places; at != nil {
		*at = places{layers: [2][]encap.Layer{at.layers[0][:0], at.layers[1][:0]}}
		c.sessions.freePlaces.Give(at)
		c.places = nil
	}
}

func placeOf(source string, layers []encap.Layer) classify.Place {
	p := classify.Place{Source: source}
	p.VLANs, p.Tunnels = describe(layers)
	return p
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

// NetworkOf returns the network in which the names count that a packet in these layers
// brings, and in which the names of its connection are looked up. Labels, tags and
// sessions of a link are left out: they may differ between the directions, and nobody
// can send them from beyond the link. Numbers of tunnels that may differ are left out,
// too (see decode.Network), but not the tunnels.
func NetworkOf(layers []encap.Layer) (n names.Network) {
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

// SenderOf returns the address that sent the tunnel around a packet; the zero Addr: there
// is no tunnel.
func SenderOf(p *decode.Packet) netip.Addr {
	if p.Word == decode.LinkWord {
		return netip.Addr{}
	}
	return p.Sender.Netip(p.SenderV6)
}

// tellerOf is the direction in which the end sends that tells of a packet that went
// in direction d, where that is believed about its own packets only.
func tellerOf(p *decode.Packet, d flow.Dir) (teller flow.Dir, told bool) {
	switch p.Word {
	case decode.SourceWord:
		return d, true
	case decode.DestinationWord:
		return d.Other(), true
	}
	return 0, false
}
