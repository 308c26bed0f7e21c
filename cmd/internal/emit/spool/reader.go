package spool

import (
	"errors"
	"io"
)

// readAhead is how much is read of a segment at once, in bytes.
const readAhead = 256 << 10

var errDamaged = errors.New("the spool is damaged")

// reader walks the frames of a file.
type reader struct {
	file    io.ReaderAt
	at, end int64  // of the next frame, and of the file
	ahead   int    // how much to read at once, in bytes; 0: readAhead
	buffer  []byte // what was read from at on
}

// next returns the next record, which is a view until the following call, or
// io.EOF at the end, or errDamaged.
func (r *reader) next() ([]byte, error) {
	if r.at >= r.end {
		return nil, io.EOF
	}
	for {
		record, size, ok := readFrame(r.buffer)
		switch {
		case ok:
			r.buffer = r.buffer[size:]
			r.at += int64(size)
			return record, nil
		case size == 0 || int64(size) > r.end-r.at:
			return nil, errDamaged
		}
		if err := r.fill(size); err != nil {
			return nil, err
		}
	}
}

// fill reads at least n bytes, which the file has.
func (r *reader) fill(n int) error {
	ahead := int64(readAhead)
	if r.ahead > 0 {
		ahead = min(ahead, int64(r.ahead)+frameHeader)
	}
	n = max(n, int(min(ahead, r.end-r.at)))
	r.buffer = make([]byte, n)
	_, err := r.file.ReadAt(r.buffer, r.at)
	if errors.Is(err, io.EOF) { // somebody has cut the file
		return errDamaged
	}
	return err
}
