package main

import (
	"fmt"
	"strings"

	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
)

// summarise writes the summary at the end.
func (w *watcher) summarise(s *sensor.Stats, spots []blind.Spot) {
	run := report.Run{Packets: s.Source.Frames, First: s.First, Last: s.Time, Blind: spots, Top: w.options.Top, Hint: w.hint(s)}
	err := w.summary.Write(w.w, run, w.color)
	if err == nil && len(w.options.Interfaces) > 0 {
		w.noteCounts(s)
	}
}

// hint says what to try next, by the options and results of this run.
func (w *watcher) hint(s *sensor.Stats) string {
	var lines []string
	switch {
	case w.summary.Flagged() > 0 && w.options.Emit == "flagged" && len(w.options.Outputs) == 0:
		lines = append(lines, "each flagged flow is one line on standard output. To see what to change:", "  "+explainCommand(w.options))
	case s.Handshakes > 0 && w.options.Emit != "all":
		lines = append(lines, "--emit all writes every handshake, --emit aws those in scope")
	case s.Handshakes == 0 && s.Source.Frames > 0:
		lines = append(lines, "no TLS here: does the capture see the traffic, and from its beginning?")
	}
	if len(w.options.Interfaces) == 0 && w.summary.Flagged() > 0 {
		lines = append(lines, "watch an interface as it happens: sudo tlsfloor -i any")
	}
	return strings.Join(lines, "\n")
}

// explainCommand is a command that explains the findings of a run like this one.
func explainCommand(o *options.Options) string {
	if len(o.Interfaces) > 0 {
		return "sudo tlsfloor -q -i any | tlsfloor explain -"
	}
	return "tlsfloor -q -r FILE... | tlsfloor explain -"
}

// scopePhrase is the phrase for a destination in scope.
func scopePhrase(o *options.Options) string {
	for _, s := range o.Scope {
		if s != "aws" && s != "aws-all" {
			return "in scope"
		}
	}
	return "to AWS"
}

// noteCounts writes the counts of the run, at its end or for SIGUSR1.
func (w *watcher) noteCounts(s *sensor.Stats) {
	w.say("%d packets seen, %d dropped by the kernel, %d dropped by the interface; %d flows, %d hellos, %d flagged",
		s.Source.Frames, s.Source.KernelDropped, s.Source.InterfaceDropped,
		s.Flow.Flows, s.ClientHellos+s.ServerHellos, s.Flagged)
	w.noteCount(s.Flow.EvictedSum(), "connections given up for lack of room")
	w.noteProcesses()
}

// noteBlind writes what could not be seen so far, for SIGUSR1.
func (w *watcher) noteBlind(spots []blind.Spot) {
	for i := range spots {
		w.noteCount(spots[i].Count, spots[i].Text())
	}
}

// noteCount writes a count that is not 0.
func (w *watcher) noteCount(n uint64, of string) {
	if n > 0 {
		w.say("%s", fmt.Sprintf("%d %s", n, of))
	}
}
