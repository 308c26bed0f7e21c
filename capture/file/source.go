package file

import (
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
)

// Options say how inputs are read.
type Options struct {
	// Filter compiles the BPF expression that frames have to match; nil: all frames
	// are delivered. It is called once for each link type. Open already calls it for
	// the first frame of each file.
	Filter capture.Compiler
	// Stdin is read for the name "-"; nil: os.Stdin. It is not closed.
	Stdin io.Reader
	// Memory bounds the buffers and the decompression of all inputs, in bytes.
	// Inputs that would exceed it wait until others end; one that exceeds it alone
	// is not read. 0: 256 MiB.
	Memory int64
	// Follow goes on at the end of a file as it grows, until Stop. In a folder, the
	// newest capture is followed, and new ones are read as they appear.
	Follow bool
}

// defaultMemory is the default of Options.Memory, in bytes.
const defaultMemory = 256 << 20

var errNoInput = errors.New("no capture file named")

// Source reads capture files. It implements capture.Source and capture.Lender.
//
// Stop and Progress may be called from any goroutine, everything else from one.
type Source struct {
	options Options
	ctl     control
	total   atomic.Int64 // bytes of all files

	// An input is in one of these places at a time.
	waiting  []candidate // not open, sorted by the time of the first frame
	deferred []candidate // their time has come, but there is no memory for them
	idle     []*stream   // open, without a next frame for now
	ready    streamHeap  // open, with the next frame in head
	cur      *stream     // delivers frames up to the time limit, whatever the others have
	limit    int64

	budget   budget
	need     int64   // bytes of the input that needs the most
	reported bool    // that inputs are deferred
	errs     []error // to be returned by Next

	matchers map[capture.LinkType]compiled
	// matcher is the one for matchLink, the link type of the last frame.
	matcher   capture.Matcher
	matchLink capture.LinkType

	stats   capture.Stats
	leftOut []LeftOut
	opened  bool   // Open has returned
	order   int    // of the next input
	held    int    // files that are kept open until their time comes
	most    int    // files that may be open at once
	spare   []byte // the buffer of an input that ended
	lend    func([]byte) []byte
	peekBuf []byte

	dirs     []*directory // that are followed
	expected []string     // files that are read when they appear
	retried  time.Time    // when idle inputs were last read
	watched  time.Time    // when followed files were last checked
}

// Open prepares to read the named inputs as one stream in time order: files, folders
// (every capture file in them and below them) and "-" for standard input. Next
// returns the errors of single inputs; LeftOut says what is left out of folders. Open
// itself fails only when no input is named.
//
// Files are put in order, not the frames inside one file: these are delivered as
// they come.
func Open(names []string, o Options) (*Source, error) {
	if len(names) == 0 {
		return nil, errNoInput
	}
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	s := &Source{options: o, matchers: map[capture.LinkType]compiled{}, budget: budget{most: o.Memory}, most: mostOpen()}
	for _, name := range names {
		s.add(name)
	}
	s.sortWaiting()
	s.peekBuf = nil
	s.opened = true
	return s, nil
}

// Next fills f. f.Data is valid until the next call. Besides io.EOF and
// *capture.InputError it returns capture.ErrTimeout when a pipe or a followed file
// had nothing for a tenth of a second.
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

// advance fills f with the next frame in time order. While one file's frames come
// before those of all others, a frame costs one comparison.
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

func (s *Source) count(f *capture.Frame) {
	s.stats.Frames++
	s.stats.Bytes += uint64(len(f.Data))
}

// Need returns how many bytes of memory the input needs that needs the most, as far
// as the beginnings of the files tell.
func (s *Source) Need() int64 { return s.need }

// Limit replaces Options.Memory. It has to be called before the first Next.
func (s *Source) Limit(memory int64) { s.budget.most = memory }

// Lend implements capture.Lender. It has to be called before the first Next.
func (s *Source) Lend(exchange func(old []byte) []byte) { s.lend = exchange }

// Stats returns the counts so far.
func (s *Source) Stats() capture.Stats { return s.stats }

// Stop makes Next return io.EOF soon: after the frames that are in memory, and after
// at most three tenths of a second. It does not wait for a system call that a network
// file system never returns from.
func (s *Source) Stop() { s.ctl.stopped.Store(true) }

// Progress returns how many bytes of the files were read, compressed as they are, and
// how many they have. total is 0 when that is not known, as for a pipe.
func (s *Source) Progress() (done, total int64) {
	done, total = s.ctl.done.Load(), s.total.Load()
	if total > 0 {
		total = max(total, done)
	}
	return done, total
}

// LatePaths returns the paths that may still be opened after Open: files that are not
// kept open, and followed folders. A sandbox has to leave them readable.
func (s *Source) LatePaths() []string {
	var paths []string
	for _, c := range s.waiting {
		if c.r == nil && c.file == nil {
			paths = append(paths, c.source)
		}
	}
	for _, d := range s.dirs {
		paths = append(paths, d.path)
	}
	return paths
}

// FollowedFiles returns the names that another file may take, or that none has yet: a
// sandbox has to leave their folders readable. Those in followed folders are not among
// them.
func (s *Source) FollowedFiles() []string {
	if !s.options.Follow {
		return nil
	}
	names := slices.Clone(s.expected)
	for _, c := range s.waiting {
		if c.r == nil && c.dir == nil {
			names = append(names, c.source)
		}
	}
	return names
}

// Close releases every input.
func (s *Source) Close() error {
	if s.cur != nil {
		s.release(s.cur)
	}
	for _, st := range slices.Concat(s.ready, s.idle) {
		s.release(st)
	}
	for _, c := range slices.Concat(s.waiting, s.deferred) {
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
