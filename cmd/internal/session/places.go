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
	c.needPlaces()
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

// Route returns the networks of the packets to the client, and of those from it; the
// zero value for packets without tags or tunnels.
func (c *Session) Route() (n [2]names.Network) {
	if c.places == nil {
		return n
	}
	from, _ := c.clientDir()
	for i, d := range [2]flow.Dir{from.Other(), from} {
		if !c.pathKnown(d) {
			d = d.Other()
		}
		n[i] = NetworkOf(c.places.layers[d])
	}
	return n
}

// sender is the sender of the tunnel around the client's packets; if these were not
// seen, around the server's. The zero Addr: there is none.
func (c *Session) sender() netip.Addr {
	if c.places == nil {
		return netip.Addr{}
	}
	return c.places.sender[c.pathDir()]
}

// place is where the connection was seen: where the client's packets were, if both
// directions are known.
func (c *Session) place() classify.Place { return placeOf(c.source, c.path(c.pathDir())) }

// describePlaces fills in where the connection was seen.
func (c *Session) describePlaces(f *classify.Finding) {
	if c.places == nil {
		return
	}
	d := c.pathDir()
	f.VLANs, f.Tunnels = describe(c.path(d))
	if back := d.Other(); c.pathKnown(back) && !slices.Equal(c.path(back), c.path(d)) {
		p := placeOf("", c.path(back))
		f.Return = &p
	}
	f.Copies = c.places.copies
}

// pathDir is the direction whose path is reported as the connection's: the client's,
// or the other one if only its path is known.
func (c *Session) pathDir() flow.Dir {
	d, known := c.clientDir()
	if !known {
		d = c.firstDir
	}
	if c.places != nil && !c.pathKnown(d) {
		d = d.Other()
	}
	return d
}

// pathKnown reports whether the tags and tunnels around the packets of a direction are
// known. If bytes were seen, but no tags recorded, there are none.
func (c *Session) pathKnown(d flow.Dir) bool {
	return c.places.known[d] || c.tls.Sent(handshake.Dir(d))
}

// path returns the tags and tunnels around the packets in a direction: a view.
func (c *Session) path(d flow.Dir) []encap.Layer {
	if c.places == nil {
		return nil
	}
	return c.places.layers[d]
}

// needPlaces creates c.places if there is none: the connection had no tags so far.
func (c *Session) needPlaces() {
	if c.places == nil {
		c.places = c.sessions.freePlaces.Take()
	}
}

// dropPlaces returns the memory of c.places for another connection, without the
// copies, which now belong to a finding.
func (c *Session) dropPlaces() {
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

// NetworkOf returns the network of a packet with these layers: names that it brings
// count in this network, and the names of its connection are looked up in it. Labels,
// tags and sessions of a link are left out, except VLANs: they may differ between the
// directions, and no host beyond the link can send them. Tunnel numbers that may differ
// between the directions are left out, too (see decode.Network), but not the tunnels.
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

// SenderOf returns the address of the sender of the tunnel around a packet; the zero
// Addr: there is no tunnel.
func SenderOf(p *decode.Packet) netip.Addr {
	if p.Word == decode.LinkWord {
		return netip.Addr{}
	}
	return p.Sender.Netip(p.SenderV6)
}

// guarantorOf is the direction in which the guarantor of a packet sends: the end whose
// tunnel carries the packet, if it is believed about its own packets only. d is the
// packet's direction. ok is false if there is no guarantor.
func guarantorOf(p *decode.Packet, d flow.Dir) (guarantor flow.Dir, ok bool) {
	switch p.Word {
	case decode.SourceWord:
		return d, true
	case decode.DestinationWord:
		return d.Other(), true
	}
	return 0, false
}
