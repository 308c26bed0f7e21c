package flow

import "tlsfloor/capture/decode"

// Ends names a connection by its addresses and ports, for tables of other packages. It is
// the same for both directions, comparable, and has no pointer.
type Ends struct{ key }

// EndsOf returns the Ends of a packet's connection, and the packet's direction.
func EndsOf(p *decode.Packet) (e Ends, d Dir) {
	d = e.key.set(p)
	return e, d
}

// Networks tells networks apart, for tables of other packages.
type Networks struct{ seed }

// NewNetworks returns Networks whose numbers nobody outside of this process can predict.
func NewNetworks() Networks { return Networks{newSeed()} }

// Of returns a number for the network around a packet in direction d: see
// seed.networkOf.
func (n *Networks) Of(p *decode.Packet, d Dir) uint32 { return n.networkOf(p, d) }

// Guarantor tells the end in whose tunnel packets come, if that end is believed about its
// own packets only; 0: none. Packets belong to one connection only if theirs are equal.
type Guarantor = guarantor

// GuarantorOf returns the Guarantor of a packet in direction d.
func GuarantorOf(p *decode.Packet, d Dir) Guarantor { return guarantorOf(p, d) }
