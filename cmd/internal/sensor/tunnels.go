package sensor

import (
	"fmt"
	"net/netip"
	"time"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
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

// maxBounded bounds the senders that have an allowance of their own. Others share
// one, until those that have sent nothing for a minute make room: a flood from
// forged senders takes nothing from one that was there before.
const maxBounded = 4096

// eventBound bounds the flagged findings that are delivered of one tunnel's sender:
// a tunnel costs its sender one datagram for a finding, and whoever reads the
// events must not drown in them. What is refused is judged, counted and tallied
// like all findings. What was seen outside as well has no bound: the tunnel's copy
// stands for both.
type eventBound struct {
	spent   map[netip.Addr]spending // by sender; the zero Addr: of those who share
	refused blind.AddressCounter
	swept   int64 // the minute in which room was looked for
}

// spending is what was delivered of a sender in a minute.
type spending struct {
	minute int64
	n      int
}

// allows reports whether a finding may be delivered at a time, in nanoseconds.
func (b *eventBound) allows(o *Options, f *classify.Finding, now int64) bool {
	if o.TunnelEvents == 0 || !f.Flagged || f.Outside || !f.Sender.IsValid() {
		return true
	}
	minute := now / int64(time.Minute)
	account := b.account(f.Sender, minute)
	spent := b.spent[account]
	if spent.minute != minute {
		spent = spending{minute: minute}
	}
	if spent.n++; spent.n > o.TunnelEvents {
		b.refused.Count(f.Sender)
		return false
	}
	b.spent[account] = spent
	return true
}

// account is who a finding of a sender is charged to.
func (b *eventBound) account(sender netip.Addr, minute int64) netip.Addr {
	if b.spent == nil {
		b.spent = make(map[netip.Addr]spending)
	}
	if _, ok := b.spent[sender]; ok || len(b.spent) < maxBounded {
		return sender
	}
	if b.swept != minute {
		b.swept = minute
		for of, spent := range b.spent {
			if spent.minute < minute-1 || spent.minute > minute {
				delete(b.spent, of)
			}
		}
	}
	if len(b.spent) < maxBounded {
		return sender
	}
	return netip.Addr{}
}
