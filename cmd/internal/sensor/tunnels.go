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
// A sender that is believed about its own packets only (see decode.SourceWord) could
// still accuse others: of having connected to it with an old version, or of having
// asked it for a name. So it is believed only about connections and DNS questions of
// which it is the client.
type tunnels struct {
	dnsMessages blind.AddressCounter // senders of DNS messages that are not believed
	allowances  allowances
	reported    bool // Disbelief was reported
}

// list lists what was not believed or not delivered. clients are
// session.Sessions.DisbelievedClients.
func (t *tunnels) list(clients *blind.AddressCounter) blind.Tunnels {
	return blind.Tunnels{Messages: t.dnsMessages.List(), Clients: clients.List(), Bounded: t.allowances.withheld.List()}
}

// Disbelief reports that there are packets in tunnels whose sender is not believed. It
// is a notice, not a failure.
type Disbelief struct {
	Sender netip.Addr
	Tunnel string // as in an event's "tunnels"
}

func (d *Disbelief) Error() string {
	return fmt.Sprintf("packets in a tunnel (%s) from %s are not believed; if it is a mirror or a tunnel of yours, give --tunnels own,%s",
		d.Tunnel, d.Sender, d.Sender)
}

// reportDisbelieved reports the first packet that is not believed, on interfaces only:
// there the summary, which counts these packets, may be far away.
func (t *tunnels) reportDisbelieved(o *Options, p *decode.Packet) {
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

// believesDNS reports whether a DNS packet is believed. If its sender is believed about
// its own packets only, it has to be that sender's question or the answer to it. Others
// are counted.
func (t *tunnels) believesDNS(p *decode.Packet) bool {
	if p.Word == decode.SourceWord && p.SrcPort == portDNS || p.Word == decode.DestinationWord && p.DstPort == portDNS {
		t.dnsMessages.Count(session.SenderOf(p))
		return false
	}
	return true
}

// maxAllowances bounds the senders that have an allowance of their own. Others share
// one, until senders without events for a minute make room. So a flood from forged
// senders takes nothing from those that were there before.
const maxAllowances = 4096

// allowances bounds the flagged findings that are delivered per sender of tunnels. Such
// a sender needs only one datagram for a finding, and must not flood the reader of the
// events. Findings that are withheld are judged, counted and tallied like all others.
// A connection that was also seen outside of any tunnel has no bound, even if its copy
// in the tunnel came first.
type allowances struct {
	spent    map[netip.Addr]spending // by sender; the zero Addr: shared by all others
	withheld blind.AddressCounter    // senders of findings that were not delivered
	swept    int64                   // the last minute in which old entries were deleted
}

// spending is the number of findings delivered for a sender in a minute.
type spending struct {
	minute int64
	n      int
}

// allows reports whether a finding may be delivered. now is in nanoseconds.
func (b *allowances) allows(o *Options, f *classify.Finding, now int64) bool {
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
		b.withheld.Count(f.Sender)
		return false
	}
	b.spent[account] = spent
	return true
}

// account is the key in spent that a finding of a sender counts for.
func (b *allowances) account(sender netip.Addr, minute int64) netip.Addr {
	if b.spent == nil {
		b.spent = make(map[netip.Addr]spending)
	}
	if _, ok := b.spent[sender]; ok || len(b.spent) < maxAllowances {
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
	if len(b.spent) < maxAllowances {
		return sender
	}
	return netip.Addr{}
}
