package file

import (
	"io"
	"sync/atomic"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
)

// Options say how inputs are read.
type Options struct {
	// Filter compiles the BPF expression that frames have to match; nil: all
	// are delivered. It is called once a link type, for the first file of each
	// already in Open.
	Filter capture.Compiler
	// Stdin is read for the name "-"; nil: os.Stdin. It is not closed.
	Stdin io.Reader
	// Memory bounds what inputs hold, in bytes: buffers, and what decompressing
	// takes. Inputs that would exceed it wait for others to end; one that exceeds
	// it alone is not read. 0: DefaultMemory.
	Memory int64
	// Follow goes on at the end of a file as it grows, until Stop. Of a
	// directory, the newest capture is followed and new ones are taken up.
	Follow bool
}

// Source reads capture files. It implements capture.Source and capture.Lender.
//
// Stop and Progress may be called from any goroutine, the rest from one.
type Source struct {
	options Options
	ctl     control
	total   atomic.Int64

	// An input is in one place at a time: waiting (not open), idle (open,
	// without a next frame for now), ready (with its next frame in head), or
	// cur, which delivers frames up to limit without looking at the others.
	waiting []candidate // by first
	// deferred are those whose time has come, and for which there is no memory.
	deferred []candidate
	budget   budget
	need     int64 // the largest of an input, as far as its first frame tells
	told     bool  // that there are deferred ones
	idle     []*stream
	ready    streamHeap
	cur      *stream
	limit    int64
	errs     []error // to be returned by Next

	matchers map[capture.LinkType]compiled
	// matcher is the one for the last frame's matchLink.
	matcher   capture.Matcher
	matchLink capture.LinkType

	stats   capture.Stats
	gaps    Gaps
	leftOut []LeftOut
	opened  bool // Open has returned
	order   int
	held    int
	spare   []byte // the buffer of an input that ended
	lend    func([]byte) []byte
	peekBuf []byte

	dirs    []*directory // followed
	retried time.Time    // when idle inputs were last tried
	watched time.Time    // when followed files were last looked for
}

// Open prepares to read the named inputs as one stream in time order: files,
// folders (every capture file in them and below them) and "-" for standard
// input. What is wrong with a single input is left for Next to return; what is
// left out of folders is in LeftOut. Open itself fails only when nothing is
// named.
//
// Time order holds between files; frames that are out of order inside one are
// delivered as they are.
func Open(names []string, o Options) (*Source, error) {
	if len(names) == 0 {
		return nil, errNoInput
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	s := &Source{options: o, matchers: map[capture.LinkType]compiled{}, budget: budget{most: o.Memory}}
	for _, name := range names {
		s.add(name)
	}
	s.sortWaiting()
	s.peekBuf = nil
	s.opened = true
	return s, nil
}

// Next fills f. f.Data is valid until the next call. Beside io.EOF and
// *capture.InputError it returns capture.ErrTimeout when a pipe or a followed
// file had nothing for a tenth of a second.
func (s *Source) Next(f *capture.Frame) error {
	for {
		if err := s.advance(f); err != nil {
			return err
		}
		if s.options.Filter == nil {
			s.count(f)
			return nil
		}
		if ok, err := s.filter(f); ok || err != nil {
			return err
		}
	}
}

func (s *Source) count(f *capture.Frame) {
	s.stats.Frames++
	s.stats.Bytes += uint64(len(f.Data))
}

// advance fills f with the next frame in time order. As long as one file is
// ahead of the others, it costs one comparison.
func (s *Source) advance(f *capture.Frame) error {
	st := s.cur
	if st == nil {
		return s.turn(f)
	}
	err := st.records.Next(f)
	if err == nil && f.Time <= s.limit {
		return nil
	}
	if err == pcap.ErrNextFile {
		err = st.next(f)
	}
	s.cur = nil
	if err := s.settle(st, f, err); err != nil {
		return err
	}
	return s.turn(f)
}

// Need returns how much memory the input takes that takes the most, in bytes, as
// far as their beginnings tell.
func (s *Source) Need() int64 { return s.need }

// Limit sets Options.Memory anew. It is to be called before the first Next.
func (s *Source) Limit(memory int64) { s.budget.most = memory }

// Lend implements capture.Lender. It is to be called before the first Next.
func (s *Source) Lend(exchange func(old []byte) []byte) { s.lend = exchange }

// Stats returns the counts so far.
func (s *Source) Stats() capture.Stats { return s.stats }

// Stop makes Next return io.EOF soon: after what is already in memory, at the
// latest after three tenths of a second. A call that a network file system does
// not return from is left behind.
func (s *Source) Stop() { s.ctl.stopped.Store(true) }

// Progress returns how many bytes were read and how many there are to read, of
// the files as they lie on the disk. total is 0 when nothing is known about
// it, as for a pipe.
func (s *Source) Progress() (done, total int64) {
	done, total = s.ctl.done.Load(), s.total.Load()
	if total > 0 {
		total = max(total, done)
	}
	return done, total
}

// LatePaths names what may still be opened after Open: files beyond those held
// open, followed files that may be replaced, and followed directories. A
// sandbox has to leave them readable.
func (s *Source) LatePaths() []string {
	var paths []string
	for _, c := range s.waiting {
		if c.r == nil && (c.file == nil || s.options.Follow) {
			paths = append(paths, c.source)
		}
	}
	for _, d := range s.dirs {
		paths = append(paths, d.path)
	}
	return paths
}

// Close releases every input.
func (s *Source) Close() error {
	if s.cur != nil {
		s.release(s.cur)
	}
	for _, st := range s.ready {
		s.release(st)
	}
	for _, st := range s.idle {
		s.release(st)
	}
	for _, c := range s.waiting {
		if c.file != nil {
			c.file.Close()
		}
	}
	for _, c := range s.deferred {
		if c.file != nil {
			c.file.Close()
		}
	}
	s.cur, s.ready, s.idle, s.waiting, s.deferred, s.dirs, s.errs = nil, nil, nil, nil, nil, nil, nil
	s.Stop()
	if s.ctl.wake != nil {
		s.ctl.wake.close()
	}
	return nil
}
