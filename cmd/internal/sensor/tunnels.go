package sensor

import (
	"fmt"
	"net/netip"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/blind"
)

// tunnels is what a sensor knows of the senders of tunnels.
//
// One that is believed about its own packets only (see decode.SourceWord) could
// still accuse others: of having connected to it with an old version, or of having
// asked it for a name. So it is believed about the connections of which it is the
// client: nobody speaks but for himself.
type tunnels struct {
	messages, clients blind.AddressCounter
	bound             eventBound
	reported          bool // that somebody is not believed
}

func (t *tunnels) list() blind.Tunnels {
	return blind.Tunnels{Messages: t.messages.List(), Clients: t.clients.List(), Bounded: t.bound.refused.List()}
}

// Disbelief says that there are packets in tunnels whose sender is not believed.
// It is no failure.
type Disbelief struct {
	Sender netip.Addr
	Tunnel string // as in an event's "tunnels"
}

func (d *Disbelief) Error() string {
	return fmt.Sprintf("packets in a tunnel (%s) from %s are not believed; if it is a mirror or a tunnel of yours, give --tunnels own,%s",
		d.Tunnel, d.Sender, d.Sender)
}

// disbelieve reports the first packet that is not believed, where that is worth a
// line before the end: they are counted by the decoder.
func (t *tunnels) disbelieve(o *Options, p *decode.Packet) {
	if t.reported || !o.Live {
		return
	}
	t.reported = true
	d := &Disbelief{Sender: p.Sender.Netip(p.SenderV6)}
	for _, l := range p.Layers[:p.NumLayers] {
		if l.Tunnel {
			d.Tunnel = l.String()
		}
	}
	o.Report(d)
}

// ownQuestion reports whether a packet of DNS may be believed: one from a sender
// that is believed about its own packets only has to be its question, or the answer
// to it. Others are counted.
func (t *tunnels) ownQuestion(p *decode.Packet) bool {
	if p.Word == decode.SourceWord && p.SrcPort == portDNS || p.Word == decode.DestinationWord && p.DstPort == portDNS {
		t.messages.Count(senderOf(p))
		return false
	}
	return true
}

// senderOf is who sent the tunnel around a packet; the zero Addr: there is none.
func senderOf(p *decode.Packet) netip.Addr {
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

// vouched reports whether the end that told of the connection is believed: it is the
// client.
func (c *session) vouched() bool {
	client, known := c.clientDir()
	return !c.told || known && c.teller == client
}

// sender is who sent the tunnel around the client's packets, as far as these are
// known.
func (c *session) sender() netip.Addr {
	if c.places == nil {
		return netip.Addr{}
	}
	return c.places.sender[c.forth()]
}
