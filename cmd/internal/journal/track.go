package journal

import (
	"errors"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

// track is where a reader is in its open file, and what of it cannot be read.
type track struct {
	scan   scanner
	info   fs.FileInfo // of the open file, when it was opened
	at     Position    // at.Offset is scan.at while a file is open
	damage damage
	final  bool // there is a next file: the open one has grown for the last time
	reread bool // the piece at scan.at was read again
	// failures are reads that failed since the last whole line.
	failures int
}

// damage is what was skipped since the last whole line.
type damage struct {
	bytes  int64
	pieces uint64
	inside bool // of a line whose newline is not found yet
}

// maxDamage bounds what is skipped before Next returns, in bytes.
const maxDamage = 64 << 20

// Position returns where the reader is: behind the last event that Next returned, and
// what of damage it has reported.
func (t *track) Position() Position { return t.at }

// Close closes the file that is open.
func (t *track) Close() error { return t.scan.close() }

// walker is what Reader and Follower do differently.
type walker interface {
	// ready opens the file of the position.
	ready() error
	// take looks at a piece. It returns nothing if it was skipped.
	take(line []byte, size int, ended bool) (event []byte, err error)
	// atEnd is called when the open file has no further line. It goes to the next file,
	// or returns an error: io.EOF if there is none.
	atEnd() error
}

func (t *track) next(w walker) (line []byte, after Position, err error) {
	for line == nil && err == nil {
		line, err = t.step(w)
	}
	return line, t.at, err
}

func (t *track) step(w walker) (line []byte, err error) {
	if err := w.ready(); err != nil {
		return nil, err
	}
	line, size, err := t.scan.piece()
	switch {
	case err == nil, errors.Is(err, errLong):
		return w.take(line, size, err == nil)
	case errors.Is(err, io.EOF):
		return nil, w.atEnd()
	}
	return nil, t.fail(err)
}

// use goes on with a file.
func (t *track) use(file source, info fs.FileInfo, offset int64) error {
	t.info, t.final, t.reread, t.damage = info, false, false, damage{}
	return t.scan.use(file, offset)
}

// pass goes behind a piece.
func (t *track) pass(size int) {
	t.reread = false
	t.scan.skip(size)
	t.at.Offset = t.scan.at
}

// skip goes behind a damaged piece. A piece of several reads is read again first.
func (t *track) skip(size int, ended bool) error {
	if !t.reread && t.scan.isPatched(size) {
		t.reread = true
		t.scan.forget()
		return nil
	}
	t.pass(size)
	t.damage.bytes += int64(size)
	t.damage.inside = !ended
	if ended {
		t.damage.pieces++
	}
	if t.damage.bytes < maxDamage {
		return nil
	}
	return t.report(0)
}

const (
	// patience is how often a read may fail before what it was for counts as damaged: a
	// network's file system fails for a while, a bad sector for ever.
	patience = 10
	// sector is how much is damaged then, in bytes.
	sector = 4 << 10
)

// fail returns the error of a read, or skips what cannot be read.
func (t *track) fail(err error) error {
	if !errors.Is(err, unix.EIO) {
		return err
	}
	if t.failures++; t.failures < patience {
		return err
	}
	end := (t.scan.failed/sector + 1) * sector
	t.damage.bytes += end - t.scan.at
	t.damage.inside = true
	t.scan.at = end
	t.at.Offset = end
	return nil
}

// loss describes the damage so far, with this many events.
func (t *track) loss(events uint64) *Loss {
	loss := &Loss{Events: events, Bytes: t.damage.bytes, Why: whyDamaged, Path: t.scan.file.Name()}
	if t.damage.bytes == t.scan.at { // from the beginning on
		loss.Why = whyForeign
	}
	return loss
}

// report returns the damage so far, with this many events.
func (t *track) report(events uint64) error {
	loss := t.loss(events)
	t.damage = damage{inside: t.damage.inside}
	t.at.Event += events
	return loss
}

// end closes the file, and returns what of its end cannot be read.
func (t *track) end() (*Loss, error) {
	info, err := t.scan.file.Stat()
	if err != nil {
		return nil, err
	}
	loss := t.loss(0)
	if torn := info.Size() - t.scan.at; torn > 0 {
		loss.Bytes += torn
		loss.Why = whyTorn
	}
	t.damage = damage{}
	return loss, t.scan.close()
}
