package proc

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/cilium/ebpf/ringbuf"
)

const (
	// maxConnects bounds the connects that are remembered: a ClientHello follows
	// its connect by a round trip.
	maxConnects = 4096
	// maxKnown bounds the processes whose description is kept.
	maxKnown = 512
	// knownFor is how long a description is good: a program may load its TLS
	// library after its first connection.
	knownFor = 30 * time.Second
)

// Finder finds processes. Any number of goroutines may use it.
type Finder struct {
	trace    *trace // nil: the kernel does not report connects
	untraced error  // why
	tracing  sync.WaitGroup

	mu       sync.Mutex // of what tracing and Find share; taken last
	connects connects
	locals   locals
	known    known
	programs programs
	users    users

	asking   sync.Mutex // of what follows
	asker    asker
	networks *networks
	holders  holders
}

// Open makes a Finder. It fails where nothing at all can be found; what else it
// cannot see, Limits says.
func Open() (*Finder, error) {
	f := &Finder{connects: newConnects()}
	if _, err := folderOf(os.Getpid()).start(); err != nil {
		return nil, fmt.Errorf("/proc is not mounted: %w", err)
	}
	var err error
	if f.networks, err = openNetworks(); err != nil {
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
	if f.trace != nil {
		errs = append(errs, f.trace.close())
	}
	f.tracing.Wait()
	return errors.Join(errs...)
}

// firstPIDNamespace is the inode of the one the system began with
// (PROC_PID_INIT_INO). The kernel's program speaks of processes by their
// numbers there.
const firstPIDNamespace = "pid:[4026531836]"

func openOwnTrace() (*trace, error) {
	if name, err := os.Readlink("/proc/self/ns/pid"); err != nil || name != firstPIDNamespace {
		return nil, errors.New("this is a container with processes of its own")
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
		f.mu.Lock()
		f.locals.add(c.ends.client.Addr())
		f.connects.add(c.ends, f.connected(&c))
		f.mu.Unlock()
	}
}

// connected describes the process of a connect.
func (f *Finder) connected(c *connect) *Process {
	if p := f.describe(c.pid); p != nil && len(p.CommandLine) > 0 {
		return p
	}
	return f.departed(c)
}

// departed describes a process that is gone by what the kernel saw of it.
func (f *Finder) departed(c *connect) *Process {
	p := &Process{PID: c.pid, UID: c.uid, User: f.users.name(c.uid), CommandLine: maskSecrets(readArguments(c.arguments))}
	if len(p.CommandLine) == 0 {
		p.CommandLine = []string{c.command}
	}
	if path := p.CommandLine[0]; path[:min(1, len(path))] == "/" {
		p.Executable = path
	}
	return p
}

// describe describes a process that is there, nil else.
func (f *Finder) describe(pid int) *Process {
	where := folderOf(pid)
	start, err := where.start()
	if err != nil {
		return nil
	}
	id := identity{pid, start}
	if p := f.known.get(id); p != nil {
		return p
	}
	p := where.describe(pid, &f.programs, &f.users)
	if again, err := where.start(); err != nil || again != start {
		return nil // another process has the number now
	}
	f.known.add(id, p)
	return p
}

// Find returns the process that has the connection, or had it when it was
// made. The Process is not to be changed. Errors are ErrNotFound, and those of a
// system that does not answer.
func (f *Finder) Find(client, server netip.AddrPort) (*Process, error) {
	ends := connection{client, server}
	if p := f.reported(ends); p != nil {
		return p, nil
	}
	p, err := f.ask(ends)
	if !errors.Is(err, ErrNotFound) || f.trace == nil {
		return p, err
	}
	return f.await(ends)
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
	pid := f.holders.find(o)
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.describe(pid); pid != 0 && p != nil {
		return p, nil
	}
	return nil, ErrNotFound
}

// reportDelay is how late a report may be: on a host whose processors are busy
// this process, too, has to wait for its turn.
const reportDelay = 100 * time.Millisecond

// await waits for the report of a connection that this host must have made.
func (f *Finder) await(ends connection) (*Process, error) {
	f.mu.Lock()
	local := f.locals.has(ends.client.Addr())
	f.mu.Unlock()
	if !local {
		return nil, ErrNotFound
	}
	for deadline := time.Now().Add(reportDelay); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if p := f.reported(ends); p != nil {
			return p, nil
		}
	}
	return nil, ErrNotFound
}

// Limits says what could not be seen so far.
func (f *Finder) Limits() (limits []string) {
	f.asking.Lock()
	defer f.asking.Unlock()
	if f.untraced != nil {
		limits = append(limits, fmt.Sprintf("programs that end within milliseconds may be missed: the kernel does not report connects (%v)", f.untraced))
	}
	if f.holders.denied {
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

// identity tells processes apart: numbers are used again.
type identity struct {
	pid   int
	start uint64
}

// known are descriptions of processes.
type known struct {
	by    map[identity]description
	order []identity // the oldest first
}

type description struct {
	process *Process
	made    time.Time
}

func (k *known) get(id identity) *Process {
	if d, ok := k.by[id]; ok && time.Since(d.made) < knownFor {
		return d.process
	}
	return nil
}

func (k *known) add(id identity, p *Process) {
	if k.by == nil {
		k.by = make(map[identity]description)
	}
	if _, again := k.by[id]; !again {
		if len(k.order) == maxKnown {
			delete(k.by, k.order[0])
			k.order = slices.Delete(k.order, 0, 1)
		}
		k.order = append(k.order, id)
	}
	k.by[id] = description{p, time.Now()}
}
