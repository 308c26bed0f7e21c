package delivery

import (
	"fmt"
	"io/fs"
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

// Delivery is the process that delivers to outputs on the network, as the sensor sees it,
// and the journal between them. All methods do nothing for nil: all outputs are local.
type Delivery struct {
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
func newDelivery(r *options.Remote, heir ownership.Heir) (*Delivery, error) {
	d := &Delivery{remote: r, journal: filepath.Join(r.Spool, "journal")}
	for n := 2; !r.Chosen && n <= maxJournals && journal.IsInUse(d.journal); n++ {
		d.journal = filepath.Join(r.Spool, fmt.Sprintf("journal-%d", n))
	}
	// The shipper of a run that was killed a moment ago lets go of it soon.
	for end := time.Now().Add(2 * time.Second); journal.IsInUse(d.journal); time.Sleep(50 * time.Millisecond) {
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

// Replace replaces the outputs on the network by the journal.
func (d *Delivery) Replace(outputs []config.Config) (local []config.Config) {
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

// Messages are called with lines for the user, which may have any characters.
type Messages struct {
	Log  func(line string) // what the process writes to its standard error
	Note func(line string) // what -q suppresses
	Say  func(line string)
}

// Begin waits until the shipper is ready.
func (d *Delivery) Begin(m Messages) (err error) {
	if d == nil {
		return nil
	}
	go forwardLog(d.started, m.Log)
	d.shipper, err = link.Open(d.started.Socket, m.Say)
	if err != nil {
		return err
	}
	m.Note(fmt.Sprintf("events wait in %s until they are delivered", d.journal))
	d.noteOldSpools(m.Say)
	return nil
}

// noteOldSpools reports spools of versions before the journal. Their events are in the
// formats of their outputs, of which a journal has none.
func (d *Delivery) noteOldSpools(say func(string)) {
	entries, _ := ownership.ReadDir(d.remote.Spool) // it has the journal
	for _, e := range entries {
		if path := filepath.Join(d.remote.Spool, e.Name()); e.IsDir() && isOldSpool(path) {
			say(path + " has events of an earlier version: start that version once more, with the same options, to have them delivered")
		}
	}
}

// isOldSpool reports whether a folder has segments of such a spool.
func isOldSpool(folder string) bool {
	entries, _ := ownership.ReadDir(folder)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), ".seg") })
}

// Reopen makes the shipper read secrets and certificates again, and try again at once.
func (d *Delivery) Reopen() error {
	if d == nil || d.shipper.Err() != nil {
		return nil
	}
	return d.shipper.Reopen()
}

// Stats returns what the shipper has done.
func (d *Delivery) Stats() []ship.Output {
	if d == nil || d.shipper == nil {
		return nil
	}
	return d.shipper.Outputs()
}

// Waiting is how many events an output has not delivered, of a journal that goes on at next.
func Waiting(o *ship.Output, next uint64) uint64 { return next - min(next, o.Next) }

// Check reports once that the shipper has ended. The journal keeps what it did not deliver.
func (d *Delivery) Check() error {
	if d == nil || d.lost || d.shipper.Err() == nil {
		return nil
	}
	d.lost = true
	return fmt.Errorf("%w: events wait in %s; it is started again with the next run", d.shipper.Err(), d.journal)
}

// mostWait is how long the end of a live run waits for outputs that do take events, but
// never all.
const mostWait = 20 * time.Second

// EndBy makes Finish return by then, also while it waits.
func (d *Delivery) EndBy(end time.Time) {
	if d == nil {
		return
	}
	d.end.Store(end.UnixNano())
	if d.shipper != nil {
		_ = d.shipper.Finish(d.left(end)) // an error means that it has ended
	}
}

// left is the time until then, less what reporting takes.
func (d *Delivery) left(end time.Time) time.Duration {
	const margin = 200 * time.Millisecond
	return max(time.Until(end)-margin, time.Millisecond)
}

// Finish waits until everything is delivered, no output makes progress, or the time for
// that is over. next is where the journal, which is closed, ends.
func (d *Delivery) Finish(live bool, next uint64) {
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
			d.EndBy(time.Now())
			late = nil
		}
	}
}

// Results reports what was not delivered. The errors say what never will be.
func (d *Delivery) Results(say func(string)) (errs []error) {
	if d == nil {
		return nil
	}
	if err := d.Check(); err != nil {
		errs = append(errs, err)
	}
	for _, o := range d.Stats() {
		name := o.Name
		if n := Waiting(&o, d.next); n > 0 {
			say(fmt.Sprintf("%s: %s kept in %s for the next run", name, wording.Count(n, "event*"), d.journal))
		}
		if o.Refused > 0 {
			errs = append(errs, fmt.Errorf("%s: %s refused", name, wording.Count(o.Refused, "event*")))
		}
		if o.Lost > 0 {
			errs = append(errs, fmt.Errorf("%s: %s lost", name, wording.Count(o.Lost, "event*")))
		}
	}
	return errs
}

// Own are the connections of the shipper; nil: captures are read.
func (d *Delivery) Own() *connections.Own {
	if d == nil {
		return nil
	}
	return d.own
}

// Journal is the folder of the journal; empty: all outputs are local.
func (d *Delivery) Journal() string {
	if d == nil {
		return ""
	}
	return d.journal
}
