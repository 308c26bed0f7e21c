package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
)

const (
	// MinSize is the smallest size of a spool, in bytes.
	MinSize = 1 << 20
	// segmentsPerSpool is how many segments share the size. Room comes back
	// only by whole segments.
	segmentsPerSpool = 16
)

var (
	// ErrFull: the records do not fit. None was taken.
	errFull = errors.New("the spool is full")
	// ErrLocked: another process has the spool open, or this one has.
	errLocked = errors.New("the spool is in use by another tlsfloor")
)

// Lost is an error about records that are in the spool and cannot be read.
type Lost struct {
	Path    string // of the segment
	Records int
	Err     error
}

func (l *Lost) Error() string {
	return fmt.Sprintf("%s: %v: %d events are lost", l.Path, l.Err, l.Records)
}

// Unwrap returns the cause.
func (l *Lost) Unwrap() error { return l.Err }

// Spool may be used by several goroutines, of which one takes records out.
type Spool struct {
	folder  string
	max     int64
	lock    *os.File
	damaged int64

	mu       sync.Mutex
	segments []*segment // oldest first
	writable bool       // the last segment is of this run, and sound to its end
	next     uint64     // number of the next segment
	size     int64
	left     atomic.Int64 // records
	position *position
}

// Open opens the spool in a folder, which it makes if need be, bounded to so
// many bytes. What an earlier run has left is in it.
func Open(folder string, size int64) (*Spool, error) {
	if err := ownership.MakeFolder(folder); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	s := &Spool{folder: folder, max: max(size, MinSize)}
	err := s.acquire()
	if err == nil {
		s.position, err = openPosition(folder)
	}
	if err == nil {
		err = s.load()
	}
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", folder, errors.Join(err, s.release()))
	}
	return s, nil
}

func (s *Spool) acquire() (err error) {
	s.lock, err = ownership.Open(filepath.Join(s.folder, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil && isLocked(s.lock) {
		err = errLocked
	}
	return err
}

const lockName = "lock"

// isLocked tries to lock a file. A file system without locks does without.
func isLocked(file *os.File) bool {
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// IsAbandoned reports whether a folder is a spool with something in it that
// nobody has open.
func IsAbandoned(folder string) bool {
	lock, err := ownership.Open(filepath.Join(folder, lockName), os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer lock.Close()
	numbers, err := (&Spool{folder: folder}).numbers()
	return err == nil && len(numbers) > 0 && !isLocked(lock)
}

// load opens the segments that are there, and removes those that are done.
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

// Damaged is how many bytes of an earlier run could not be read.
func (s *Spool) Damaged() int64 { return s.damaged }

// Len counts the records that are not committed. It never waits for the disk.
func (s *Spool) Len() int {
	return int(s.left.Load())
}

// Append adds n records, framed by AppendFrame: all of them, or none and an
// error. They are in the kernel's hands then, and outlive the process.
func (s *Spool) Append(frames []byte, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size+int64(len(frames)+len(magic)) > s.max {
		return errFull
	}
	last, err := s.tail(int64(len(frames)))
	if err != nil {
		return err
	}
	if _, err := last.file.WriteAt(frames, last.end); err != nil {
		// What was cut short is written over, or never read.
		s.writable = last.file.Truncate(last.end) == nil
		return err
	}
	last.end += int64(len(frames))
	last.left += n
	s.size += int64(len(frames))
	s.left.Add(int64(n))
	return nil
}

// tail returns the segment that takes so many bytes more.
func (s *Spool) tail(n int64) (*segment, error) {
	if s.writable {
		last := s.segments[len(s.segments)-1]
		if last.end+n <= s.max/segmentsPerSpool || last.left == 0 && last.end == int64(len(magic)) {
			return last, nil
		}
	}
	segment, err := createSegment(s.folder, s.next)
	if err != nil {
		return nil, err
	}
	s.next++
	s.segments = append(s.segments, segment)
	s.size += segment.size()
	s.writable = true
	return segment, nil
}

// Read returns the oldest records that are not committed: some that fit into
// max bytes together, or one that does not; none when the spool is empty. They
// belong to the caller, and stay in the spool until Commit. An error is about
// records that are lost: those behind them are read next.
func (s *Spool) Read(max int) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.discardDone()
	if s.left.Load() == 0 {
		return nil, err
	}
	head := s.segments[0]
	records, err := head.read(max)
	if len(records) == 0 {
		return nil, s.skip(head, err)
	}
	return records, nil
}

// Commit forgets the n oldest records, of those that the last Read returned, or
// one Append took.
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

// skip gives up the rest of a segment that cannot be read any more.
func (s *Spool) skip(head *segment, why error) error {
	lost := head.left
	s.left.Add(-int64(lost))
	head.left = 0
	return errors.Join(&Lost{head.path, lost, why}, s.discardDone())
}

// discardDone removes segments in front that have nothing left. It goes on
// after an error: a position that was not written means events twice, and a
// segment that stays is removed at the next start. The number of a segment that
// was begun is in the position, so that none has it again.
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

// Close writes what is left to the disk. An empty spool leaves no segment.
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
