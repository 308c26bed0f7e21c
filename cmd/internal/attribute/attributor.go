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
	// queueLength bounds the queries that the finder has not taken yet.
	queueLength = 1024
	// sweepEvery is how often findings that wait are looked at.
	sweepEvery = 200 * time.Millisecond
)

// Options are what an Attributor is told.
type Options struct {
	Deliver func(*classify.Finding) // takes findings, from several goroutines
	Note    func(string)            // takes a line for the person

	clock clock.Clock // nil: the machine's
}

// Stats are the counts so far.
type Stats struct {
	Asked    uint64 // connections asked about
	Found    uint64 // answers that named a process
	Unasked  uint64 // connections that came too fast to be asked about
	TooLate  uint64 // findings that went on before their answer came
	Unusable bool   // the finder has ended
}

// Attributor stands between a sensor and its outputs.
type Attributor struct {
	options Options
	socket  *os.File
	queries chan query
	done    chan struct{} // closed by Close
	running sync.WaitGroup

	mu      sync.Mutex
	matters matters
	stats   Stats
	closed  bool
	settled chan struct{} // made by Close, and closed when no finding waits
}

// New returns an Attributor that asks on socket, the other end of which Serve
// has. It takes socket over. The finder's first answer is read at once: its
// failure is an error.
func New(socket *os.File, o Options) (*Attributor, error) {
	if o.clock == nil {
		o.clock = clock.System{}
	}
	a := &Attributor{options: o, socket: socket, queries: make(chan query, queueLength), done: make(chan struct{}), matters: newMatters()}
	first, err := a.read(make([]byte, maxAnswer))
	if err == nil && first.Failure != "" {
		err = fmt.Errorf("processes cannot be found: %s", first.Failure)
	}
	if err != nil {
		return nil, err
	}
	a.say(first.Limits)
	a.running.Add(3)
	go a.ask()
	go a.listen()
	go a.sweep()
	return a, nil
}

// Notice asks who has a connection, without waiting.
func (a *Attributor) Notice(client, server netip.AddrPort) {
	a.mu.Lock()
	out := a.open(connection{client, server})
	a.checkSettled()
	a.mu.Unlock()
	a.deliver(out)
}

// open returns the findings that have to go on for it.
func (a *Attributor) open(ends connection) []*classify.Finding {
	if a.stats.Unusable || a.closed {
		return nil
	}
	q, out := a.matters.open(ends)
	a.stats.TooLate += uint64(len(out))
	select {
	case a.queries <- q:
		a.stats.Asked++
	default:
		a.stats.Unasked++
		a.matters.answered(&answer{ID: q.id}) // nobody will
	}
	return out
}

func (a *Attributor) deliver(out []*classify.Finding) {
	for _, f := range out {
		a.options.Deliver(f)
	}
}

// Deliver passes a finding on, with its process when that is known, else when
// it becomes known or a second has passed. One that was told in a tunnel alone has
// none: it may have the addresses and ports of a connection of this host that said
// something else.
func (a *Attributor) Deliver(f *classify.Finding) {
	if !f.Outside {
		a.options.Deliver(f)
		return
	}
	a.mu.Lock()
	f = a.matters.concluded(f, a.options.clock.Now())
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

// Close waits for the answers that findings wait for, a second at most, and
// lets the finder end.
func (a *Attributor) Close() error {
	select {
	case <-a.settle():
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

// settle returns a channel that is closed when no finding waits.
func (a *Attributor) settle() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	settled := make(chan struct{})
	a.settled = settled
	a.checkSettled()
	return settled
}

// checkSettled tells Close, where it waits for that, that no finding waits.
func (a *Attributor) checkSettled() {
	if a.settled != nil && a.matters.waiting == 0 {
		close(a.settled)
		a.settled = nil
	}
}

// ask sends what was noticed.
func (a *Attributor) ask() {
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

// listen takes answers.
func (a *Attributor) listen() {
	defer a.running.Done()
	for b := make([]byte, maxAnswer); ; {
		answer, err := a.read(b)
		if err != nil {
			a.fail(err)
			return
		}
		a.say(answer.Limits)
		a.take(&answer)
	}
}

func (a *Attributor) take(x *answer) {
	a.mu.Lock()
	if x.Process != nil {
		a.stats.Found++
	}
	f := a.matters.answered(x)
	a.checkSettled()
	a.mu.Unlock()
	if f != nil {
		a.options.Deliver(f)
	}
}

func (a *Attributor) read(b []byte) (answer, error) {
	n, err := a.socket.Read(b)
	if err != nil {
		return answer{}, fmt.Errorf("the process finder has ended: %w", err)
	}
	return readAnswer(b[:n])
}

// sweep keeps findings from waiting for long.
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

// release passes on what has waited since before t.
func (a *Attributor) release(t time.Time) {
	a.mu.Lock()
	out := a.matters.overdue(t)
	a.stats.TooLate += uint64(len(out))
	a.checkSettled()
	a.mu.Unlock()
	a.deliver(out)
}

// fail goes on without the finder.
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

func (a *Attributor) say(limits []string) {
	for _, l := range limits {
		a.options.Note("processes: " + l)
	}
}
