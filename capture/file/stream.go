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
	"tlsfloor/capture/pcap"
)

// stream is one input that is being read.
type stream struct {
	source string // what Frame.Source says
	order  int    // as the inputs were named: decides between equal times
	in     *input
	owned  bool // in is to be closed
	dir    *directory

	acct     account
	raw      *pcap.Buffer
	unpacked *compress.Reader // nil: not compressed, or by a pump
	pump     *pump            // of a compressed pipe; it has raw then
	packed   *pcap.Buffer     // the content, before it is known what it holds
	content  *pcap.Buffer     // what the input holds, decompressed; nil: not known yet
	records  pcap.Reader      // nil: the format is not known yet
	// head is the next frame, read ahead to compare its time.
	head capture.Frame
	// key is where head stands among the frames of other inputs, and last
	// where the one before it stood: times, in nanoseconds.
	key, last int64
}

// next reads the next frame. After pcap.ErrIdle it may be called again.
func (st *stream) next(f *capture.Frame) error {
	for {
		if st.records == nil {
			if err := st.start(); err != nil {
				return err
			}
		}
		err := st.records.Next(f)
		if err != pcap.ErrNextFile {
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
	if st.raw.Live {
		return nil
	}
	if err := st.content.Skip(pcap.MaxBuffer); errors.Is(err, capture.ErrDamaged) {
		return err
	}
	return nil
}

func (st *stream) open() error {
	if st.packed != nil {
		return st.unpack(nil)
	}
	if err := st.raw.Fill(pcap.MagicLen); err != nil {
		return tooShort(st.raw, err)
	}
	if c := compress.FormatOf(st.raw.Bytes()); c != nil {
		return st.unpack(c)
	}
	st.content = st.raw
	return nil
}

// unpack decompresses content from c. It is called again after pcap.ErrIdle.
func (st *stream) unpack(c *compress.Format) error {
	if st.packed == nil {
		if err := st.acct.grow(pcap.Cost(st.raw.Size())); err != nil {
			return err
		}
		memory, live, lend := make([]byte, st.raw.Size()), st.raw.Live, st.raw.Lend
		st.raw.Lend = nil              // there are no frames in it
		content, err := st.unpacker(c) // a pump uses st.raw from here on
		if err != nil {
			return err
		}
		st.packed = pcap.NewBuffer(content, memory)
		st.packed.Lend, st.packed.Live, st.packed.Reserve = lend, live, st.acct.grow
	}
	if err := st.packed.Fill(pcap.MagicLen); err != nil {
		return tooShort(st.packed, err)
	}
	st.content = st.packed
	return nil
}

func (st *stream) unpacker(c *compress.Format) (io.Reader, error) {
	st.in.patient = true
	if st.raw.Live {
		st.pump = newPump(func() (*compress.Reader, error) { return c.NewReader(st.raw, st.acct.grow) }, st.in.ctl.wake)
		return st.pump, nil
	}
	var err error
	st.unpacked, err = c.NewReader(st.raw, st.acct.grow)
	return st.unpacked, err
}

func (st *stream) recognise(b *pcap.Buffer) (err error) {
	if !pcap.Begins(b.Bytes()) {
		return foreign.Identify(b.Peek(pcap.MaxAhead))
	}
	st.records, err = pcap.NewReader(b, st.source)
	return err
}

func tooShort(b *pcap.Buffer, err error) error {
	switch {
	case err != io.EOF:
		return err
	case b.Buffered() == 0:
		return fmt.Errorf("%w: it is empty", capture.ErrNotCapture)
	}
	return capture.ErrNotCapture
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
