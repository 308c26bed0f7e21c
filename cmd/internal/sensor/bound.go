package sensor

import (
	"net/netip"
	"time"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
)

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
