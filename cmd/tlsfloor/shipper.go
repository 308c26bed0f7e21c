package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/connections"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/ship"
	"tlsfloor/cmd/internal/ship/link"
	"tlsfloor/cmd/internal/wording"
)

// delivery is the process that delivers to outputs on the network, as the sensor sees it,
// and the journal between them. All methods do nothing for nil: all outputs are local.
type delivery struct {
	remote  *options.Remote
	journal string           // folder
	own     *connections.Own // connections of the shipper; nil: captures are read
	started *startedShipper

	shipper *link.Shipper
	end     atomic.Int64 // when to end, in Unix nanoseconds; 0: not known
	next    uint64       // of the journal, at the end
	lost    bool         // it was reported that the process has ended
}

// maxJournals bounds the journals in the default folder: each run that goes on at the same
// time has its own.
const maxJournals = 16

// newDelivery chooses the journal for outputs on the network, and makes its folder.
func newDelivery(r *options.Remote, heir ownership.Heir) (*delivery, error) {
	d := &delivery{remote: r, journal: filepath.Join(r.Spool, "journal")}
	for n := 2; !r.Chosen && n <= maxJournals && journal.IsInUse(d.journal); n++ {
		d.journal = filepath.Join(r.Spool, fmt.Sprintf("journal-%d", n))
	}
	// The shipper of a run that was killed a moment ago lets go of it soon.
	for end := time.Now().Add(2 * time.Second); journal.IsInUse(d.journal); time.Sleep(lookEvery) {
		if time.Now().After(end) {
			return nil, fmt.Errorf("--spool: journal %s: %w", d.journal, journal.ErrInUse)
		}
	}
	const mode = 0o750 // the process that delivers has the group
	if err := heir.MakeFolder(d.journal, mode); err != nil {
		return nil, fmt.Errorf("--spool: %w", err)
	}
	return d, nil
}

// written replaces the outputs on the network by the journal.
func (d *delivery) written(outputs []config.Config) (local []config.Config) {
	if d == nil {
		return outputs
	}
	for i := range outputs {
		if outputs[i].IsLocal() {
			local = append(local, outputs[i])
		}
	}
	return append(local, config.Shared(d.journal, d.remote.Outputs))
}

// begin waits until the shipper is ready.
func (d *delivery) begin(m *messages) (err error) {
	if d == nil {
		return nil
	}
	go confineLog(d.started, m.logOf(shipCommand))
	d.shipper, err = link.Open(d.started.Socket, func(line string) { m.say("%s", printable(line)) })
	if err != nil {
		return err
	}
	m.note("events wait in %s until they are delivered", printable(d.journal))
	d.noteOldSpools(m)
	return nil
}

// noteOldSpools reports spools of versions before the journal. Their events are in the
// formats of their outputs, of which a journal has none.
func (d *delivery) noteOldSpools(m *messages) {
	entries, _ := ownership.ReadDir(d.remote.Spool) // it has the journal
	for _, e := range entries {
		if path := filepath.Join(d.remote.Spool, e.Name()); e.IsDir() && isOldSpool(path) {
			m.say("%s has events of an earlier version: start that version once more, with the same options, to have them delivered", printable(path))
		}
	}
}

// isOldSpool reports whether a folder has segments of such a spool.
func isOldSpool(folder string) bool {
	entries, _ := ownership.ReadDir(folder)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), ".seg") })
}

func (d *delivery) reopen() error {
	if d == nil || d.shipper.Err() != nil {
		return nil
	}
	return d.shipper.Reopen()
}

// outputs returns what the shipper has done.
func (d *delivery) outputs() []ship.Output {
	if d == nil || d.shipper == nil {
		return nil
	}
	return d.shipper.Outputs()
}

// waiting is how many events an output has not delivered, of a journal that goes on at next.
func waiting(o *ship.Output, next uint64) uint64 { return next - min(next, o.Next) }

// check reports once that the shipper has ended. The journal keeps what it did not deliver.
func (d *delivery) check() error {
	if d == nil || d.lost || d.shipper.Err() == nil {
		return nil
	}
	d.lost = true
	return fmt.Errorf("%w: events wait in %s; it is started again with the next run", d.shipper.Err(), d.journal)
}

// mostWait is how long the end of a live run waits for outputs that do take events, but
// never all.
const mostWait = 20 * time.Second

// endBy makes finish return by then, also while it waits.
func (d *delivery) endBy(end time.Time) {
	if d == nil {
		return
	}
	d.end.Store(end.UnixNano())
	if d.shipper != nil {
		_ = d.shipper.Finish(d.left(end)) // an error means that it has ended
	}
}

// left is the time until then, less what reporting takes.
func (d *delivery) left(end time.Time) time.Duration {
	const margin = 200 * time.Millisecond
	return max(time.Until(end)-margin, time.Millisecond)
}

// finish waits until everything is delivered, no output makes progress, or the time for
// that is over. next is where the journal, which is closed, ends.
func (d *delivery) finish(live bool, next uint64) {
	if d == nil {
		return
	}
	d.next = next
	within := time.Duration(0)
	if end := d.end.Load(); end != 0 {
		within = d.left(time.Unix(0, end))
	}
	_ = d.shipper.Finish(within)
	var late <-chan time.Time
	if live && within == 0 {
		late = time.After(mostWait)
	}
	for {
		select {
		case <-d.shipper.Done():
			d.started.awaitEnd()
			return
		case <-late:
			d.endBy(time.Now())
			late = nil
		}
	}
}

// results reports what was not delivered. The error says what never will be.
func (d *delivery) results(note func(string, ...any)) error {
	if d == nil {
		return nil
	}
	errs := []error{d.check()}
	for _, o := range d.outputs() {
		name := printable(o.Name)
		if n := waiting(&o, d.next); n > 0 {
			note("%s: %s kept in %s for the next run", name, wording.Count(n, "event*"), printable(d.journal))
		}
		if o.Refused > 0 {
			errs = append(errs, fmt.Errorf("%s: %s refused", name, wording.Count(o.Refused, "event*")))
		}
		if o.Lost > 0 {
			errs = append(errs, fmt.Errorf("%s: %s lost", name, wording.Count(o.Lost, "event*")))
		}
	}
	return errors.Join(errs...)
}

// ownConnections are those that tlsfloor itself has made, by the journals whose readers tell.
type ownConnections []*connections.Own

// take returns the function that reports whether a connection is one of them; nil: nobody
// tells.
func (o ownConnections) take() func(client, server netip.AddrPort, hello int64) bool {
	if o == nil {
		return nil
	}
	return func(client, server netip.AddrPort, hello int64) bool {
		for _, journal := range o {
			if journal.Take(connections.Pair{Client: client, Server: server}, hello) {
				return true
			}
		}
		return false
	}
}

// journalEnd is the index of the event that comes next in the journal of remote outputs.
func (w *watcher) journalEnd() uint64 {
	if w.delivery == nil {
		return 0
	}
	all := w.events.Stats()
	return all[len(all)-1].Next
}

// listen lets the readers of journals tell.
func (w *watcher) listen(outputs []config.Config) error {
	if w.delivery != nil && w.delivery.own != nil {
		w.own = append(w.own, w.delivery.own)
	}
	for i := range outputs {
		folder := outputs[i].JournalFolder()
		if folder == "" || !w.live() || w.delivery != nil && folder == w.delivery.journal {
			continue
		}
		own, err := connections.Listen(folder)
		if err != nil {
			return err
		}
		w.own = append(w.own, own)
	}
	return nil
}
