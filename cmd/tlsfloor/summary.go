package main

import (
	"io"
	"os"
	"strings"

	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
	"tlsfloor/cmd/internal/wording"
)

// summarise writes the summary at the end.
func (w *watcher) summarise(s *sensor.Stats, spots []blind.Spot) {
	run := report.Run{Packets: s.Source.Frames, First: s.First, Last: s.Last, Blind: spots, Top: w.options.Top, Hint: w.hint(s)}
	err := w.summary.Write(w.w, run, w.color)
	switch {
	case err != nil:
	case w.live():
		w.noteCounts(s)
	default:
		w.noteSeries()
	}
}

// hint says what to try next, by the results of this run: in two lines, of which the
// second is a command.
func (w *watcher) hint(s *sensor.Stats) string {
	flagged, _ := w.summary.Flagged()
	switch {
	case flagged > 0 && w.next.explain != "":
		return "To see what to change:\n  " + w.next.explain
	case flagged > 0 && w.next.piped:
		return "To see what to change, add -q to this command, and put this behind it:\n  | tlsfloor explain -"
	case s.Handshakes > 0 && w.next.all != "":
		return "To see every handshake:\n  " + w.next.all
	case s.Handshakes == 0 && s.Source.Frames > 0:
		return "No TLS here: does the capture see the traffic, and from its beginning?"
	}
	return ""
}

// nextCommands are commands to try after a run; empty: there is none.
type nextCommands struct {
	explain string // explains the events of this run
	all     string // writes every handshake
	piped   bool   // explain would be this command in a pipe, but is too long
}

// findNext finds the commands to try next, while files may still be looked at.
func (w *watcher) findNext(outputs []config.Config, stdout io.Writer) {
	o := w.options
	w.next.explain = explainFile(eventsFile(outputs, stdout))
	if w.next.explain == "" && len(o.Outputs) == 0 && o.Write != "-" {
		w.next.piped = true
		with := []string{"-q"}
		if outputs[0].Format != "native" {
			with = append(with, "--format", "native")
		}
		if again := o.Again(with...); again != "" {
			w.next.explain = again + " | tlsfloor explain -"
		}
	}
	if o.Emit != "all" && len(o.Outputs) == 0 && o.Write != "-" && !o.Live() {
		w.next.all = o.Again("--emit", "all")
	}
}

// eventsFile returns the name of a file with the native events of a run, or "".
func eventsFile(outputs []config.Config, stdout io.Writer) string {
	for i := range outputs {
		c := &outputs[i]
		if c.Format != "native" {
			continue
		}
		if path, ok := strings.CutPrefix(c.Name(), "file:"); ok {
			return path
		}
		if name := nameOf(stdout); c.Name() == "stdout" && name != "" {
			return name
		}
	}
	return ""
}

// explainFile is a command that explains the events in a file. A file of root may be
// readable by root only.
func explainFile(path string) string {
	if path == "" {
		return ""
	}
	command := "tlsfloor explain " + report.ShellLine([]string{path})
	if os.Getenv("SUDO_USER") != "" {
		command = "sudo " + command
	}
	return command
}

// nameOf returns the name of the file that standard output is, or "".
func nameOf(stdout io.Writer) string {
	f, ok := stdout.(*os.File)
	if !ok {
		return ""
	}
	name, err := os.Readlink("/proc/self/fd/1")
	if err != nil {
		return ""
	}
	is, err := f.Stat()
	named, errNamed := os.Stat(name)
	if err != nil || errNamed != nil || !is.Mode().IsRegular() || !os.SameFile(is, named) {
		return ""
	}
	if here, err := os.Getwd(); err == nil {
		if below, ok := strings.CutPrefix(name, strings.TrimSuffix(here, "/")+"/"); ok {
			return below
		}
	}
	return name
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
	flagged, _ := w.summary.Flagged()
	w.say("%s, %d dropped by the kernel, %d dropped by the interface; %s, %s, %d flagged",
		wording.Count(s.Source.Frames, "packet* seen"), s.Source.KernelDropped, s.Source.InterfaceDropped,
		wording.Count(s.Flows(), "flow*"), wording.Count(s.ClientHellos+s.ServerHellos, "hello*"), flagged)
	if n, by := w.summary.Excepted(); n > 0 {
		w.say("%s excepted (--except): %s", wording.Count(n, "handshake*"), by)
	}
	w.noteCount(s.Own, "handshake* of tlsfloor itself, on the way to its outputs, left out")
	w.noteCount(s.GivenUp(), "connection* given up for lack of memory")
	w.noteSeries()
	w.noteProcesses()
}

// noteBlind writes what could not be seen so far, for SIGUSR1.
func (w *watcher) noteBlind(spots []blind.Spot) {
	for i := range spots {
		w.say("%d %s", spots[i].Count, spots[i].Text())
	}
}

// noteCount writes a count that is not 0. The * of its noun becomes the plural's s.
func (w *watcher) noteCount(n uint64, of string) {
	if n > 0 {
		w.say("%s", wording.Count(n, of))
	}
}
