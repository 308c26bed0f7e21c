package sink

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
)

const (
	// inlineLength is how many findings wait for whom sends to encode them itself:
	// enough that its code need not come back into the processor's cache for each,
	// few enough that the findings are still there.
	inlineLength = 32
	// queueLength bounds those that wait for the Set's goroutine. A finding can
	// hold a hello's worth of text: some 10 MB in all at the worst.
	queueLength = 256
	// liveQueueLength is longer: where Send does not wait, the queue has to
	// last while another process has the processor.
	liveQueueLength = 1024
	// gathering is how long findings gather before they are encoded. A person
	// does not notice; waking a goroutine for each would cost more than encoding
	// it.
	gathering = 10 * time.Millisecond
	// liveGathering is shorter: what is found is lost with the process until the
	// kernel has it, and live there are few.
	liveGathering = time.Millisecond
)

// Set is the outputs of a run.
type Set struct {
	outputs   []*output
	options   Options
	gathering time.Duration
	length    int // of the queue

	queue    queue
	encoding sync.Mutex    // held while events are encoded: they keep their order
	taken    []item        // those; guarded by encoding
	called   chan struct{} // has an element when something was sent
	wake     chan struct{} // has an element when the queue fills
	closing  chan struct{}
	done     chan struct{}
	end      atomic.Int64 // see EndBy, in Unix nanoseconds; 0: nobody has called it
}

// Wants reports whether any output takes a finding.
func (s *Set) Wants(f *classify.Finding) bool {
	for _, o := range s.outputs {
		if o.config.Wants(f) {
			return true
		}
	}
	return false
}

// Send takes f and its memory, for the outputs that want it. Any number of
// goroutines may send, but not after Close. Whether it waits, or encodes what
// was sent, is up to Options.
func (s *Set) Send(f *classify.Finding) { s.send(item{finding: f}) }

// SendStats takes the counts of a run, in their order among the findings, for
// all outputs.
func (s *Set) SendStats(c *event.Stats) { s.send(item{stats: c}) }

// Spare returns a finding that was sent and is not needed any more, for its
// memory; nil: there is none.
func (s *Set) Spare() *classify.Finding { return s.queue.spare() }

func (s *Set) send(e item) {
	n, first := s.queue.add(e, s.room())
	switch {
	case n == 0:
		s.overflow(e)
		return
	case n >= s.length && !s.options.Live:
		s.encode()
	case n >= s.length/2 && !s.options.Inline:
		signal(s.wake)
	}
	if first {
		signal(s.called)
	}
}

// room bounds the queue where Send does not wait.
func (s *Set) room() int {
	if s.options.Live {
		return s.length
	}
	return math.MaxInt
}

// overflow counts an event that came too fast even for the queue.
func (s *Set) overflow(e item) {
	for _, o := range s.outputs {
		if o.wants(e) {
			o.drop(1)
		}
	}
}

// run encodes what was sent and is not encoded by whom has sent it, and sees to
// it that what is encoded goes out.
func (s *Set) run() {
	defer close(s.done)
	for open := true; open; {
		select {
		case <-s.called:
			s.gather()
			s.queue.answer()
		case <-s.closing:
			open = false
		}
		s.encode()
		for _, o := range s.outputs {
			o.backlog.announce()
		}
	}
}

// gather lets the queue fill for a while.
func (s *Set) gather() {
	select {
	case <-s.options.clock.After(s.gathering):
	case <-s.wake:
	case <-s.closing:
	}
}

// encode encodes what waits. It waits for room where the outputs do.
func (s *Set) encode() {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.taken = s.queue.take(s.taken[:0])
	for _, e := range s.taken {
		for _, o := range s.outputs {
			o.add(e)
		}
	}
	s.queue.giveBack(s.taken)
}

// Err returns why nothing can be sent any more: the first output's reason, when
// every output was given up. It is cheap enough to ask after every packet. A
// reader of standard output that has seen enough and left is
// errors.Is(err, syscall.EPIPE).
func (s *Set) Err() error {
	for _, o := range s.outputs {
		if o.err() == nil {
			return nil
		}
	}
	if len(s.outputs) == 0 {
		return nil
	}
	return s.outputs[0].failed()
}

// died says that an output was given up, if another is left: else Err does.
func (s *Set) died(o *output) {
	if s.Err() == nil {
		o.trouble.say(fmt.Sprintf("given up: %v", o.err()))
	}
}

// Reopen opens files and reads secrets and certificates anew, and tries again
// at once what has failed: for SIGHUP. An output that it fails for goes on as
// before. It takes as long as the disk does.
func (s *Set) Reopen() error {
	errs := make([]error, len(s.outputs))
	var all sync.WaitGroup
	for i, o := range s.outputs {
		all.Add(1)
		go func() { // one that hangs must not keep the others from it
			defer all.Done()
			if err := o.transport.Reopen(); err != nil {
				errs[i] = fmt.Errorf("%s: %w", o.config.Name(), err)
			}
			o.poke()
		}()
	}
	all.Wait()
	return join(errs...)
}

// EndBy has Close end by a time, whatever the outputs wait for, and Send not wait
// for room any more when a third of the time until then is over. It may be called
// from any goroutine, also while Close waits.
func (s *Set) EndBy(t time.Time) {
	s.end.Store(t.UnixNano())
	third := s.options.clock.After(t.Sub(s.options.clock.Now()) / 3)
	go func() {
		<-third
		for _, o := range s.outputs {
			o.backlog.giveUp()
		}
	}()
}

// Close sends what is left, as far as Options.Grace allows, and closes the
// outputs. What then remains stays in the spool for the next run, or is lost;
// either is said. The error is about what was lost, or about outputs that were
// given up.
func (s *Set) Close() error {
	close(s.closing)
	var all sync.WaitGroup
	for _, o := range s.outputs {
		o.backlog.hurry()
		o.poke()
		all.Add(1)
		go func() {
			defer all.Done()
			o.await(s)
		}()
	}
	<-s.done
	for _, o := range s.outputs {
		o.backlog.finish()
	}
	all.Wait()
	var errs []error
	for _, o := range s.outputs {
		errs = append(errs, o.close(s.abandon()))
	}
	return joinLosses(errs)
}
