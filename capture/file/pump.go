package file

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/compress"
	"tlsfloor/capture/pcap"
)

const (
	// pumpChunk is the size of a chunk, in bytes.
	pumpChunk = 32 << 10
	// pumpChunks is how many chunks a pump holds: one being read, one being filled.
	pumpChunks = 2
)

// errStopped: Stop was called.
var errStopped = errors.New("stopped")

// pump decompresses a pipe in a goroutine of its own: a decompressor cannot be
// interrupted, and the caller of Next must not wait for the program that writes to
// the pipe.
type pump struct {
	chunks chan chunk
	quit   chan struct{}
	once   sync.Once
	rest   []byte // of the last chunk
	err    error  // after rest
}

type chunk struct {
	data []byte
	err  error
}

// newPump starts a pump of what open returns. It sets w when there is something to
// read.
func newPump(open func() (*compress.Reader, error), w *wake) *pump {
	p := &pump{chunks: make(chan chunk, pumpChunks), quit: make(chan struct{})}
	go p.run(open, w)
	return p
}

func (p *pump) run(open func() (*compress.Reader, error), w *wake) {
	r, err := open()
	if r != nil {
		defer r.Close()
	}
	for {
		var c chunk
		if c.err = err; err == nil {
			c.data = make([]byte, pumpChunk)
			var n int
			n, c.err = r.Read(c.data)
			c.data = c.data[:n]
		}
		select {
		case p.chunks <- c:
		case <-p.quit:
			return
		}
		w.set()
		if c.err != nil {
			return
		}
	}
}

// Read returns pcap.ErrIdle when there is nothing yet.
func (p *pump) Read(b []byte) (int, error) {
	if len(p.rest) == 0 && p.err == nil {
		select {
		case c := <-p.chunks:
			p.rest, p.err = c.data, c.err
		default:
			return 0, pcap.ErrIdle
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	if len(p.rest) == 0 && n == 0 {
		return 0, p.err
	}
	return n, nil
}

// close ends the goroutine, as soon as the pipe gives it something.
func (p *pump) close() { p.once.Do(func() { close(p.quit) }) }

var _ io.Reader = (*pump)(nil)

// wake ends a wait for descriptors when a pump has something: it is a pipe of its
// own.
type wake struct {
	r, w    *os.File
	pending atomic.Bool // a byte is in the pipe, or about to be written
}

func newWake() (*wake, error) {
	r, w, err := os.Pipe()
	return &wake{r: r, w: w}, err
}

// set may be called from any goroutine, also after close.
func (w *wake) set() {
	if !w.pending.Swap(true) {
		_, _ = w.w.Write([]byte{0}) // an error: nothing waits any more
	}
}

// clear is called before the pumps are read.
func (w *wake) clear() {
	if w.pending.Swap(false) {
		_, _ = w.r.Read(make([]byte, 1))
	}
}

func (w *wake) pollable(fds []unix.PollFd) []unix.PollFd {
	return append(fds, unix.PollFd{Fd: int32(w.r.Fd()), Events: unix.POLLIN})
}

func (w *wake) close() {
	_ = w.r.Close()
	_ = w.w.Close()
}
