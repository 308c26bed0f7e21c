package live

import (
	"io"
	"sync/atomic"
	"time"
	"unsafe"

	"tlsfloor/capture"
)

const (
	// DefaultBufferBytes is the default of Options.BufferBytes: a burst of a second at
	// 500 Mbit/s.
	DefaultBufferBytes = 64 << 20
	// maxSnaplen is libpcap's largest snapshot length, in bytes. With segmentation
	// offload, frames are far longer than those on the link.
	maxSnaplen = 262144
	// defaultTimeout is the default of Options.Timeout.
	defaultTimeout = 100 * time.Millisecond
)

// Options say what to capture. A zero value is the default.
type Options struct {
	Interfaces  []string // at least one; "any" is one
	Snaplen     int      // bytes kept of a frame; default and maximum: 262,144
	BufferBytes int      // the size of the kernel's buffer for each interface
	Promiscuous bool     // also frames for other hosts
	Filter      string   // BPF expression; empty: everything
	// Timeout is how long frames may wait in the kernel, so that one system call returns
	// many of them. Default: 100 ms.
	Timeout time.Duration

	watchEvery time.Duration // for tests: between checks
	unlocked   bool          // for tests: as on a kernel that cannot lock filters
}

// takenAtOnce is how many bytes are taken out of a ring at once: 64 frames of at most
// 64 KiB, which is the longest unless Linux is configured for more.
const takenAtOnce = 64 * 64 << 10

// Beside returns how many bytes of memory a number of interfaces need beside their
// rings: for what is taken out of a ring at once, and for batches.
func Beside(interfaces int) int64 {
	each := int64(takenAtOnce)
	if interfaces > 1 {
		each += deviceBatches * (batchBytes + batchFrames*int64(unsafe.Sizeof(capture.Frame{})))
	}
	return each * int64(interfaces)
}

func (o *Options) setDefaults() {
	if o.Snaplen <= 0 || o.Snaplen > maxSnaplen {
		o.Snaplen = maxSnaplen
	}
	if o.BufferBytes <= 0 {
		o.BufferBytes = DefaultBufferBytes
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.watchEvery <= 0 {
		o.watchEvery = watchEvery
	}
}

// Source captures from interfaces. It implements capture.Source.
//
// Stop may be called from any goroutine, everything else from one.
type Source struct {
	options Options
	devices []*device
	merger  *merger // nil: there is one device
	stop    stop
	ended   bool // Next has returned io.EOF
	stats   capture.Stats
}

// Open begins to capture from all named interfaces, or returns an error. An interface
// that goes away later is opened again when it comes back; that needs the permission to
// capture.
func Open(o Options) (*Source, error) {
	o.setDefaults()
	if len(o.Interfaces) == 0 {
		return nil, errNoneNamed
	}
	s := &Source{options: o}
	for _, name := range o.Interfaces {
		d, err := newDevice(name, &s.options, &s.stop)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.devices = append(s.devices, d)
	}
	if len(s.devices) > 1 {
		s.merger = startMerger(s.devices, o.Timeout)
	}
	return s, nil
}

// Next fills f; f.Data is valid until the next call. It returns capture.ErrTimeout when
// nothing came within about the timeout, and io.EOF after the last frame that was
// captured before Stop. It returns an *InputError once when an interface goes down or
// away (ErrDown, ErrLost), when frames may be missing (ErrFilterChanged, ErrUnseen), or
// when reading them costs more than it should (ErrOneByOne). It goes on by itself when
// the interface is back.
//
// Frames of several interfaces are in the order of their times as far as they have
// arrived: each interface's frames come up to a timeout late.
func (s *Source) Next(f *capture.Frame) error {
	if s.ended {
		return io.EOF
	}
	if err := s.next(f); err != nil {
		s.ended = err == io.EOF
		return err
	}
	s.stats.Frames++
	s.stats.Bytes += uint64(len(f.Data))
	return nil
}

func (s *Source) next(f *capture.Frame) error {
	if s.merger != nil {
		return s.merger.next(f)
	}
	return s.devices[0].next(f)
}

// Stop makes Next return io.EOF after the frames that were captured before. It waits for
// them for about a timeout, and reads them for at most seven tenths of a second.
func (s *Source) Stop() { s.stop.request() }

// Stats returns the counts so far, also of interfaces that went away. After Close they
// are final.
func (s *Source) Stats() capture.Stats {
	stats := s.stats
	for _, d := range s.devices {
		if s.merger == nil {
			d.sample()
		}
		stats.KernelDropped += d.kernelDropped.Load()
		stats.InterfaceDropped += d.interfaceDropped.Load()
	}
	return stats
}

// Close ends the capture. It waits for a read in progress, at most about a timeout.
func (s *Source) Close() error {
	s.ended = true
	s.stop.abort()
	if s.merger != nil {
		s.merger.stop()
	}
	for _, d := range s.devices {
		d.close()
	}
	return nil
}

// stop is a request to end a capture. Frames that were captured before it are still
// delivered: they may be the handshake that the capture was started for.
type stop struct {
	at atomic.Pointer[time.Time] // when it was requested, or nil
}

// longAgo is a time of the request after which no frame is waited for.
var longAgo = time.Unix(0, 0)

// maxDrain bounds how long frames from before the request are read.
const maxDrain = 700 * time.Millisecond

// request ends the capture now. Only the first request counts.
func (s *stop) request() {
	now := time.Now()
	s.at.CompareAndSwap(nil, &now)
}

// abort ends the capture without waiting for frames.
func (s *stop) abort() { s.at.Store(&longAgo) }

func (s *stop) requested() bool { return s.at.Load() != nil }

// isOver reports whether a stop was requested and no frame from before it is to come,
// as f and err show, which a reader has just returned. Frames come in order, and up to a
// timeout late. The time to wait is measured with the monotonic clock.
func (s *stop) isOver(f *capture.Frame, err error, timeout time.Duration) bool {
	at := s.at.Load()
	switch {
	case at == nil:
		return false
	case err != nil:
		return time.Since(*at) > timeout
	}
	return f.Time > at.UnixNano() || time.Since(*at) > maxDrain
}
