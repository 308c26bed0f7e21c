package file

import (
	"encoding/binary"
	"fmt"
	"io"

	"tlsfloor/capture"
)

// records is a reader of one capture format. next returns io.EOF between two
// records, and errIdle with nothing consumed.
type records interface {
	next(f *capture.Frame) error
}

// stream is one input that is being read.
type stream struct {
	source string // what Frame.Source says
	order  int    // as the inputs were named: decides between equal times
	in     *input
	owned  bool // in is to be closed
	dir    *directory

	raw      window
	unpacked *unpacked // nil: not compressed
	records  records   // nil: the format is not known yet
	// head is the next frame, read ahead to compare its time.
	head capture.Frame
}

// magicLen is how many bytes tell every format from the others.
const magicLen = 4

// next reads the next frame. After errIdle it may be called again.
func (st *stream) next(f *capture.Frame) error {
	if st.records == nil {
		if err := st.start(); err != nil {
			return err
		}
	}
	return st.records.next(f)
}

// start finds out what the input holds.
func (st *stream) start() error {
	if err := st.raw.fill(magicLen); err != nil {
		return tooShort(&st.raw, err)
	}
	head := st.raw.buf[st.raw.pos:]
	for _, c := range compressions {
		if c.magic(head) {
			return st.unpack(c)
		}
	}
	return st.recognise(&st.raw)
}

func (st *stream) unpack(c compression) (err error) {
	st.in.patient = true
	if st.unpacked, err = c.unpack(&st.raw); err != nil {
		return err
	}
	w := &window{src: st.unpacked, buf: make([]byte, len(st.raw.buf)), lend: st.raw.lend}
	st.raw.lend = nil // it has no frames
	if err := w.fill(magicLen); err != nil {
		return tooShort(w, err)
	}
	return st.recognise(w)
}

func (st *stream) recognise(w *window) (err error) {
	head := w.buf[w.pos:w.end]
	switch {
	case pcapMagic(head):
		st.records, err = newPcapReader(w, st.source)
	case pcapngMagic(head):
		st.records, err = newPcapngReader(w, st.source)
	case binary.BigEndian.Uint32(head) == snoopMagic:
		err = fmt.Errorf("%w: snoop", ErrUnsupported)
	default:
		err = ErrNotCapture
	}
	return err
}

// snoopMagic begins a capture of Solaris's snoop (RFC 1761).
const snoopMagic = 0x736e6f6f // "snoo"

func tooShort(w *window, err error) error {
	switch {
	case err != io.EOF:
		return err
	case w.buffered() == 0:
		return fmt.Errorf("%w: it is empty", ErrNotCapture)
	}
	return ErrNotCapture
}

func headerCut(err error) error {
	if err == io.EOF {
		return fmt.Errorf("%w: the file header is cut short", ErrTruncated)
	}
	return err
}

func (st *stream) close() {
	if st.unpacked != nil {
		st.unpacked.close()
	}
	if st.owned {
		st.in.file.Close() // it was only read
	}
}
