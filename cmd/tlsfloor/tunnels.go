package main

import "strings"

// tunnelEvents bounds the flagged events that are written for one sender of tunnels in a
// minute. Ten a second are more than anybody reads, and show who floods.
const tunnelEvents = 600

// noteTunnels reports which senders of tunnels are believed, on interfaces.
func (w *watcher) noteTunnels() {
	if !w.live() {
		return
	}
	t := w.options.Decoding().Trust
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
