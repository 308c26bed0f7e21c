package proc

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/cilium/ebpf/ringbuf"

	"tlsfloor/capture/cmdline"
)

// maxConnects bounds the connects that are remembered: a ClientHello follows its
// connect by a round trip.
const maxConnects = 4096

// Finder finds processes. Any number of goroutines may use it.
type Finder struct {
	opener   opener
	trace    *trace // nil: the kernel does not report connects
	untraced error  // why
	tracing  sync.WaitGroup

	looks looks

	mu       sync.Mutex // of what tracing and Find share; never held while something is read
	connects connects
	locals   locals

	asking   sync.Mutex // of what follows
	asker    asker
	networks *networks
	holders  holders
}

// Open makes a Finder that looks at processes with this process's own rights. It
// fails where nothing at all can be found; what else it cannot see, Limits says.
func Open() (*Finder, error) { return openFinder(direct{}) }

// OpenWith is Open for a Finder that has another process, which ServeOpener is,
// open what takes rights. It takes the socket over.
func OpenWith(socket *os.File) (*Finder, error) {
	o, err := newRemote(socket)
	if err != nil {
		return nil, fmt.Errorf("the process that opens others: %w", err)
	}
	return openFinder(o)
}

func openFinder(o opener) (*Finder, error) {
	f := &Finder{opener: o, connects: newConnects()}
	f.looks.opener, f.holders.opener = o, o
	if _, err := folderOf(os.Getpid()).start(); err != nil {
		return nil, fmt.Errorf("/proc is not mounted: %w", err)
	}
	var err error
	if f.networks, err = openNetworks(o); err != nil {
		return nil, err
	}
	if f.trace, f.untraced = openOwnTrace(); f.trace != nil {
		f.tracing.Add(1)
		go f.listen()
	}
	return f, nil
}

// Close ends what Open began.
func (f *Finder) Close() error {
	errs := []error{f.networks.close()}
	if o, ok := f.opener.(*remote); ok {
		errs = append(errs, o.close())
	}
	if f.trace != nil {
		errs = append(errs, f.trace.close())
	}
	f.tracing.Wait()
	return errors.Join(errs...)
}

// The namespaces that the system began with (PROC_PID_INIT_INO,
// PROC_TIME_INIT_INO). The kernel's program speaks of processes by their numbers
// in the one, and of when they began by the clock of the other.
const (
	firstPIDNamespace  = "pid:[4026531836]"
	firstTimeNamespace = "time:[4026531834]"
)

func openOwnTrace() (*trace, error) {
	if name, err := os.Readlink("/proc/self/ns/pid"); err != nil || name != firstPIDNamespace {
		return nil, errors.New("this is a container with processes of its own")
	}
	if name, err := os.Readlink("/proc/self/ns/time"); err == nil && name != firstTimeNamespace {
		return nil, errors.New("this is a container with a clock of its own")
	}
	return openTrace()
}

// listen takes the kernel's reports, and describes the processes while they are
// there.
func (f *Finder) listen() {
	defer f.tracing.Done()
	for r := new(ringbuf.Record); ; {
		c, err := f.trace.next(r)
		if err != nil {
			return
		}
		p := f.connected(&c)
		f.mu.Lock()
		f.locals.add(c.ends.client.Addr())
		f.connects.add(c.ends, p)
		f.mu.Unlock()
	}
}

// connected describes the process of a connect: as it is, and where it is gone
// or does not let itself be read, by what the kernel saw of it.
func (f *Finder) connected(c *connect) *Process {
	p := f.looks.describe(c.pid, c.start)
	if p != nil && len(p.CommandLine) > 0 {
		return p
	}
	seen := f.departed(c)
	if p != nil { // it has ended, and its parent does not know yet
		q := *p
		q.UID, q.User, q.CommandLine = seen.UID, seen.User, seen.CommandLine
		return &q
	}
	return seen
}

// departed describes a process by what the kernel saw of it. Which file it ran is
// not known: its command line and the name of its thread are its own choice.
func (f *Finder) departed(c *connect) *Process {
	p := &Process{PID: c.pid, UID: c.uid, User: f.looks.users.name(c.uid, f.opener), CommandLine: cmdline.Read(c.arguments)}
	if len(p.CommandLine) == 0 {
		p.CommandLine = []string{c.command}
	}
	return p
}

// Find returns the process that has the connection, or had it when it was
// made. The Process is not to be changed. Errors are ErrNotFound, ErrNotPermitted,
// and those of a system that does not answer.
func (f *Finder) Find(client, server netip.AddrPort) (*Process, error) {
	ends := connection{client, server}
	if p := f.reported(ends); p != nil {
		return p, nil
	}
	p, err := f.ask(ends)
	if err == nil || f.trace == nil || !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrNotPermitted) {
		return p, err
	}
	if p := f.await(ends); p != nil {
		return p, nil
	}
	return nil, err
}

// reported returns what the kernel has reported.
func (f *Finder) reported(ends connection) *Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.connects.get(ends)
}

// ask asks the kernel who has the socket now.
func (f *Finder) ask(ends connection) (*Process, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	o, err := f.networks.find(&f.asker, ends)
	if err != nil {
		return nil, err
	}
	if o.inode == 0 {
		return nil, ErrNotFound
	}
	pid, err := f.holders.find(o)
	if err != nil {
		return nil, err
	}
	if p := f.looks.describe(pid, 0); p != nil {
		return p, nil
	}
	return nil, ErrNotFound
}

// reportDelay is how late a report may be: on a host whose processors are busy
// this process, too, has to wait for its turn.
const reportDelay = 100 * time.Millisecond

// await waits for the report of a connection that this host must have made; nil:
// there is none.
func (f *Finder) await(ends connection) *Process {
	f.mu.Lock()
	local := f.locals.has(ends.client.Addr())
	f.mu.Unlock()
	if !local {
		return nil
	}
	for deadline := time.Now().Add(reportDelay); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if p := f.reported(ends); p != nil {
			return p
		}
	}
	return nil
}

// Limits says what could not be seen so far.
func (f *Finder) Limits() (limits []string) {
	f.asking.Lock()
	defer f.asking.Unlock()
	if f.untraced != nil {
		limits = append(limits, fmt.Sprintf("programs that end within milliseconds may be missed: the kernel does not report connects (%v)", f.untraced))
	}
	if err := f.opener.ended(); err != nil {
		limits = append(limits, fmt.Sprintf("those of other users cannot be seen any more: the process that opens them has ended (%v)", err))
	} else if f.holders.denied {
		limits = append(limits, "those of other users cannot be seen: that takes root or CAP_SYS_PTRACE")
	}
	if f.untraced != nil && f.networks.denied {
		limits = append(limits, "those in other networks (containers) cannot be seen: that takes root or CAP_SYS_ADMIN and CAP_SYS_PTRACE")
	}
	return limits
}

// connects are the connections that were reported, at most maxConnects; the
// oldest go first.
type connects struct {
	by   map[connection]*Process
	ring []connection
	next int
}

func newConnects() connects {
	return connects{by: make(map[connection]*Process, maxConnects), ring: make([]connection, maxConnects)}
}

func (c *connects) add(ends connection, p *Process) {
	if _, again := c.by[ends]; !again {
		delete(c.by, c.ring[c.next])
		c.ring[c.next] = ends
		c.next = (c.next + 1) % len(c.ring)
	}
	c.by[ends] = p
}

func (c *connects) get(ends connection) *Process { return c.by[ends] }
