package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/wording"
)

const (
	// MinSize is the smallest size of a spool, in bytes.
	MinSize = 1 << 20
	// segmentsPerSpool is how many segments share the size. Space becomes free only by
	// whole segments.
	segmentsPerSpool = 16
)

var (
	// errFull: the items do not fit, and none was added.
	errFull = errors.New("the spool is full")
	// errLocked: another process, or this one, has the spool open.
	errLocked = errors.New("the spool is in use by another tlsfloor")
)

// Lost is an error about items in the spool that cannot be read.
type Lost struct {
	Path  string // of the segment
	Items int
	Err   error
}

func (l *Lost) Error() string {
	return fmt.Sprintf("%s: %v: %s lost", l.Path, l.Err, wording.Count(uint64(l.Items), "event*"))
}

// Unwrap returns the cause.
func (l *Lost) Unwrap() error { return l.Err }

// Spool may be used by several goroutines. One of them takes items out.
type Spool struct {
	folder  string
	max     int64
	lock    *os.File
	damaged int64

	mu       sync.Mutex
	segments []*segment // oldest first
	writable bool       // the last segment is of this run, and intact
	next     uint64     // number of the next segment
	size     int64
	left     atomic.Int64 // items
	position *position
}

// Open opens the spool in a folder, which it creates if needed, with a bound in bytes.
// It has the items that an earlier run left.
func Open(folder string, size int64) (*Spool, error) {
	if err := ownership.MakeFolder(folder); err != nil {
		return nil, inFolder(folder, err)
	}
	s := &Spool{folder: folder, max: max(size, MinSize)}
	err := s.acquireLock()
	if err == nil {
		s.position, err = openPosition(folder)
	}
	if err == nil {
		err = s.load()
	}
	if err != nil {
		return nil, inFolder(folder, errors.Join(err, s.release()))
	}
	return s, nil
}

// inFolder names the folder in place of a file in it, whose name says nothing to the user.
func inFolder(folder string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("spool %s: %w", folder, err)
}

func (s *Spool) acquireLock() (err error) {
	s.lock, err = ownership.Open(filepath.Join(s.folder, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil && isLocked(s.lock) {
		err = errLocked
	}
	return err
}

const lockName = "lock"

// isLocked tries to lock a file, and reports whether another has locked it. On a file
// system without locks none has.
func isLocked(file *os.File) bool {
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// IsAbandoned reports whether a folder is a spool that has items and is not open.
func IsAbandoned(folder string) bool {
	lock, err := ownership.Open(filepath.Join(folder, lockName), os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer lock.Close()
	numbers, err := (&Spool{folder: folder}).numbers()
	return err == nil && len(numbers) > 0 && !isLocked(lock)
}

// load opens the segments, and removes those that are committed.
func (s *Spool) load() error {
	numbers, err := s.numbers()
	if err != nil {
		return err
	}
	s.next = s.position.segment + 1
	for _, number := range numbers {
		if err := s.loadSegment(number); err != nil {
			return err
		}
		s.next = max(s.next, number+1)
	}
	return s.discardDone()
}

func (s *Spool) numbers() ([]uint64, error) {
	entries, err := ownership.ReadDir(s.folder)
	var numbers []uint64
	for _, entry := range entries {
		if number, ok := segmentNumber(entry.Name()); ok && entry.Type().IsRegular() {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

func (s *Spool) loadSegment(number uint64) error {
	if number < s.position.segment {
		return ownership.Remove(segmentPath(s.folder, number))
	}
	var front int64
	if number == s.position.segment {
		front = s.position.offset
	}
	segment, damaged, err := openSegment(s.folder, number, front)
	if err != nil {
		return err
	}
	s.segments = append(s.segments, segment)
	s.size += segment.size()
	s.left.Add(int64(segment.left))
	s.damaged += damaged
	return nil
}

// Damaged is the number of bytes of an earlier run that cannot be read.
func (s *Spool) Damaged() int64 { return s.damaged }

// Len counts the items that are not committed. It never waits for the disk.
func (s *Spool) Len() int {
	return int(s.left.Load())
}

// Append adds n items, encoded by AppendItem: all of them, or none and an error. The
// kernel has them then, so they survive the end of the process.
func (s *Spool) Append(items []byte, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+int64(len(items)+len(magic)) > s.max {
		return errFull
	}
	last, err := s.tail(int64(len(items)))
	if err != nil {
		return err
	}
	if _, err := last.file.WriteAt(items, last.end); err != nil {
		// Part of it may be written: it is overwritten, or never read.
		s.writable = last.file.Truncate(last.end) == nil
		return err
	}
	last.end += int64(len(items))
	last.left += n
	s.size += int64(len(items))
	s.left.Add(int64(n))
	return nil
}

// tail returns the segment for the next n bytes.
func (s *Spool) tail(n int64) (*segment, error) {
	if s.writable {
		last := s.segments[len(s.segments)-1]
		if last.end+n <= s.max/segmentsPerSpool || last.left == 0 && last.end == int64(len(magic)) {
			return last, nil
		}
	}
	segment, err := createSegment(s.folder, s.next)
	if err != nil {
		return nil, inFolder(s.folder, err)
	}
	s.next++
	s.segments = append(s.segments, segment)
	s.size += segment.size()
	s.writable = true
	return segment, nil
}

// Read returns the oldest items that are not committed: as many as fit into max bytes,
// but at least one, or none if the spool is empty. The bytes belong to the caller; the
// items stay in the spool until Commit. After an error, which is about lost items, the
// next Read goes on behind these.
func (s *Spool) Read(max int) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.discardDone()
	if s.left.Load() == 0 {
		return nil, err
	}
	head := s.segments[0]
	items, err := head.read(max)
	if len(items) == 0 {
		return nil, s.skip(head, err)
	}
	return items, nil
}

// Commit removes the n oldest items. The last Read has returned them all, or one Append
// has added them all.
func (s *Spool) Commit(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == 0 || s.left.Load() == 0 {
		return nil
	}
	head := s.segments[0]
	if err := head.advance(n); err != nil {
		return s.skip(head, err)
	}
	s.left.Add(-int64(n))
	return errors.Join(s.position.set(head.number, head.front), s.discardDone())
}

// skip gives up the rest of a segment that cannot be read.
func (s *Spool) skip(head *segment, why error) error {
	lost := head.left
	s.left.Add(-int64(lost))
	head.left = 0
	return errors.Join(&Lost{head.path, lost, why}, s.discardDone())
}

// discardDone removes the oldest segments that have nothing left. It goes on after an
// error: if the position is not written, items are delivered twice, and a segment that
// stays is removed at the next start. The position has the number of the next segment,
// so that no number is used twice.
func (s *Spool) discardDone() (err error) {
	for len(s.segments) > 0 && s.segments[0].left == 0 {
		head := s.segments[0]
		s.segments = s.segments[1:]
		s.size -= head.size()
		s.writable = s.writable && len(s.segments) > 0
		err = errors.Join(err, s.position.set(head.number+1, 0), head.remove())
	}
	return err
}

// Close writes what remains to the disk. An empty spool leaves no segment.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.discardDone()
	for _, segment := range s.segments {
		err = errors.Join(err, segment.file.Sync(), s.position.file.Sync())
	}
	return errors.Join(err, s.release())
}

func (s *Spool) release() error {
	var err error
	for _, segment := range s.segments {
		err = errors.Join(err, segment.file.Close())
	}
	if s.position != nil {
		err = errors.Join(err, s.position.file.Close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
