package sensor

import (
	"fmt"
	"net/netip"

	"tlsfloor/capture/decode"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/session"
)

// tunnels is what a sensor knows of the senders of tunnels.
//
// One that is believed about its own packets only (see decode.SourceWord) could
// still accuse others: of having connected to it with an old version, or of having
// asked it for a name. So it is believed about the connections of which it is the
// client: nobody speaks but for himself.
type tunnels struct {
	messages blind.AddressCounter
	bound    eventBound
	reported bool // that somebody is not believed
}

// list lists what was not believed; clients are those that only another told of.
func (t *tunnels) list(clients *blind.AddressCounter) blind.Tunnels {
	return blind.Tunnels{Messages: t.messages.List(), Clients: clients.List(), Bounded: t.bound.refused.List()}
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
		t.messages.Count(session.SenderOf(p))
		return false
	}
	return true
}
