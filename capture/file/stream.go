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
	source string // the Source of its frames
	order  int    // in which the inputs were named: decides between equal times
	in     *input
	owned  bool       // in is closed at the end
	dir    *directory // that it was found in, or nil
	missed int        // checks in a row that found no file of its name
	moved  bool       // renamed while it was followed
	failed bool       // failOnce has reported an error

	acct     account
	raw      *pcap.Buffer     // the input as it is; only pump uses it if there is one
	unpacker *compress.Reader // of a compressed file
	pump     *pump            // of a compressed pipe
	unpacked *pcap.Buffer     // what unpacker or pump returns
	content  *pcap.Buffer     // raw or unpacked; nil: it is not known yet which
	records  pcap.Reader      // nil: the format is not known yet
	// head is the next frame, read ahead to compare its time.
	head capture.Frame
	// key is the time by which head is ordered among the frames of other inputs, and
	// last that of the frame before it, in nanoseconds.
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

// start finds out what the input contains from here on.
func (st *stream) start() error {
	if st.content == nil {
		if err := st.open(); err != nil {
			return err
		}
	}
	err := st.recognise()
	if st.unpacked != nil && errors.Is(err, capture.ErrNotCapture) {
		return cmp.Or(st.corrupt(), err)
	}
	return err
}

func (st *stream) open() error {
	if st.unpacked != nil {
		return st.startUnpacked()
	}
	if err := st.raw.Fill(pcap.MagicLen); err != nil {
		return tooShort(st.raw, err)
	}
	if f := compress.FormatOf(st.raw.Bytes()); f != nil {
		if err := st.unpack(f); err != nil {
			return err
		}
		return st.startUnpacked()
	}
	st.content = st.raw
	return nil
}

// unpack begins to decompress the input.
func (st *stream) unpack(f *compress.Format) error {
	if err := st.acct.grow(pcap.Cost(st.raw.Size())); err != nil {
		return err
	}
	memory, live, lend := make([]byte, st.raw.Size()), st.raw.Live, st.raw.Lend
	st.raw.Lend = nil // there are no frames in it
	st.in.patient = true
	r, err := st.decompressor(f)
	if err != nil {
		return err
	}
	st.unpacked = pcap.NewBuffer(r, memory)
	st.unpacked.Lend, st.unpacked.Live, st.unpacked.Reserve = lend, live, st.acct.grow
	return nil
}

func (st *stream) decompressor(f *compress.Format) (io.Reader, error) {
	if st.raw.Live {
		st.pump = newPump(func() (*compress.Reader, error) { return f.NewReader(st.raw, st.acct.grow) }, st.in.ctl.wake)
		return st.pump, nil
	}
	var err error
	st.unpacker, err = f.NewReader(st.raw, st.acct.grow)
	return st.unpacker, err
}

// startUnpacked is called again after pcap.ErrIdle.
func (st *stream) startUnpacked() error {
	if err := st.unpacked.Fill(pcap.MagicLen); err != nil {
		return tooShort(st.unpacked, err)
	}
	st.content = st.unpacked
	return nil
}

// tooShort returns the error for an input that ends before the length of a magic
// number.
func tooShort(b *pcap.Buffer, err error) error {
	switch {
	case err != io.EOF:
		return err
	case b.Buffered() == 0:
		return fmt.Errorf("%w: it is empty", capture.ErrNotCapture)
	}
	return capture.ErrNotCapture
}

func (st *stream) recognise() (err error) {
	if !pcap.Begins(st.content.Bytes()) {
		return foreign.Identify(st.content.Peek(pcap.MaxAhead))
	}
	st.records, err = pcap.NewReader(st.content, st.source)
	return err
}

// corrupt reads on in compressed data whose content is not recognised, and returns an
// error if the data is damaged: in bzip2, that shows only at the end of a block.
func (st *stream) corrupt() error {
	if st.raw.Live {
		return nil
	}
	if err := st.content.Skip(pcap.MaxBuffer); errors.Is(err, capture.ErrDamaged) {
		return err
	}
	return nil
}

// largeMemory is from how many bytes on the memory of an input is collected as soon
// as it ends. Otherwise the next input would allocate its own before the garbage
// collector, which runs in the background, has freed this.
const largeMemory = 16 << 20

func (st *stream) close() {
	if st.unpacker != nil {
		st.unpacker.Close()
	}
	if st.pump != nil {
		st.pump.close()
	}
	if st.owned {
		st.in.close()
	}
	held := st.acct.close()
	st.unpacker, st.unpacked, st.content, st.records = nil, nil, nil, nil
	if held > largeMemory {
		runtime.GC()
	}
}
