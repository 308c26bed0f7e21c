package file

import (
	"cmp"
	"container/heap"
	"io"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
)

// manyStreams is how many inputs may have a buffer of the usual size each.
const manyStreams = 8

// idlePatience is how much time, by the times of its frames, may pass in one input
// before idle ones are read again, in nanoseconds.
const idlePatience = int64(time.Second)

// turn chooses the input with the earliest frame and delivers that frame.
func (s *Source) turn(f *capture.Frame) error {
	for {
		if s.ctl.stopped.Load() {
			return io.EOF
		}
		if err := s.prepareTurn(); err != nil {
			return err
		}
		if len(s.ready) > 0 && !s.pipeIdle() {
			s.take(f)
			return nil
		}
		if len(s.idle)+len(s.waiting)+len(s.deferred)+len(s.dirs)+len(s.expected) == 0 {
			return io.EOF
		}
		if err := s.await(); err != nil {
			return err
		}
	}
}

// prepareTurn reads the next frame of every input that might be chosen.
func (s *Source) prepareTurn() error {
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return err
	}
	for len(s.waiting) > 0 && (len(s.ready) == 0 || s.waiting[0].first <= s.ready[0].key) {
		if err := s.openNext(); err != nil {
			return err
		}
	}
	return s.retryIdle()
}

func (s *Source) take(f *capture.Frame) {
	s.cur = heap.Pop(&s.ready).(*stream)
	*f = s.cur.head
	s.limit = s.others()
	if len(s.idle) > 0 {
		s.limit = min(s.limit, later(s.cur.key, idlePatience))
	}
}

// openNext opens the first waiting input and reads its first frame.
func (s *Source) openNext() error {
	c := s.waiting[0]
	s.waiting = s.waiting[1:]
	if len(s.ready) > 0 && !s.budget.fits(max(c.need, pcap.Cost(pcap.SmallBufferSize))) {
		return s.postpone(c, ErrDeferred)
	}
	if s.crowded(&c) {
		return s.postpone(c, crowdedError{})
	}
	st, err := s.open(c)
	if err == errStopped {
		return nil
	}
	if err != nil {
		if c.dir.forget(c.source); c.dir == nil && s.expect(c.source, err) {
			err = ErrAbsent
		}
		return inputError(c.source, err)
	}
	err = st.next(&st.head)
	return s.settle(st, &st.head, err)
}

func (s *Source) open(c candidate) (*stream, error) {
	r, err := s.openCandidate(c)
	if err != nil {
		return nil, err
	}
	st := &stream{source: c.source, order: c.order, dir: c.dir, owned: c.r == nil, last: c.first}
	if st.dir != nil {
		s.supersede(st.dir)
	}
	st.in = newInput(r, &s.ctl, s.options.Follow)
	if st.in.fd >= 0 && s.ctl.wake == nil {
		if s.ctl.wake, err = newWake(); err != nil {
			return nil, err
		}
	}
	st.acct.of = &s.budget
	st.raw = pcap.NewBuffer(st.in, s.buffer())
	st.raw.Lend, st.raw.Live, st.raw.Reserve = s.lend, st.in.fd >= 0, st.acct.grow
	if err := st.acct.grow(pcap.Cost(st.raw.Size())); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (s *Source) openCandidate(c candidate) (io.Reader, error) {
	switch {
	case c.r != nil:
		return c.r, nil
	case c.held:
		s.held--
		return c.file, nil
	case c.file != nil:
		return c.file, nil
	}
	return s.openFile(c.source)
}

// settle puts an input in its place after its next frame f was read with err. It
// returns the error for Next.
func (s *Source) settle(st *stream, f *capture.Frame, err error) error {
	switch err {
	case nil:
		st.head = *f
		st.setKey(f.Time, s.others())
		heap.Push(&s.ready, st)
		return nil
	case pcap.ErrIdle:
		s.idle = append(s.idle, st)
		return nil
	}
	s.release(st)
	if err == io.EOF || err == errStopped {
		return nil
	}
	return inputError(st.source, err)
}

// others returns the key of the earliest frame of all inputs except cur.
func (s *Source) others() int64 {
	t := int64(math.MaxInt64)
	if len(s.ready) > 0 {
		t = s.ready[0].key
	}
	if len(s.waiting) > 0 {
		t = min(t, s.waiting[0].first)
	}
	return t
}

// postpone makes an input wait until another ends, because memory or the number of open
// files is used up: why is the error for that.
func (s *Source) postpone(c candidate, why error) error {
	s.deferred = append(s.deferred, c)
	if s.reported {
		return nil
	}
	s.reported = true
	return inputError(c.source, why)
}

// resume lets inputs that wait for memory be opened again.
func (s *Source) resume() {
	if len(s.deferred) > 0 {
		s.waiting = append(s.deferred, s.waiting...)
		s.deferred = nil
		s.sortWaiting()
	}
}

func (s *Source) sortWaiting() {
	slices.SortStableFunc(s.waiting, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.order, b.order))
	})
}

// buffer returns the memory for the buffer of a new input. A long ring of files uses
// the same one again and again; a thousand files at once get smaller ones.
func (s *Source) buffer() []byte {
	if buf := s.spare; buf != nil {
		s.spare = nil
		return buf
	}
	if len(s.ready)+len(s.idle) < manyStreams {
		return make([]byte, pcap.BufferSize)
	}
	return make([]byte, pcap.SmallBufferSize)
}

func (s *Source) release(st *stream) {
	if st.dir != nil {
		st.dir.done(st)
	}
	if st.pump == nil && st.raw.Size() >= pcap.BufferSize {
		s.spare = st.raw.Recycle()
	}
	st.close()
	s.resume()
}

// pipeIdle reports whether the next frame of a pipe is not known yet. It may be the
// earliest of all.
func (s *Source) pipeIdle() bool {
	return slices.ContainsFunc(s.idle, func(st *stream) bool { return st.in.fd >= 0 })
}

// retryIdle reads the idle inputs again. If there are others, it reads files that are
// only followed at most once in idleWait.
func (s *Source) retryIdle() error {
	if len(s.idle) == 0 || len(s.ready) > 0 && !s.pipeIdle() && time.Since(s.retried) < idleWait {
		return nil
	}
	s.retried = time.Now()
	idle := s.idle
	s.idle = nil
	for i, st := range idle {
		if err := s.settle(st, &st.head, st.next(&st.head)); err != nil {
			s.idle = append(s.idle, idle[i+1:]...)
			return err
		}
	}
	return nil
}

// await waits until an idle input can be read. It returns capture.ErrTimeout when
// none could for idleWait.
func (s *Source) await() error {
	var fds [manyStreams]unix.PollFd
	poll := fds[:0]
	for _, st := range s.idle {
		if st.pump == nil {
			poll = st.in.pollable(poll)
		}
	}
	if s.ctl.wake != nil {
		poll = s.ctl.wake.pollable(poll)
	}
	err := wait(poll)
	if s.ctl.wake != nil {
		s.ctl.wake.clear()
	}
	if err == pcap.ErrIdle {
		s.watch()
		return capture.ErrTimeout
	}
	return err
}

// streamHeap holds the open inputs, sorted by the key of their next frame.
type streamHeap []*stream

func (h streamHeap) Len() int      { return len(h) }
func (h streamHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *streamHeap) Push(x any)   { *h = append(*h, x.(*stream)) }

func (h streamHeap) Less(i, j int) bool {
	if h[i].key != h[j].key {
		return h[i].key < h[j].key
	}
	return h[i].order < h[j].order
}

func (h *streamHeap) Pop() any {
	last := len(*h) - 1
	st := (*h)[last]
	*h = (*h)[:last]
	return st
}

// maxJump is how far the time of a frame may be after that of the frame before it, in
// nanoseconds, without a check. Capture queues and clocks that are being set put
// frames out of order by milliseconds.
const maxJump = int64(time.Second)

// maxProbe is how many of the records that follow decide about a frame's time.
const maxProbe = 32

// setKey decides where the next frame, of time t, is placed among the frames of other
// inputs, the earliest of which is placed at others: at its time, unless that time is
// wrong. A frame that a broken clock puts a day ahead would otherwise hold back all
// that follow it in its file until the other files have passed that day. It is placed
// where the frame before it was, and keeps its time.
func (st *stream) setKey(t, others int64) {
	st.key = t
	if later(max(st.last, others), maxJump) < t {
		st.content.ReadAhead(pcap.MaxAhead)
		if isOutlier(st.records, t) {
			st.key = st.last
		}
	}
	st.last = st.key
}

// isOutlier reports whether the times that follow t are before it again. After a
// pause in the traffic they are not.
func isOutlier(r pcap.Reader, t int64) bool {
	var next [maxProbe]int64
	n, before := r.Times(next[:]), 0
	for _, u := range next[:n] {
		if later(u, maxJump) < t {
			before++
		}
	}
	return n > 0 && 2*before >= n
}

// firstTime is where a file whose first frame is of time t begins: if t is an outlier,
// at the earliest of the times that follow.
func firstTime(r pcap.Reader, t int64) int64 {
	if !isOutlier(r, t) {
		return t
	}
	var next [maxProbe]int64
	for _, u := range next[:r.Times(next[:])] {
		t = min(t, u)
	}
	return t
}

// later is t and by nanoseconds more, or the last time that there is.
func later(t, by int64) int64 { return min(t, math.MaxInt64-by) + by }
