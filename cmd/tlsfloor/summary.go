package main

import (
	"fmt"
	"strings"

	"tlsfloor/capture/decode"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
)

// scopeInWords is how a sentence says that a destination is in scope.
func (o *options) scopeInWords() string {
	for _, s := range o.scope {
		if s != "aws" && s != "aws-all" {
			return "in scope"
		}
	}
	return "to AWS"
}

// summarise says at the end what was seen, flagged or not.
func (w *watcher) summarise(s *sensor.Stats) {
	err := w.summary.Write(w.w, report.Run{
		Packets: s.Source.Frames, KernelDropped: s.Source.KernelDropped, InterfaceDropped: s.Source.InterfaceDropped,
		Hint: w.hint(s),
	}, w.color)
	if err == nil && len(w.options.interfaces) > 0 {
		w.counts(s)
	}
}

// hint says what to try next, from what this run was and was not.
func (w *watcher) hint(s *sensor.Stats) string {
	var lines []string
	switch {
	case w.summary.Flagged() > 0 && w.options.emit == "flagged":
		lines = append(lines, "each flagged flow is one JSON line on standard output; | tlsfloor explain -\nsays what to change")
	case s.Handshakes > 0 && w.options.emit != "all":
		lines = append(lines, "--emit all writes every handshake, --emit aws those in scope")
	case s.Handshakes == 0 && s.Source.Frames > 0:
		lines = append(lines, "no TLS here: does the capture see the traffic, and from its beginning?")
	}
	if len(w.options.interfaces) == 0 && w.summary.Flagged() > 0 {
		lines = append(lines, "watch an interface as it happens: sudo tlsfloor -i any")
	}
	return strings.Join(lines, "\n")
}

// counts prints the numbers of the run, also while it runs (SIGUSR1).
func (w *watcher) counts(s *sensor.Stats) {
	w.note("%d packets seen, %d dropped by the kernel, %d dropped by the interface; %d flows, %d hellos, %d flagged",
		s.Source.Frames, s.Source.KernelDropped, s.Source.InterfaceDropped,
		s.Flow.Flows, s.ClientHellos+s.ServerHellos, s.Flagged)
	w.count(s.Flow.EvictedSum(), "connections given up for lack of room")
	w.count(s.Faults, "packets that led to a fault of tlsfloor's own")
	w.count(s.Malformed, "malformed hellos")
	w.count(s.Incomplete, "ClientHellos of which only the beginning was captured")
	w.count(s.Decode.Results[decode.Malformed], "malformed packets")
	w.countProcesses()
}

// count mentions a number that should be nothing, when it is not.
func (w *watcher) count(n uint64, of string) {
	if n > 0 {
		w.note("%s", fmt.Sprintf("%d %s", n, of))
	}
}
