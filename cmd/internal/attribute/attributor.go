package attribute

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/clock"
)

const (
	// queueLength bounds the queries that are not sent yet.
	queueLength = 1024
	// sweepEvery is how often the findings that wait are checked.
	sweepEvery = 200 * time.Millisecond
)

// Options are the options of an Attributor.
type Options struct {
	Deliver func(*classify.Finding) // is called with findings, by several goroutines
	Note    func(string)            // is called with messages for the user

	clock clock.Clock // nil: the machine's
}

// Stats are the counts so far.
type Stats struct {
	Asked    uint64 // connections asked about
	Found    uint64 // replies that named a process
	Unasked  uint64 // connections that were opened too fast to ask about them
	TooLate  uint64 // findings that were delivered before their reply came
	Unusable bool   // the finder has ended
}

// Attributor adds processes to findings on their way from the sensor to the outputs.
type Attributor struct {
	options Options
	socket  *os.File
	queries chan query
	done    chan struct{} // closed by Close
	running sync.WaitGroup

	mu      sync.Mutex
	lookups lookups
	stats   Stats
	closed  bool
	idle    chan struct{} // made by whenIdle, and closed when no finding waits
}

// New returns an Attributor that sends queries over socket, which belongs to it then.
// The other end is that of Serve. New reads the finder's first reply, and returns the
// failure in it.
func New(socket *os.File, o Options) (*Attributor, error) {
	if o.clock == nil {
		o.clock = clock.System{}
	}
	a := &Attributor{options: o, socket: socket, queries: make(chan query, queueLength), done: make(chan struct{}), lookups: newLookups()}
	first, err := a.read(make([]byte, maxReply))
	if err == nil && first.Failure != "" {
		err = fmt.Errorf("processes cannot be found: %s", first.Failure)
	}
	if err != nil {
		return nil, err
	}
	a.noteLimits(first.Limits)
	a.running.Add(3)
	go a.sendQueries()
	go a.readReplies()
	go a.sweep()
	return a, nil
}

// Notice asks for the process of a connection, without waiting.
func (a *Attributor) Notice(client, server netip.AddrPort, udp bool) {
	a.mu.Lock()
	out := a.begin(connection{Client: client, Server: server, UDP: udp})
	a.checkIdle()
	a.mu.Unlock()
	a.deliver(out)
}

// begin begins a lookup, and returns the findings that can no longer wait.
func (a *Attributor) begin(ends connection) []*classify.Finding {
	if a.stats.Unusable || a.closed {
		return nil
	}
	q, out := a.lookups.begin(ends)
	a.stats.TooLate += uint64(len(out))
	select {
	case a.queries <- q:
		a.stats.Asked++
	default:
		a.stats.Unasked++
		a.lookups.takeReply(&reply{ID: q.id}) // there will be no reply
	}
	return out
}

func (a *Attributor) deliver(out []*classify.Finding) {
	for _, f := range out {
		a.options.Deliver(f)
	}
}

// Deliver passes a finding on when its process is known, or after a second. It looks up
// no process for a connection that was only seen in tunnels: a sender of tunnels may
// invent one with the addresses and ports of a connection of this host.
func (a *Attributor) Deliver(f *classify.Finding) {
	if !f.Outside {
		a.options.Deliver(f)
		return
	}
	a.mu.Lock()
	f = a.lookups.attach(f, a.options.clock.Now())
	a.mu.Unlock()
	if f != nil {
		a.options.Deliver(f)
	}
}

// Stats returns the counts so far. It may be called at any time.
func (a *Attributor) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

// Close waits for the replies that findings wait for, at most a second, and closes the
// socket, which ends the finder.
func (a *Attributor) Close() error {
	select {
	case <-a.whenIdle():
	case <-a.options.clock.After(patience):
	}
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	close(a.done)
	err := a.socket.Close()
	a.running.Wait()
	a.release(a.options.clock.Now())
	return err
}

// whenIdle returns a channel that is closed when no finding waits.
func (a *Attributor) whenIdle() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	settled := make(chan struct{})
	a.idle = settled
	a.checkIdle()
	return settled
}

// checkIdle wakes Close if no finding waits.
func (a *Attributor) checkIdle() {
	if a.idle != nil && a.lookups.waiting == 0 {
		close(a.idle)
		a.idle = nil
	}
}

// sendQueries sends the queries.
func (a *Attributor) sendQueries() {
	defer a.running.Done()
	for b := make([]byte, 0, querySize); ; {
		select {
		case q := <-a.queries:
			if _, err := a.socket.Write(q.append(b)); err != nil {
				a.fail(err)
				return
			}
		case <-a.done:
			return
		}
	}
}

// readReplies reads the replies.
func (a *Attributor) readReplies() {
	defer a.running.Done()
	for b := make([]byte, maxReply); ; {
		r, err := a.read(b)
		if err != nil {
			a.fail(err)
			return
		}
		a.noteLimits(r.Limits)
		a.takeReply(&r)
	}
}

func (a *Attributor) takeReply(x *reply) {
	a.mu.Lock()
	if x.Process != nil {
		a.stats.Found++
	}
	f := a.lookups.takeReply(x)
	a.checkIdle()
	a.mu.Unlock()
	if f != nil {
		a.options.Deliver(f)
	}
}

func (a *Attributor) read(b []byte) (reply, error) {
	n, err := a.socket.Read(b)
	if err != nil {
		return reply{}, fmt.Errorf("the process finder has ended: %w", err)
	}
	return readReply(b[:n])
}

// sweep delivers findings that have waited for too long.
func (a *Attributor) sweep() {
	defer a.running.Done()
	for {
		select {
		case now := <-a.options.clock.After(sweepEvery):
			a.release(now.Add(-patience))
		case <-a.done:
			return
		}
	}
}

// release delivers findings that have waited since before t.
func (a *Attributor) release(t time.Time) {
	a.mu.Lock()
	out := a.lookups.overdue(t)
	a.stats.TooLate += uint64(len(out))
	a.checkIdle()
	a.mu.Unlock()
	a.deliver(out)
}

// fail notes that the finder has ended. Findings go on without processes.
func (a *Attributor) fail(err error) {
	a.mu.Lock()
	first := !a.closed && !a.stats.Unusable
	a.stats.Unusable = true
	a.mu.Unlock()
	if first {
		a.options.Note(fmt.Sprintf("%v; going on without the names of processes", err))
		a.release(a.options.clock.Now())
	}
}

func (a *Attributor) noteLimits(limits []string) {
	for _, l := range limits {
		a.options.Note("processes: " + l)
	}
}
