package emit

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"tlsfloor/classify"
)

const (
	// queueLength bounds the findings that wait for a slow reader. A finding
	// can hold a hello's worth of text: some 10 MB in all at the worst.
	queueLength = 256
	// linger is how long the writer lets findings gather before it encodes
	// them. A person does not notice; waking the writer for each finding would
	// cost more than encoding it.
	linger = 10 * time.Millisecond
	// chunk is the size from which gathered lines are written.
	chunk = 64 << 10
)

// Writer writes events as lines, from a goroutine of its own. Each Write that
// it makes holds whole lines only.
type Writer struct {
	out    io.Writer
	format Format
	linger time.Duration
	buf    []byte
	err    atomic.Pointer[error]

	events  chan event
	wake    chan struct{} // has an element when the queue fills
	closing chan struct{}
	done    chan struct{}
}

// event is either of the two kinds.
type event struct {
	finding *classify.Finding
	stats   *Stats
}

// NewWriter starts a Writer to out, which it does not close.
func NewWriter(out io.Writer, format Format) *Writer { return newWriter(out, format, linger) }

func newWriter(out io.Writer, format Format, linger time.Duration) *Writer {
	w := &Writer{
		out: out, format: format, linger: linger,
		events: make(chan event, queueLength), wake: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go w.run()
	return w
}

// Send takes f and its memory. It blocks while the queue is full: a capture
// that is replayed loses nothing to a slow reader. Any number of goroutines may
// send, but not after Close. After an error it discards.
func (w *Writer) Send(f *classify.Finding) { w.send(event{finding: f}) }

// SendStats sends the counts of a run, in their order among the findings.
func (w *Writer) SendStats(s *Stats) { w.send(event{stats: s}) }

func (w *Writer) send(e event) {
	w.events <- e
	if len(w.events) < queueLength/2 {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Err returns the first error of out, wrapped, or nil so far. It is cheap
// enough to ask after every packet. A reader that has seen enough and left is
// errors.Is(err, syscall.EPIPE).
func (w *Writer) Err() error {
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Close writes what was sent and returns Err.
func (w *Writer) Close() error {
	close(w.closing)
	close(w.events)
	<-w.done
	return w.Err()
}

func (w *Writer) run() {
	defer close(w.done)
	timer := time.NewTimer(w.linger)
	for e := range w.events {
		w.gather(timer)
		w.encode(e)
		for len(w.events) > 0 {
			w.encode(<-w.events)
		}
		w.flush()
	}
}

// gather lets the queue fill for a while.
func (w *Writer) gather(timer *time.Timer) {
	timer.Reset(w.linger)
	select {
	case <-timer.C:
	case <-w.wake:
	case <-w.closing:
	}
}

func (w *Writer) encode(e event) {
	start := len(w.buf)
	if e.finding != nil {
		w.buf = w.format.AppendFinding(w.buf, e.finding)
	} else {
		w.buf = w.format.AppendStats(w.buf, e.stats)
	}
	if len(w.buf) > start {
		w.buf = append(w.buf, '\n')
	}
	if len(w.buf) >= chunk {
		w.flush()
	}
}

func (w *Writer) flush() {
	if len(w.buf) > 0 && w.Err() == nil {
		if _, err := w.out.Write(w.buf); err != nil {
			err = fmt.Errorf("writing events: %w", err)
			w.err.Store(&err)
		}
	}
	w.buf = w.buf[:0]
}
