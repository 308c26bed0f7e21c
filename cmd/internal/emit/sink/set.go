package sink

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/wording"
)

const (
	// inlineLength is how many findings Send collects before it encodes them itself:
	// enough that the encoder's code is not reloaded into the processor's cache for
	// each, few enough that the findings are still in that cache.
	inlineLength = 32
	// queueLength bounds the findings that wait for the Set's goroutine. A finding
	// can hold the text of a whole hello: 10 MB in all at the worst.
	queueLength = 256
	// liveQueueLength is larger: where Send does not wait, the queue has to last
	// while the processor runs other processes.
	liveQueueLength = 1024
	// gatherTime is how long findings gather before they are encoded. Waking a
	// goroutine for each would cost more than encoding it.
	gatherTime = 10 * time.Millisecond
	// liveGatherTime is shorter: a crash loses the findings that the kernel does not
	// have yet, and on interfaces they are rare.
	liveGatherTime = time.Millisecond
)

// Set is the outputs of a run. Any number of goroutines may use it.
type Set struct {
	outputs    []*output
	options    Options
	gatherTime time.Duration
	length     int // of the queue

	queue    queue
	encoding sync.Mutex    // held while events are encoded, so that they keep their order
	taken    []queued      // from the queue; guarded by encoding
	sent     chan struct{} // has an element when an event was sent
	wake     chan struct{} // has an element when the queue is half full
	closing  chan struct{}
	done     chan struct{}
	end      atomic.Int64 // the time that EndBy was given, in Unix nanoseconds; 0: none
}

// Send hands f to the outputs that want it; f belongs to the Set from then on.
// It must not be called after Close. Options say whether it waits and whether it
// encodes.
func (s *Set) Send(f *classify.Finding) { s.send(queued{finding: f}) }

// SendStats hands the counts of a run to all outputs, in order with the findings.
func (s *Set) SendStats(c *event.Stats) { s.send(queued{stats: c}) }

// Wants reports whether any output takes a finding.
func (s *Set) Wants(f *classify.Finding) bool {
	for _, o := range s.outputs {
		if o.config.Wants(f) {
			return true
		}
	}
	return false
}

// Spare returns a finding that was sent and is free to be used again, or nil.
func (s *Set) Spare() *classify.Finding { return s.queue.spare() }

func (s *Set) send(e queued) {
	n, first := s.queue.add(e, s.capacity())
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
		signal(s.sent)
	}
}

// capacity bounds the queue if Send does not wait.
func (s *Set) capacity() int {
	if s.options.Live {
		return s.length
	}
	return math.MaxInt
}

// overflow counts an event that found the queue full.
func (s *Set) overflow(e queued) {
	for _, o := range s.outputs {
		if o.wants(e) {
			o.drop(1)
		}
	}
}

// run is the Set's goroutine. It encodes events that Send did not, and wakes the
// outputs' goroutines to deliver them.
func (s *Set) run() {
	defer close(s.done)
	for open := true; open; {
		select {
		case <-s.sent:
			s.gather()
			s.queue.rearm()
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
	case <-s.options.clock.After(s.gatherTime):
	case <-s.wake:
	case <-s.closing:
	}
}

// encode encodes the events in the queue, for each output that wants them. It blocks
// while an output waits for room.
func (s *Set) encode() {
	s.encoding.Lock()
	defer s.encoding.Unlock()
	s.taken = s.queue.take(s.taken[:0])
	for _, e := range s.taken {
		for _, o := range s.outputs {
			o.add(e)
		}
	}
	s.queue.recycle(s.taken)
}

// IsBlocked reports whether Send waits for an output to make room.
func (s *Set) IsBlocked() bool {
	return slices.ContainsFunc(s.outputs, func(o *output) bool { return o.backlog.blocked.Load() })
}

// Err returns nil as long as an output works. When all were given up, it returns the
// first one's reason: EPIPE if the reader of standard output has closed it. It is
// cheap enough to be called after every packet.
func (s *Set) Err() error {
	for _, o := range s.outputs {
		if o.loop.Err() == nil {
			return nil
		}
	}
	if len(s.outputs) == 0 {
		return nil
	}
	return s.outputs[0].failed()
}

// reportGivenUp reports that o was given up, unless it was the last one: then the
// run ends with Err.
func (s *Set) reportGivenUp(o *output) {
	if s.Err() == nil {
		o.health.Report("given up: " + wording.Of(o.loop.Err()))
	}
}

// Reopen opens files again, reads secrets and certificates again, and retries failed
// deliveries at once: SIGHUP asks for it. An output for which that fails goes on with
// what it had. Reopen waits for the disk.
func (s *Set) Reopen() error {
	errs := make([]error, len(s.outputs))
	var all sync.WaitGroup
	for i, o := range s.outputs {
		all.Add(1)
		go func() { // so that an output that hangs does not delay the others
			defer all.Done()
			if err := o.loop.Transport.Reopen(); err != nil {
				errs[i] = fmt.Errorf("%s: %w", o.config.Name(), err)
			}
			o.loop.RetryNow()
		}()
	}
	all.Wait()
	return join(errs...)
}

// EndBy makes Close return by the time t, whatever the outputs are doing. When a
// third of the time until then has passed, Send drops events rather than wait for
// room. EndBy may be called while Close is running.
func (s *Set) EndBy(t time.Time) {
	s.end.Store(t.UnixNano())
	third := s.options.clock.After(t.Sub(s.options.clock.Now()) / 3)
	go func() {
		<-third
		for _, o := range s.outputs {
			o.backlog.neverWait()
		}
	}()
}

// Close sends the remaining events for as long as Options.Grace allows, and closes
// the outputs. Events that remain then stay in the spool for the next run or are
// lost; both are reported. The error says what was lost and which outputs were given
// up.
func (s *Set) Close() error {
	close(s.closing)
	var all sync.WaitGroup
	for _, o := range s.outputs {
		o.backlog.flush()
		o.loop.RetryNow()
		all.Add(1)
		go func() {
			defer all.Done()
			o.awaitDelivered(s)
		}()
	}
	<-s.done
	for _, o := range s.outputs {
		o.backlog.finish()
	}
	all.Wait()
	var errs []error
	for _, o := range s.outputs {
		errs = append(errs, o.close(s.cancelTimeout()))
	}
	return joinWithoutEPIPE(errs)
}

// queue holds events that were sent and are not encoded yet.
type queue struct {
	mu       sync.Mutex
	events   []queued
	notified bool                // run was told that there are events
	spares   []*classify.Finding // encoded; the last one is used first, it is still in the processor's cache
}

// maxSpareFindings bounds the findings that keep their memory.
const maxSpareFindings = 64

// add appends an event if there are fewer than capacity. It returns how many there
// are now, or 0 if the event did not fit, and whether run has to be told.
func (q *queue) add(e queued, capacity int) (n int, tell bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) >= capacity {
		return 0, false
	}
	q.events = append(q.events, e)
	tell, q.notified = !q.notified, true
	return len(q.events), tell
}

// rearm makes add ask for run to be told again.
func (q *queue) rearm() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notified = false
}

// take returns the events in the queue and empties it. The queue uses the memory of
// empty for the next ones.
func (q *queue) take(empty []queued) (events []queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events, q.events = q.events, empty
	return events
}

// recycle keeps the findings of encoded events for spare.
func (q *queue) recycle(events []queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range events {
		if e.finding != nil && len(q.spares) < maxSpareFindings {
			q.spares = append(q.spares, e.finding)
		}
	}
	clear(events)
}

func (q *queue) spare() *classify.Finding {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.spares)
	if n == 0 {
		return nil
	}
	f := q.spares[n-1]
	q.spares = q.spares[:n-1]
	return f
}

// queued is an event before it is encoded: a finding or counts.
type queued struct {
	finding *classify.Finding
	stats   *event.Stats
}

// append appends the event in format f.
func (e queued) append(dst []byte, f event.Format) []byte {
	if e.finding != nil {
		return f.AppendFinding(dst, e.finding)
	}
	return f.AppendStats(dst, e.stats)
}

func (e queued) mark() transport.Mark {
	if e.finding == nil {
		return transport.Mark{Time: e.stats.Time, Kind: transport.Stats, Severity: transport.Informational}
	}
	return transport.Mark{Time: e.finding.Time, Kind: transport.Handshake, Severity: severity(e.finding)}
}

func severity(f *classify.Finding) transport.Severity {
	switch {
	case f.Flagged && f.Verdict == classify.Violation:
		return transport.Warning
	case f.Flagged:
		return transport.Notice
	}
	return transport.Informational
}
