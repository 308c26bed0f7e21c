package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/wording"
)

// Options say which journal it is, and what bounds it.
type Options struct {
	Folder string
	Size   int64         // of all segments, in bytes; 0: 256 MiB, and never less than MinSize
	Age    time.Duration // since a segment's last event, after which it is removed; 0: no bound
	// SyncEvery is the interval in which events are written to the disk, and in which
	// segments are removed for Age and Consume; 0: one second.
	SyncEvery time.Duration
	// Wait: Append returns ErrFull rather than remove a segment that a cursor has not
	// passed. Without a cursor none is removed.
	Wait bool
	// Consume: segments that all cursors have passed are removed at once.
	Consume bool
	// Readers are the names of the cursors that count, also before they exist; nil: those
	// in Cursors(Folder).
	Readers []string
	Mode    fs.FileMode // of segments; 0: 0640
	Heir    ownership.Heir
	// Note is called with messages for the user. It must not block.
	Note  func(string)
	Clock clock.Clock
}

const (
	defaultSize      = 256 << 20
	defaultSyncEvery = time.Second
	// defaultMode hides findings, which may hold command lines, from other users.
	defaultMode = 0o640
	// MinSize is the smallest size of a journal, in bytes.
	MinSize = 1 << 20
	// segmentsPerJournal is how many segments share the size, and the age. Space becomes
	// free only by whole segments.
	segmentsPerJournal = 16
	// maxSpan bounds the time from the first event of a segment to its last one, if
	// segments are removed as soon as they were read.
	maxSpan = time.Hour
	// manySegments is how many segments there may be before neither the time nor another
	// start ends one. Readers list the folder whenever they look for more.
	manySegments = 64
)

var (
	// ErrFull: no room is left within Options.Size, and nothing was added. It comes only
	// with Wait.
	ErrFull = errors.New("the journal is full of events that were not read yet")
	// ErrTooLarge: the lines would not fit into an empty journal, or one is longer than
	// maxLine.
	ErrTooLarge = errors.New("these events are larger than the journal")
)

// Writer appends to a journal. Any number of goroutines may use it.
type Writer struct {
	options Options
	clock   clock.Clock
	lock    *os.File
	folder  *os.File
	stop    chan struct{}
	stopped chan struct{}

	mu       sync.Mutex
	segments []segment // oldest first; the last one is written
	file     *os.File  // the last segment
	torn     bool      // the file may be longer than its segment's size
	reserved int64     // of the file, in bytes: up to there the disk has room
	begun    time.Time // when the first event of the last segment was added
	next     uint64    // index of the next event
	total    int64     // size of all segments
	buffer   []byte    // lines with their checks
	unsynced bool
	syncing  sync.Mutex // held while files are written to the disk; taken after mu
	full     []*os.File // segments that are complete and not yet on the disk
	dropped  uint64     // events that were removed before all cursors had passed them
	dropping bool       // it was reported that events are dropped
	failing  bool       // a failure to sync or remove was reported
}

// segment is what the writer knows of a file.
type segment struct {
	first   uint64
	size    int64
	expires time.Time // by Options.Age; zero while it is the last one
}

// Create opens a journal for writing, creates it if needed, and repairs its end. Another
// writer is ErrInUse.
func Create(o Options) (*Writer, error) {
	w := &Writer{options: withDefaults(o), stop: make(chan struct{}), stopped: make(chan struct{})}
	w.clock = w.options.Clock
	if err := w.open(); err != nil {
		return nil, errors.Join(inFolder(o.Folder, err), w.release())
	}
	go w.tend()
	return w, nil
}

func withDefaults(o Options) Options {
	if o.Size == 0 {
		o.Size = defaultSize
	}
	o.Size = max(o.Size, MinSize)
	if o.SyncEvery <= 0 {
		o.SyncEvery = defaultSyncEvery
	}
	if o.Mode == 0 {
		o.Mode = defaultMode
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	return o
}

// inFolder names the folder in place of a file in it, whose name says nothing to the user.
func inFolder(folder string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("journal %s: %w", folder, err)
}

func (w *Writer) open() (err error) {
	// A reader may be another user, of the group of the folder, which is that of the files
	// in it. What the reader makes in cursors belongs to that group, too, so that this
	// writer can read it.
	if w.folder, err = w.makeFolder(w.options.Folder, fs.ModeSetgid); err != nil {
		return err
	}
	lock := filepath.Join(w.options.Folder, "lock")
	if w.lock, err = w.options.Heir.Open(lock, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if isLocked(w.lock) {
		return ErrInUse
	}
	cursors, err := w.makeFolder(Cursors(w.options.Folder), fs.ModeSetgid|0o020)
	if err != nil {
		return err
	}
	return errors.Join(cursors.Close(), w.load())
}

// makeFolder opens a folder, and creates it if needed: for those who may read segments,
// and with more rights for the group if it is one of them.
func (w *Writer) makeFolder(path string, more fs.FileMode) (*os.File, error) {
	there, err := ownership.Exists(path)
	if err == nil {
		err = w.options.Heir.MakeFolder(path, 0o700)
	}
	if err != nil {
		return nil, err
	}
	folder, err := ownership.OpenFolder(path)
	if err != nil || there {
		return folder, err
	}
	mode := fs.FileMode(0o700) | w.options.Mode&0o044 | w.options.Mode&0o044>>2
	if mode&0o040 != 0 {
		mode |= more
	}
	_ = folder.Chmod(mode) // some file systems have no modes
	return folder, nil
}

// Next returns the index that the next event will have.
func (w *Writer) Next() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

// Append adds n native events, one a line: all of them, or none and an error. The kernel
// has them then, so they survive the end of the process. Without room it returns ErrFull,
// or the file system's error (ENOSPC); the same events may be given again later. For the
// room of others on the disk it removes only segments that all cursors have passed.
func (w *Writer) Append(lines []byte, n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.encode(lines, n); err != nil {
		return err
	}
	err := w.add()
	for isNoSpace(err) && w.removePassed() {
		err = w.add()
	}
	if err == nil {
		w.next += uint64(n)
	}
	return err
}

// add appends the buffer, within Options.Size.
func (w *Writer) add() error {
	if err := w.makeRoom(int64(len(w.buffer))); err != nil {
		return err
	}
	if err := w.write(); err != nil {
		return inFolder(w.options.Folder, err)
	}
	return nil
}

// encode fills the buffer with the lines of events.
func (w *Writer) encode(lines []byte, n int) error {
	w.buffer = w.buffer[:0]
	index := w.next
	if index+uint64(n) > maxIndex {
		return errIndex
	}
	for len(lines) > 0 {
		event, rest, whole := bytes.Cut(lines, []byte{'\n'})
		if !whole || !isEvent(event) {
			return errNoEvent
		}
		before := len(w.buffer)
		w.buffer = appendLine(w.buffer, event, index)
		if len(w.buffer)-before > maxLine {
			return ErrTooLarge
		}
		index++
		lines = rest
	}
	if index != w.next+uint64(n) {
		return fmt.Errorf("%d events were given, and %d announced", index-w.next, n)
	}
	return nil
}

func (w *Writer) last() *segment { return &w.segments[len(w.segments)-1] }

// makeRoom prepares the last segment for n more bytes.
func (w *Writer) makeRoom(n int64) error {
	if n > w.options.Size {
		return ErrTooLarge
	}
	if w.isComplete(n) {
		if err := w.roll(); err != nil {
			return inFolder(w.options.Folder, err)
		}
	}
	for w.total+n > w.options.Size {
		if err := w.removeOldest(); err != nil {
			return err
		}
	}
	return nil
}

// isComplete reports whether n more bytes belong into a new segment.
func (w *Writer) isComplete(n int64) bool {
	last := w.last()
	if last.size == 0 {
		return false
	}
	return last.size+n > w.options.Size/segmentsPerJournal || w.total+n > w.options.Size && len(w.segments) == 1 ||
		len(w.segments) < manySegments && w.clock.Now().Sub(w.begun) >= w.span()
}

// span is the longest time from the first event of a segment to its last one: segments
// are removed whole.
func (w *Writer) span() time.Duration {
	span := time.Duration(math.MaxInt64)
	if w.options.Consume {
		span = maxSpan
	}
	if w.options.Age > 0 {
		span = min(span, max(w.options.Age/segmentsPerJournal, time.Second))
	}
	return span
}

// roll ends the last segment and begins the next one.
func (w *Writer) roll() error {
	if err := w.cut(); err != nil {
		return err
	}
	w.torn = false
	file, err := w.create(w.next)
	if err != nil {
		return err
	}
	if w.options.Age > 0 {
		w.last().expires = w.clock.Now().Add(w.options.Age)
	}
	w.full = append(w.full, w.file)
	w.file = file
	w.segments = append(w.segments, segment{first: w.next})
	if len(w.full) < maxFull {
		return nil
	}
	return w.syncFull()
}

// create creates a segment.
func (w *Writer) create(first uint64) (*os.File, error) {
	return w.options.Heir.Open(segmentPath(w.options.Folder, first), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, w.options.Mode)
}

// Close writes everything to the disk. With Consume a journal of which all was read has
// an empty segment then, whose name keeps the index.
func (w *Writer) Close() error {
	close(w.stop)
	<-w.stopped
	err := errors.Join(w.rollIfRead(), w.maintain())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dropped > 0 {
		w.options.Note(wording.Count(w.dropped, "event*") + " removed that were not read yet")
	}
	return errors.Join(err, w.cut(), w.release())
}

func (w *Writer) rollIfRead() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.options.Consume || w.last().size == 0 || w.progress().up < w.next {
		return nil
	}
	return w.roll()
}

func (w *Writer) release() error {
	var err error
	for _, file := range append(w.full, w.file, w.folder, w.lock) {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}
	return err
}
