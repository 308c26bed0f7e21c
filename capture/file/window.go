package file

import "io"

const (
	// readSize is how much is asked of the kernel at once. What is read pushes
	// the connections out of the processor's second cache, so less is better,
	// until the system calls show: against 256 KiB, 64 KiB cost 2 to 8 per cent
	// less where flows are many and short, 1 more where they are few and fat,
	// and 32 KiB 6 more there.
	readSize = 64 << 10
	// readSizeMany is used instead when many files are open at once.
	readSizeMany = 32 << 10
	// maxWindow bounds what is ever held of one input: the largest record or
	// block that has to be looked at as a whole.
	maxWindow = 1 << 20
	// maxAhead bounds what is looked at before it is read. With the smallest
	// buffer, twice as long, looking ahead again and again moves each byte once.
	maxAhead = readSizeMany / 2
	// emptyReads is how many reads may bring nothing and no error before the
	// reader behind them is given up.
	emptyReads = 100
)

// window is the part of an input that is in memory. Records are looked at
// where they lie; only one that straddles the end of the buffer is moved, to
// its front.
type window struct {
	src io.Reader
	buf []byte
	// buf[pos:end] is read and not yet consumed.
	pos, end int
	// base is the offset of buf[0] in the input.
	base int64
	// lend gives another buffer for one with frames that are still in use;
	// nil: frames are in use until the next is read.
	lend func([]byte) []byte
	// pending is what skip still has to pass over.
	pending int64
	// spare is the other of two buffers that take turns when frames are held
	// while it is read ahead.
	spare []byte
	// live: the bytes come as they are captured. Nothing is read ahead, so
	// that no frame waits for the one after it.
	live bool
	// frozen: the window of a probe, which goes no further than what is in
	// memory and moves nothing.
	frozen bool
	// acct is asked for more memory; nil: nobody is.
	acct *account
}

// windowCost is what a window of n bytes takes: it may have two buffers that take
// turns.
func windowCost(n int) int64 { return 2 * int64(n) }

// offset is the place of the next byte in the input.
func (w *window) offset() int64 { return w.base + int64(w.pos) }

// buffered is how many bytes can be looked at without reading.
func (w *window) buffered() int { return w.end - w.pos }

// fill reads until at least n bytes, at most maxWindow, are in memory. Frames
// lent out are invalid afterwards. At the end of the input it returns io.EOF,
// and what there is can be looked at.
func (w *window) fill(n int) error {
	if w.frozen && w.buffered() < n {
		return errIdle
	}
	if n > len(w.buf) && w.acct != nil {
		if err := w.acct.grow(windowCost(w.longer(n)) - windowCost(len(w.buf))); err != nil {
			return err
		}
	}
	w.makeRoom(n)
	return w.readUntil(n)
}

func (w *window) readUntil(n int) error {
	for empty := 0; w.end-w.pos < n; {
		k, err := w.src.Read(w.buf[w.end:])
		w.end += k
		if w.end-w.pos >= n {
			return nil // an error will be met again
		}
		if err != nil {
			return err
		}
		if k > 0 {
			empty = 0
		} else if empty++; empty == emptyReads {
			return io.ErrNoProgress
		}
	}
	return nil
}

// peek returns up to n of the next bytes without consuming them: fewer only
// when the input ends before, or has no more for now. n is at most maxAhead.
// Frames lent out are invalid afterwards.
func (w *window) peek(n int) []byte {
	if !w.live {
		_ = w.fill(n) // an error will be met again
	}
	return w.buf[w.pos:min(w.end, w.pos+n)]
}

// readAhead is peek for a time when a frame is still to be delivered: what is
// unread moves to another buffer, and the frame's is not written to until the
// next call, or, when frames are lent, ever.
func (w *window) readAhead(n int) {
	if w.live || w.buffered() >= n {
		return
	}
	old := w.buf
	if w.lend != nil || len(w.spare) != len(old) {
		w.spare = make([]byte, len(old))
	}
	w.rebase(w.spare)
	w.spare = old
	_ = w.readUntil(n) // an error will be met again
}

// makeRoom moves what is unread to the front, but only when the rest of the
// buffer is too small: an input that comes in drops must not have its
// unfinished record moved again for each drop.
func (w *window) makeRoom(n int) {
	switch {
	case n > len(w.buf):
		w.rebase(make([]byte, w.longer(n)))
	case w.pos == w.end, n > len(w.buf)-w.pos:
		w.rebase(w.other())
	}
}

// longer is the length of the buffer that n bytes need. It is doubled: frames of
// 64 KiB, as hosts capture that offload segmentation, must not cost a megabyte in
// each of forty captures.
func (w *window) longer(n int) int {
	length := len(w.buf)
	for length < n {
		length *= 2
	}
	return min(length, maxWindow)
}

// other returns the buffer to go on with.
func (w *window) other() []byte {
	if w.lend == nil || w.pos == 0 {
		return w.buf
	}
	return w.lend(w.buf)
}

func (w *window) rebase(buf []byte) {
	n := copy(buf, w.buf[w.pos:w.end])
	w.base += int64(w.pos)
	w.buf, w.pos, w.end = buf, 0, n
}

// skip passes over n bytes without holding them. After errIdle it is called
// again with 0.
func (w *window) skip(n int64) error {
	w.pending += n
	for {
		k := min(w.pending, int64(w.buffered()))
		w.pos += int(k)
		w.pending -= k
		if w.pending == 0 {
			return nil
		}
		if err := w.fill(1); err != nil {
			return err
		}
	}
}

// Read hands out what is in memory, then reads on.
func (w *window) Read(p []byte) (int, error) {
	if w.pos == w.end {
		if err := w.fill(1); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.buf[w.pos:w.end])
	w.pos += n
	return n, nil
}

// ended puts into words that the input ended before the record or block at p
// was whole: io.EOF is right only in front of one.
func (w *window) ended(err error, p place) error {
	if err == io.EOF && w.buffered() > 0 {
		return p.truncated()
	}
	return err
}
