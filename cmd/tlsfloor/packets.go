package main

import (
	"io"
	"time"

	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/keep"
	"tlsfloor/cmd/internal/keep/packetfile"
	"tlsfloor/cmd/internal/metrics"
)

// packets is what a run does with the packets of flagged flows. All methods do nothing
// for nil: without -w.
type packets struct {
	file   *packetfile.File
	keeper *keep.Keeper
	name   string
	only   bool // they are all that is written: there is no output for events
}

// openWritten opens what is written: the outputs for events, and the file for packets.
func (w *watcher) openWritten(outputs []config.Config, stdout io.Writer) (err error) {
	w.begin("opening the outputs")
	if w.events, err = w.openOutputs(outputs, stdout); err != nil {
		return err
	}
	w.openSeries()
	w.opened.Store(w.events)
	w.begin("opening the file for packets")
	w.packets, err = w.openPackets(stdout)
	return err
}

// maxQueued is the most of the share of packets that may wait to be written, in bytes.
const maxQueued = 4 << 20

// openPackets opens the file of -w; nil: there is none.
func (w *watcher) openPackets(stdout io.Writer) (*packets, error) {
	o := w.options
	if o.Write == "" {
		return nil, nil
	}
	if err := o.CheckTerminal(isTerminal(stdout)); err != nil {
		return nil, err
	}
	queued := min(w.shares.Packets/8, maxQueued)
	file, err := packetfile.Open(packetfile.Options{
		Path: o.Write, Every: o.Rotate(), Stdout: stdout, Application: "tlsfloor " + version(), Live: w.live(),
		Memory: int(queued), Inputs: o.Files, Note: func(line string) { w.note("%s", printable(line)) },
	})
	if err != nil {
		return nil, err
	}
	p := &packets{file: file, name: o.Write, keeper: keep.New(file, w.shares.Packets-queued), only: o.Write == "-" && len(o.Outputs) == 0}
	if p.only && !w.live() && !o.Follow { // else the first line says it
		w.note("standard output has packets; events are not written: -o file:PATH would write them")
	}
	return p, nil
}

func (p *packets) keeperOrNil() *keep.Keeper {
	if p == nil {
		return nil
	}
	return p.keeper
}

// paths are the files that are opened again, or followed by others.
func (p *packets) paths() []string {
	if p == nil || p.file.Path() == "" {
		return nil
	}
	return []string{p.file.Path()}
}

// endBy has writing give up at a time.
func (p *packets) endBy(end time.Time) {
	if p != nil {
		p.file.EndBy(end)
	}
}

func (p *packets) reopen() {
	if p != nil {
		p.file.Reopen()
	}
}

// nobodyReads reports whether the reader of all that is written is gone.
func (p *packets) nobodyReads() bool { return p != nil && p.only && p.file.Broken() }

// packetTrouble reports the first error of the file. Events go on.
func (w *watcher) packetTrouble() {
	if w.packets != nil {
		w.reportPackets(w.packets.file.Err())
	}
}

func (w *watcher) reportPackets(err error) {
	if err == nil || packetfile.ReaderGone(err) {
		return // a reader that closes early, like head, is not an error
	}
	w.progress.clear()
	w.trouble(err)
}

// closePackets writes what waits.
func (w *watcher) closePackets() {
	if w.packets != nil {
		w.reportPackets(w.packets.file.Close())
	}
}

// addTo adds what was kept to the counts of the run.
func (p *packets) addTo(c *metrics.Counts) {
	if p != nil {
		file := p.file.Stats()
		c.PacketsWritten, c.PacketsLost, c.FlowsNotWhole = file.Written, file.Lost, p.keeper.Stats().NotWhole
	}
}

// notePackets writes how many packets were kept.
func (w *watcher) notePackets() {
	if w.packets == nil {
		return
	}
	kept, file := w.packets.keeper.Stats(), w.packets.file.Stats()
	w.say("packets written to %s: %d, of flagged flows: %d", printable(w.packets.name), file.Written, kept.Flows)
	w.noteCount(kept.NotWhole, "flagged flow* of which packets are missing: there was no memory to hold them (--memory)")
	w.noteCount(file.Lost, "packet* of flagged flows not written: the file failed, was too slow, or was closed by its reader")
}
