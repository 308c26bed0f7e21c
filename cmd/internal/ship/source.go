package ship

import (
	"errors"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/journal"
)

// source makes batches for one output of the events in its inputs. One goroutine uses it,
// but any may end it and read its counts.
type source struct {
	clock  clock.Clock
	config *config.Config
	pace   transport.Pace
	inputs []*input
	turn   int     // of inputs: the one to read from
	host   string  // of the last event
	coder  encoder // of other formats than native; nil: lines are passed on as they are

	batch     transport.Batch    // of the input whose turn it is
	after     []journal.Position // of each line of the batch
	committed int                // lines of the batch
	since     time.Time          // when the batch got its first line

	wake      chan struct{} // has an element when there may be something to take
	finishing atomic.Bool   // it is done when everything was taken
	stopping  atomic.Bool   // it is done at once
	drained   bool

	read    atomic.Uint64 // events
	lost    atomic.Uint64
	next    atomic.Uint64         // index of the next event that is not done
	trouble func(error)           // is called when an input or a cursor begins to fail
	failure atomic.Pointer[error] // of an input or a cursor, the last time; nil: none
}

// input is a journal or a file, with how far this output has come in it.
type input struct {
	reader reader
	cursor *journal.Cursor  // nil: the place is not kept
	at     journal.Position // behind what was read
	moved  bool             // at is beyond the cursor, without a line between
}

// reader reads native events: a journal.Reader or a journal.Follower.
type reader interface {
	Seek(journal.Position) error
	Position() journal.Position
	Next() (line []byte, after journal.Position, err error)
	Close() error
}

const (
	// pollEvery is how often an input is looked at for more events. A look is a few
	// system calls.
	pollEvery = 200 * time.Millisecond
	// retryRead is how long a file system that fails is left alone.
	retryRead = time.Second
	// maxPassed bounds the events that are passed over at once, so that a request to end
	// is not delayed by a journal full of what this output does not want.
	maxPassed = 4096
)

// Take implements deliver.Source.
func (s *source) Take() (*transport.Batch, time.Duration, error) {
	if s.stopping.Load() {
		s.drained = true
		return nil, 0, nil
	}
	s.begin()
	finishing := s.finishing.Load()
	left, err := s.fill()
	var loss *journal.Loss
	if errors.As(err, &loss) {
		s.lost.Add(loss.Events)
		return nil, 0, err
	}
	if s.batch.Len() > 0 {
		if wait := s.linger(); wait > 0 && !finishing {
			return nil, min(wait, pollEvery), nil
		}
		return &s.batch, 0, nil
	}
	if err == nil {
		err = s.keepPlaces()
	}
	s.drained = finishing && !left && err == nil
	return nil, s.pause(left, err), nil
}

// begin empties the batch when all of it is done. The next input has its turn then.
func (s *source) begin() {
	if s.batch.Len() == 0 || s.batch.Pending() > 0 {
		return
	}
	s.batch.Reset()
	s.after, s.committed = s.after[:0], 0
	s.turn = (s.turn + 1) % len(s.inputs)
}

// linger is how long the batch waits for more lines.
func (s *source) linger() time.Duration {
	if s.batch.Size() >= s.pace.Chunk {
		return 0
	}
	return s.pace.Linger - s.clock.Now().Sub(s.since)
}

// pause is how long to wait before the inputs are looked at again.
func (s *source) pause(left bool, err error) time.Duration {
	if s.note(err); err != nil {
		return retryRead
	}
	if left {
		signal(s.wake)
	}
	return pollEvery
}

// note keeps the error of an input or a cursor, and reports it when that begins.
func (s *source) note(err error) {
	before := s.failure.Load()
	if err == nil {
		s.failure.Store(nil)
		return
	}
	s.failure.Store(&err)
	if before == nil {
		s.trouble(err)
	}
}

// signal puts an element into a channel that has room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// fill reads until the batch is full. It reports whether there may be more to read now.
func (s *source) fill() (left bool, err error) {
	for range s.inputs {
		left, err = s.fillFrom(s.inputs[s.turn])
		if s.batch.Len() > 0 || left {
			return left, err
		}
		s.turn = (s.turn + 1) % len(s.inputs)
		if err != nil {
			return left, err
		}
	}
	return false, nil
}

func (s *source) fillFrom(in *input) (left bool, err error) {
	for passed := 0; passed < maxPassed && s.batch.Size() < s.pace.Chunk; {
		line, after, err := in.reader.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err == nil {
			err = s.add(line, after.Event-1, &passed)
		}
		s.reach(in, after)
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// add adds an event to the batch, if the output wants it.
func (s *source) add(line []byte, index uint64, passed *int) error {
	s.read.Add(1)
	h, ok := readHead(line)
	switch {
	case !ok:
		return lost(index, errForeign)
	case h.kind == transport.Handshake && !s.config.Emit.Takes(h.flagged, h.inScope):
		*passed++
		return nil
	}
	if string(h.host) != s.host {
		s.host = string(h.host)
	}
	if s.batch.Len() == 0 {
		s.since = s.clock.Now()
	}
	text, err := s.append(s.batch.Text(), line)
	if err != nil {
		return lost(index, err)
	}
	if !s.batch.Add(text, h.mark(s.host)) {
		*passed++ // the format has no such event
	}
	return nil
}

func (s *source) append(dst, line []byte) ([]byte, error) {
	if s.coder == nil {
		return append(dst, line...), nil
	}
	return s.coder.append(dst, line)
}

// lost says that one event cannot be delivered.
func lost(index uint64, why error) error {
	return &journal.Loss{Events: 1, Why: why.Error(), Path: "event " + strconv.FormatUint(index, 10)}
}

var errForeign = errors.New("no event of tlsfloor")

// reach notes that everything before a position was read. What is passed over belongs to
// the line before it.
func (s *source) reach(in *input, after journal.Position) {
	if after == in.at {
		return
	}
	in.at = after
	switch n := s.batch.Len(); {
	case n == 0:
		in.moved = true
	case len(s.after) < n:
		s.after = append(s.after, after)
	default:
		s.after[n-1] = after
	}
}

// keepPlaces sets the cursors behind what was passed over.
func (s *source) keepPlaces() error {
	for _, in := range s.inputs {
		if in.moved {
			if err := s.keep(in, in.at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *source) keep(in *input, at journal.Position) error {
	s.next.Store(at.Event)
	in.moved = false
	if in.cursor == nil {
		return nil
	}
	return in.cursor.Set(at)
}

// Commit implements deliver.Source: it sets the cursor behind the lines that are done.
func (s *source) Commit() error {
	front := s.batch.Front()
	if front == s.committed {
		return nil
	}
	s.committed = front
	s.note(s.keep(s.inputs[s.turn], s.after[front-1]))
	return nil
}

// Ready implements deliver.Source.
func (s *source) Ready() <-chan struct{} { return s.wake }

// IsDone implements deliver.Source.
func (s *source) IsDone() bool { return s.drained }

// finish makes the source be done when everything there is was taken, and stop at once.
func (s *source) finish() { s.finishing.Store(true); signal(s.wake) }
func (s *source) stop()   { s.stopping.Store(true); signal(s.wake) }

func (s *source) close() error {
	var err error
	for _, in := range s.inputs {
		err = errors.Join(err, in.close())
	}
	return err
}

func (in *input) close() error {
	err := in.reader.Close()
	if in.cursor != nil {
		err = errors.Join(err, in.cursor.Close())
	}
	return err
}
