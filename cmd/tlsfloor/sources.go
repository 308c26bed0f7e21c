package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tlsfloor/capture/file"
	"tlsfloor/capture/live"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/sink"
)

// open opens the interfaces or the captures.
func (w *watcher) open(stdin io.Reader) error {
	if len(w.options.Interfaces) > 0 {
		return w.openLive()
	}
	return w.openFiles(stdin)
}

func (w *watcher) openLive() error {
	ring, _, err := w.options.Ring()
	if err != nil {
		return err
	}
	src, err := live.Open(live.Options{
		Interfaces: w.options.Interfaces, Filter: w.options.Expression, Timeout: w.latency(),
		Snaplen: w.options.Snaplen, BufferBytes: int(ring), Promiscuous: w.options.Promiscuous,
	})
	if err != nil {
		return err
	}
	none := func() []string { return nil }
	w.source, w.stop, w.latePaths, w.followed = src, src.Stop, none, none
	return nil
}

// latency is how long packets may wait in the kernel; 0: the default, which saves
// processor time. With --process it is short, because a process is found only while it
// runs, and curl may end three milliseconds after its ClientHello.
func (w *watcher) latency() time.Duration {
	if w.options.Process {
		return time.Millisecond
	}
	return 0
}

func (w *watcher) openFiles(stdin io.Reader) error {
	o := file.Options{Stdin: stdin, Follow: w.options.Follow, Memory: w.options.Budget().MostInput()}
	if w.options.Expression != "" {
		compile, err := live.Compiler(w.options.Expression)
		if err != nil {
			return w.options.BadExpression(err)
		}
		w.filter = blind.NewFilter(compile, w.options.Decoding())
		o.Filter = w.filter.Compile
	}
	src, err := file.Open(w.options.Files, o)
	if err != nil {
		return err
	}
	for _, l := range src.LeftOut() {
		w.note("%s", printable(l.String()))
		w.inputs.noteLeftOut(&l)
	}
	if w.terminal && !w.quiet && movesCursor() { // a line that is shown is removed again
		w.progress = &progress{messages: w.messages, of: src.Progress}
	}
	w.source, w.stop, w.latePaths, w.followed = src, src.Stop, src.LatePaths, src.FollowedFiles
	return nil
}

// listInterfaces lists the interfaces for -i, a line each.
func listInterfaces(stdout io.Writer, m *messages) int {
	all, err := live.Interfaces()
	if err != nil {
		return m.fail(err)
	}
	for _, i := range all {
		fmt.Fprintln(stdout, strings.TrimRight(fmt.Sprintf("%-16s %-9s %s", i.Name, state(i), about(i)), " "))
	}
	return exitOK
}

func state(i live.Interface) string {
	switch {
	case i.Running:
		return "up"
	case i.Up:
		return "up, idle"
	}
	return "down"
}

// about returns an interface's addresses, or else the system's description.
func about(i live.Interface) string {
	if len(i.Addresses) == 0 {
		return printable(i.Description)
	}
	addresses := make([]string, len(i.Addresses))
	for n, a := range i.Addresses {
		addresses[n] = a.String()
	}
	return strings.Join(addresses, " ")
}

func (w *watcher) openOutputs(configs []config.Config, stdout io.Writer) (*sink.Set, error) {
	return sink.Open(configs, sink.Options{
		Live:   w.live(),
		Inline: !w.live() && w.options.Workers == 1,
		Sensor: event.Sensor{Host: w.options.SensorName(), Version: version(), Live: w.live()},
		Heir:   w.heir(),
		Stdout: w.progress.below(stdout), Style: w.options.Style(isTerminal(stdout) && showsColors()), Mask: w.mask, Memory: int(w.shares.Output),
		Note: func(line string) { w.progress.clear(); w.say("%s", printable(line)) },
	})
}

// live reports whether packets come from interfaces.
func (w *watcher) live() bool { return w.options.Live() }
