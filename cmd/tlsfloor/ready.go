package main

import (
	"fmt"
	"strings"

	"tlsfloor/capture/decode"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/wording"
)

// noteReady writes the first line of a run that does not end by itself: what is watched,
// and where what goes.
func (w *watcher) noteReady(outputs []config.Config) {
	switch {
	case w.live():
		w.note("ready: watching %s; %s", w.watched(w.options.Interfaces), w.written(outputs))
		w.noteTunnels(w.options.Decoding().Trust)
	case w.options.Follow:
		w.note("ready: following %s; %s", w.watched(w.options.Files), w.written(outputs))
	}
}

// shownNames bounds the interfaces or captures in a line.
const shownNames = 4

// watched names interfaces or captures, and the expression.
func (w *watcher) watched(names []string) string {
	shown := make([]string, 0, shownNames+1)
	for _, name := range names[:min(len(names), shownNames)] {
		shown = append(shown, printable(name))
	}
	if more := len(names) - shownNames; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	text := wording.List(shown)
	if w.options.Expression != "" {
		text += fmt.Sprintf(" for %q", w.options.Expression)
	}
	return text
}

// written says which flows go to which outputs.
func (w *watcher) written(outputs []config.Config) string {
	var parts []string
	for i := range outputs {
		what := w.flows(outputs[i].Emit)
		if i > 0 && outputs[i].Emit == outputs[i-1].Emit {
			parts[len(parts)-1] += " and " + outputName(&outputs[i])
			continue
		}
		parts = append(parts, what+" go to "+outputName(&outputs[i]))
	}
	if to := w.options.Write; to != "" {
		if to == "-" {
			to = "standard output"
		}
		parts = append(parts, "packets of flagged flows go to "+printable(to))
	}
	if len(outputs) == 0 {
		parts = append(parts, "events are not written (-o file:PATH would write them)")
	}
	return strings.Join(parts, ", ")
}

func outputName(c *config.Config) string {
	if name := c.Name(); name != "stdout" {
		return printable(name)
	}
	return "standard output"
}

// flows names the flows that a value of --emit selects.
func (w *watcher) flows(selection config.Selection) string {
	if selection == config.SelectAll {
		return "all handshakes"
	}
	flows := "flows " + scopePhrase(w.options)
	if selection == config.SelectFlagged {
		return flows + " below " + w.options.Floor().String()
	}
	return flows
}

// noteTunnels reports which senders of tunnels are believed. That all are is a risk, and
// not for -v alone.
func (w *watcher) noteTunnels(t decode.Trust) {
	if !t.Limited {
		w.note("tunnels: all senders are believed, so whoever can send a datagram here can invent any connection")
		return
	}
	if w.options.Verbose == 0 {
		return
	}
	switch {
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
