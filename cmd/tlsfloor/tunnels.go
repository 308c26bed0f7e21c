package main

import (
	"fmt"
	"net/netip"
	"strings"

	"tlsfloor/capture/decode"
)

// The special values of --tunnels.
const (
	tunnelsOfAll  = "all"
	tunnelsOfNone = "none"
	tunnelsOwn    = "own"
)

// tunnelEvents bounds the flagged events that are written for one sender of tunnels in a
// minute. Ten a second are more than anybody reads, and show who floods.
const tunnelEvents = 600

// believedSenders is --tunnels or its default. On interfaces anybody may send tunnels, so
// the default is "own": a sender can then only lie about its own connections, and AWS
// Traffic Mirroring, which sends a host's own connections, still works (see
// docs/security.md). A capture has what its recorder chose, so the default is "all".
func (o *options) believedSenders() []string {
	switch {
	case o.tunnels != nil:
		return o.tunnels
	case len(o.interfaces) > 0:
		return []string{tunnelsOwn}
	}
	return []string{tunnelsOfAll}
}

// trust parses --tunnels.
func (o *options) trust() (t decode.Trust, err error) {
	values := o.believedSenders()
	if len(values) == 0 {
		values = []string{""}
	}
	t.Limited = true
	for _, word := range values {
		switch word {
		case tunnelsOfAll, tunnelsOfNone:
			if len(values) > 1 {
				return t, fmt.Errorf("--tunnels %s: %s stands alone", strings.Join(values, ","), word)
			}
			t.Limited = word == tunnelsOfNone
		case tunnelsOwn:
			t.Own = true
		default:
			p, ok := senders(word)
			if !ok {
				return t, fmt.Errorf("--tunnels %q: must be all, none, own, an address or a prefix", word)
			}
			t.From = append(t.From, p)
		}
	}
	return t, nil
}

// senders parses an address or a prefix. An IPv4-mapped IPv6 address is taken as IPv4,
// since no packet has it on the wire.
func senders(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return p, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// noteTunnels reports which senders of tunnels are believed, on interfaces.
func (w *watcher) noteTunnels() {
	if !w.live() {
		return
	}
	t := w.options.decoding().Trust
	switch {
	case !t.Limited:
		w.note("tunnels: all senders are believed, so whoever can send a datagram here can invent any connection")
	case len(t.From) == 0 && t.Own:
		w.note("tunnels: each sender is believed about its own connections; --tunnels names others to believe")
	case len(t.From) == 0:
		w.note("tunnels: no sender is believed")
	default:
		text := make([]string, len(t.From))
		for i, p := range t.From {
			text[i] = p.String()
		}
		others := ""
		if t.Own {
			others = ", and each other sender about its own connections"
		}
		w.note("tunnels: senders in %s are believed%s", strings.Join(text, ", "), others)
	}
}

// tunnelEventsBound is tunnelEvents, or 0 for captures, which have no bound.
func (w *watcher) tunnelEventsBound() int {
	if w.live() {
		return tunnelEvents
	}
	return 0
}
