package live

import (
	"io"
	"time"
	"unsafe"

	"tlsfloor/capture"
)

// Defaults of Options.
const (
	// DefaultSnaplen is libpcap's largest: hosts that offload segmentation
	// hand over segments far larger than the link's.
	DefaultSnaplen = 262144
	// DefaultBufferBytes holds a burst of a second at 500 Mbit/s.
	DefaultBufferBytes = 64 << 20
	// DefaultTimeout is how long frames may wait in the kernel, so that many
	// come with one system call.
	DefaultTimeout = 100 * time.Millisecond
)

// Options say what to capture. Zero values stand for the defaults.
type Options struct {
	Interfaces  []string // at least one; "any" is one
	Snaplen     int      // bytes kept of a frame, at most DefaultSnaplen
	BufferBytes int      // the kernel's buffer, for each interface
	Promiscuous bool     // also frames for other hosts
	Filter      string   // BPF expression; empty: everything
	Timeout     time.Duration

	watchEvery time.Duration // of tests: between checks
	unlocked   bool          // of tests: as on a kernel that cannot lock filters
}

// takenAtOnce is what is taken out of a ring at once, in bytes: 64 frames, which
// have 64 KiB at most where nobody has asked Linux for more.
const takenAtOnce = 64 * 64 << 10

// Beside is what so many interfaces take of the process's memory beside their
// rings, in bytes: what is taken out of a ring, and batches on their way.
func Beside(interfaces int) int64 {
	each := int64(takenAtOnce)
	if interfaces > 1 {
		each += portBatches * (batchBytes + batchFrames*int64(unsafe.Sizeof(capture.Frame{})))
	}
	return each * int64(interfaces)
}

func (o *Options) setDefaults() {
	if o.Snaplen <= 0 || o.Snaplen > DefaultSnaplen {
		o.Snaplen = DefaultSnaplen
	}
	if o.BufferBytes <= 0 {
		o.BufferBytes = DefaultBufferBytes
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.watchEvery <= 0 {
		o.watchEvery = watchEvery
	}
}

// Source captures from interfaces. It implements capture.Source.
//
// Stop may be called from any goroutine, the rest from one.
type Source struct {
	options Options
	ports   []*port
	several *several // nil: there is one interface
	stop    stop
	ended   bool // Next has returned io.EOF
	stats   capture.Stats
}

// Open begins to capture from every named interface, or from none. An
// interface that goes away later is waited for and opened again, which needs
// the permission to capture still to be there.
func Open(o Options) (*Source, error) {
	o.setDefaults()
	if len(o.Interfaces) == 0 {
		return nil, errNoneNamed
	}
	s := &Source{options: o}
	for _, name := range o.Interfaces {
		p, err := newPort(name, &s.options, &s.stop)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.ports = append(s.ports, p)
	}
	if len(s.ports) > 1 {
		s.several = startSeveral(s.ports, o.Timeout)
	}
	return s, nil
}

// Next fills f; f.Data is valid until the next call. It returns
// capture.ErrTimeout when nothing came within about the timeout, io.EOF after
// the last frame of before Stop, and an *InputError once when an interface goes
// down or away (ErrDown, ErrLost), when its frames may be kept from the capture
// (ErrFilterChanged, ErrUnseen), or when they cost more to take (ErrOneByOne). It
// goes on by itself when the interface is back.
//
// Frames of several interfaces are in the order of their times as far as they
// are known: the kernel hands over each interface's frames up to a timeout
// late.
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
	if s.several != nil {
		return s.several.next(f)
	}
	return s.ports[0].next(f)
}

// Stop makes Next return io.EOF, after the frames that were captured before: for
// those it waits about a timeout, and reads them for seven tenths of a second at
// most.
func (s *Source) Stop() { s.stop.ask() }

// Stats returns the counts so far, those of interfaces that went away
// included. After Close they are final.
func (s *Source) Stats() capture.Stats {
	stats := s.stats
	for _, p := range s.ports {
		if s.several == nil {
			p.sample()
		}
		stats.KernelDropped += p.kernelDropped.Load()
		stats.InterfaceDropped += p.interfaceDropped.Load()
	}
	return stats
}

// Close ends the capture. It waits for a read that is going on, at most about
// a timeout.
func (s *Source) Close() error {
	s.ended = true
	s.stop.abandon()
	if s.several != nil {
		s.several.stop()
	}
	for _, p := range s.ports {
		p.close()
	}
	return nil
}
