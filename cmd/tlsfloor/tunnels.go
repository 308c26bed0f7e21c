package main

import (
	"fmt"
	"net/netip"
	"strings"

	"tlsfloor/capture/decode"
)

// The words of --tunnels.
const (
	tunnelsOfAll  = "all"
	tunnelsOfNone = "none"
	tunnelsOwn    = "own"
)

// tunnelEvents is how many flagged events of one tunnel's sender are written in a
// minute: ten a second are more than anybody reads, and tell who floods.
const tunnelEvents = 600

// whose is --tunnels, or what stands for it. On an interface anybody may send: what
// a sender tells of its own connections costs nobody else, and is what AWS Traffic
// Mirroring sends (see docs/security.md). What is in a capture was chosen by who
// made it.
func (o *options) whose() []string {
	switch {
	case o.tunnels != nil:
		return o.tunnels
	case len(o.interfaces) > 0:
		return []string{tunnelsOwn}
	}
	return []string{tunnelsOfAll}
}

// trust reads --tunnels.
func (o *options) trust() (t decode.Trust, err error) {
	whose := o.whose()
	if len(whose) == 0 {
		whose = []string{""}
	}
	t.Limited = true
	for _, word := range whose {
		switch word {
		case tunnelsOfAll, tunnelsOfNone:
			if len(whose) > 1 {
				return t, fmt.Errorf("--tunnels %s: %s stands alone", strings.Join(whose, ","), word)
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

// senders reads an address, or a prefix of addresses. IPv4 in the form of IPv6 is
// IPv4: no packet has it on the wire.
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

// sayTunnels says whose tunnels are believed, where somebody may send them.
func (w *watcher) sayTunnels() {
	if !w.live() {
		return
	}
	t := w.options.decoding().Trust
	switch {
	case !t.Limited:
		w.note("tunnels: everybody's are believed: who can send a datagram here can tell of any connection")
	case len(t.From) == 0 && t.Own:
		w.note("tunnels: each sender is believed about connections of its own; --tunnels says whom else to believe")
	case len(t.From) == 0:
		w.note("tunnels: nobody's are believed")
	default:
		text := make([]string, len(t.From))
		for i, p := range t.From {
			text[i] = p.String()
		}
		others := ""
		if t.Own {
			others = ", and each other's about connections of its own"
		}
		w.note("tunnels: those of %s are believed%s", strings.Join(text, ", "), others)
	}
}

// tunnelEventsBound is the bound of this run: a capture that is read twice gives the
// same, and waits for nobody.
func (w *watcher) tunnelEventsBound() int {
	if w.live() {
		return tunnelEvents
	}
	return 0
}
