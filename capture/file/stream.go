package file

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"

	"tlsfloor/capture"
	"tlsfloor/capture/compress"
	"tlsfloor/capture/foreign"
)

// records is a reader of one capture format.
type records interface {
	// next returns io.EOF between two records, errIdle with nothing consumed,
	// and errNextFile in front of another file that was joined to this one.
	next(f *capture.Frame) error
	// times fills into with the times of the records that follow, as far as
	// they are in memory, and returns how many there are. It consumes nothing.
	times(into []int64) int
}

// collect is times for a probe: a copy of a reader over a frozen window.
func collect(probe records, into []int64) (n int) {
	var f capture.Frame
	for n < len(into) && probe.next(&f) == nil {
		into[n] = f.Time
		n++
	}
	return n
}

// stream is one input that is being read.
type stream struct {
	source string // what Frame.Source says
	order  int    // as the inputs were named: decides between equal times
	in     *input
	owned  bool // in is to be closed
	dir    *directory

	acct     account
	raw      window
	unpacked *compress.Reader // nil: not compressed, or by a pump
	pump     *pump            // of a compressed pipe; it has raw then
	packed   *window          // the content, before it is known what it holds
	content  *window          // what the input holds, decompressed; nil: not known yet
	records  records          // nil: the format is not known yet
	// head is the next frame, read ahead to compare its time.
	head capture.Frame
	// key is where head stands among the frames of other inputs, and last
	// where the one before it stood: times, in nanoseconds.
	key, last int64
}

// magicLen is how many bytes tell the formats that are read from the others.
const magicLen = 4

// next reads the next frame. After errIdle it may be called again.
func (st *stream) next(f *capture.Frame) error {
	for {
		if st.records == nil {
			if err := st.start(); err != nil {
				return err
			}
		}
		err := st.records.next(f)
		if err != errNextFile {
			return err
		}
		st.records = nil
	}
}

// start finds out what the input holds from here on.
func (st *stream) start() error {
	if st.content == nil {
		if err := st.open(); err != nil {
			return err
		}
	}
	err := st.recognise(st.content)
	if st.packed != nil && errors.Is(err, capture.ErrNotCapture) {
		return cmp.Or(st.corrupt(), err)
	}
	return err
}

// corrupt reads on in compressed data whose content makes no sense: a bzip2
// block is known to be damaged only at its end.
func (st *stream) corrupt() error {
	if st.raw.live {
		return nil
	}
	if err := st.content.skip(maxWindow); errors.Is(err, capture.ErrDamaged) {
		return err
	}
	return nil
}

func (st *stream) open() error {
	if st.packed != nil {
		return st.unpack(nil)
	}
	if err := st.raw.fill(magicLen); err != nil {
		return tooShort(&st.raw, err)
	}
	if c := compress.FormatOf(st.raw.buf[st.raw.pos:]); c != nil {
		return st.unpack(c)
	}
	st.content = &st.raw
	return nil
}

// unpack decompresses content from c. It is called again after errIdle.
func (st *stream) unpack(c *compress.Format) error {
	if st.packed == nil {
		if err := st.acct.grow(windowCost(len(st.raw.buf))); err != nil {
			return err
		}
		w := &window{buf: make([]byte, len(st.raw.buf)), lend: st.raw.lend, live: st.raw.live, acct: &st.acct}
		st.raw.lend = nil // it has no frames
		var err error
		if w.src, err = st.unpacker(c); err != nil {
			return err
		}
		st.packed = w
	}
	if err := st.packed.fill(magicLen); err != nil {
		return tooShort(st.packed, err)
	}
	st.content = st.packed
	return nil
}

func (st *stream) unpacker(c *compress.Format) (io.Reader, error) {
	st.in.patient = true
	if st.raw.live {
		st.pump = newPump(func() (*compress.Reader, error) { return c.NewReader(&st.raw, st.acct.grow) }, st.in.ctl.wake)
		return st.pump, nil
	}
	var err error
	st.unpacked, err = c.NewReader(&st.raw, st.acct.grow)
	return st.unpacked, err
}

func (st *stream) recognise(w *window) (err error) {
	head := w.buf[w.pos:w.end]
	switch {
	case pcapMagic(head):
		st.records, err = newPcapReader(w, st.source)
	case pcapngMagic(head):
		st.records, err = newPcapngReader(w, st.source)
	default:
		err = foreign.Identify(w.peek(maxAhead))
	}
	return err
}

func tooShort(w *window, err error) error {
	switch {
	case err != io.EOF:
		return err
	case w.buffered() == 0:
		return fmt.Errorf("%w: it is empty", capture.ErrNotCapture)
	}
	return capture.ErrNotCapture
}

func headerCut(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%w: the file header is cut short", capture.ErrTruncated)
	}
	return err
}

// largeWindow is what an input has to have held for its memory to be collected at
// once. The collector goes on beside the program: while it looks at a window that
// is not in use any more, the next one would be made beside it.
const largeWindow = 16 << 20

func (st *stream) close() {
	if st.unpacked != nil {
		st.unpacked.Close()
	}
	if st.pump != nil {
		st.pump.close()
	}
	if st.owned {
		st.in.close()
	}
	held := st.acct.close()
	st.unpacked, st.packed, st.content, st.records = nil, nil, nil, nil
	if held > largeWindow {
		runtime.GC()
	}
}
