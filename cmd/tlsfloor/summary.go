package main

import (
	"fmt"
	"strings"

	"tlsfloor/cmd/internal/blind"
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
func (w *watcher) summarise(s *sensor.Stats, spots []blind.Spot) {
	err := w.summary.Write(w.w, report.Run{Packets: s.Source.Frames, Blind: spots, Hint: w.hint(s)}, w.color)
	if err == nil && len(w.options.interfaces) > 0 {
		w.counts(s)
	}
}

// hint says what to try next, from what this run was and was not.
func (w *watcher) hint(s *sensor.Stats) string {
	var lines []string
	switch {
	case w.summary.Flagged() > 0 && w.options.emit == "flagged" && len(w.options.outputs) == 0:
		lines = append(lines, "each flagged flow is one JSON line on standard output. To see what to change:", "  "+w.options.explained())
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

// explained is a command that explains what a run like this one finds.
func (o *options) explained() string {
	if len(o.interfaces) > 0 {
		return "sudo tlsfloor -q -i any | tlsfloor explain -"
	}
	return "tlsfloor -q -r FILE... | tlsfloor explain -"
}

// counts prints the numbers of the run, also while it runs (SIGUSR1).
func (w *watcher) counts(s *sensor.Stats) {
	w.note("%d packets seen, %d dropped by the kernel, %d dropped by the interface; %d flows, %d hellos, %d flagged",
		s.Source.Frames, s.Source.KernelDropped, s.Source.InterfaceDropped,
		s.Flow.Flows, s.ClientHellos+s.ServerHellos, s.Flagged)
	w.count(s.Flow.EvictedSum(), "connections given up for lack of room")
	w.countProcesses()
}

// countBlind mentions what could not be seen so far; the summary does so at the
// end.
func (w *watcher) countBlind(spots []blind.Spot) {
	for i := range spots {
		w.count(spots[i].Count, spots[i].Text())
	}
}

// count mentions a number that should be nothing, when it is not.
func (w *watcher) count(n uint64, of string) {
	if n > 0 {
		w.note("%s", fmt.Sprintf("%d %s", n, of))
	}
}
