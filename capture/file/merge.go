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

// manyStreams is how many inputs may have a large buffer each.
const manyStreams = 8

// idlePatience is how far, in packet time, one input may run ahead before idle
// ones are tried again.
const idlePatience = int64(time.Second)

// streamHeap holds the open inputs by where their next frame stands.
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

func (s *Source) sortWaiting() {
	slices.SortStableFunc(s.waiting, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.order, b.order))
	})
}

// settle puts an input where it belongs after it was asked for its next frame
// f, and returns what is to be told about it.
func (s *Source) settle(st *stream, f *capture.Frame, err error) error {
	switch err {
	case nil:
		st.head = *f
		st.arrange(f.Time, s.others())
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
	return s.trouble(st.source, err)
}

// others returns where the earliest frame of the inputs that are not being
// read stands.
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

// turn chooses the input whose turn it is and delivers its next frame.
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
		if len(s.idle)+len(s.waiting)+len(s.deferred)+len(s.dirs) == 0 {
			return io.EOF
		}
		if err := s.await(); err != nil {
			return err
		}
	}
}

// prepareTurn reads ahead in every input that might be next.
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

// openNext opens the first input in line and reads its first frame.
func (s *Source) openNext() error {
	c := s.waiting[0]
	s.waiting = s.waiting[1:]
	if len(s.ready) > 0 && !s.budget.room(max(c.need, pcap.Cost(pcap.SmallBufferSize))) {
		return s.postpone(c)
	}
	st, err := s.open(c)
	if err == errStopped {
		return nil
	}
	if err != nil {
		c.dir.forget(c.source)
		return s.trouble(c.source, err)
	}
	err = st.next(&st.head)
	return s.settle(st, &st.head, err)
}

func (s *Source) open(c candidate) (st *stream, err error) {
	st = &stream{source: c.source, order: c.order, dir: c.dir, owned: c.r == nil, last: c.first}
	r := c.r
	if r == nil {
		if c.file == nil {
			if c.file, err = s.openFile(c.source); err != nil {
				return nil, err
			}
		}
		r = c.file
	}
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

// postpone has an input wait until another ends: fewer windows at once, instead
// of more memory.
func (s *Source) postpone(c candidate) error {
	s.deferred = append(s.deferred, c)
	if s.told {
		return nil
	}
	s.told = true
	return inputError(c.source, ErrDeferred)
}

// resume has inputs that wait for memory tried again.
func (s *Source) resume() {
	if len(s.deferred) > 0 {
		s.waiting = append(s.deferred, s.waiting...)
		s.deferred = nil
		s.sortWaiting()
	}
}

// buffer returns the buffer for a new input: reading a long ring of files
// needs one, a thousand files at once must not take a gigabyte.
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

// pipeIdle reports whether a pipe's next frame is not known yet: it may be the
// earliest of all.
func (s *Source) pipeIdle() bool {
	return slices.ContainsFunc(s.idle, func(st *stream) bool { return st.in.fd >= 0 })
}

// retryIdle asks the idle inputs again; those that are only followed not more
// often than idleWait while there are others.
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

// await gives idle inputs time.
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
