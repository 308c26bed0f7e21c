package proc

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path"
	"sync"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"tlsfloor/capture/cmdline"
)

// maxConnects bounds the reported connects that are remembered. A ClientHello follows
// its connect after one round trip.
const maxConnects = 4096

var (
	// errNotFound: no process of this host is known to have the connection.
	errNotFound = errors.New("no local process has the connection")
	// errNotPermitted: a process of this host has the connection, and it may be one
	// that may not be examined.
	errNotPermitted = errors.New("the process that has the connection may not be examined")
)

// Finder finds processes. Any number of goroutines may use it.
type Finder struct {
	opener   opener
	trace    *trace // nil: the kernel does not report connects
	untraced error  // why
	tracing  sync.WaitGroup

	describer describer

	mu       sync.Mutex // of the two fields below; not held while a process is read
	connects recentConnects
	local    addresses

	asking   sync.Mutex // of the fields below
	diag     diag
	networks *networks
	holders  holders
}

// Open makes a Finder that examines processes with the rights of this process. It fails
// where no process can be found at all; Limits says what else it cannot see.
func Open() (*Finder, error) { return openFinder(direct{}) }

// OpenWith is Open for a Finder without rights: another process, which runs
// ServeOpener, opens what needs them. It takes over the socket.
func OpenWith(socket *os.File) (*Finder, error) {
	o, err := newRemote(socket)
	if err != nil {
		return nil, fmt.Errorf("the process that opens files of other processes: %w", err)
	}
	return openFinder(o)
}

func openFinder(o opener) (*Finder, error) {
	f := &Finder{opener: o, connects: newRecentConnects()}
	f.describer.opener, f.holders.opener = o, o
	if _, err := folderOf(os.Getpid()).status(); err != nil {
		return nil, fmt.Errorf("/proc is not mounted: %w", err)
	}
	var err error
	if f.networks, err = openNetworks(o); err != nil {
		return nil, err
	}
	if f.trace, f.untraced = openTraceHere(); f.trace != nil {
		f.tracing.Add(1)
		go f.listen()
	}
	return f, nil
}

// Close releases the Finder.
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

// The initial namespaces (PROC_PID_INIT_INO, PROC_TIME_INIT_INO). The tracing program
// reports process ids of the one and start times of the other.
const (
	firstPIDNamespace  = "pid:[4026531836]"
	firstTimeNamespace = "time:[4026531834]"
)

// openTraceHere refuses to trace where ids or times would be others.
func openTraceHere() (*trace, error) {
	if name, err := os.Readlink("/proc/self/ns/pid"); err != nil || name != firstPIDNamespace {
		return nil, errors.New("this is a container with processes of its own")
	}
	if name, err := os.Readlink("/proc/self/ns/time"); err == nil && name != firstTimeNamespace {
		return nil, errors.New("this is a container with a clock of its own")
	}
	return openTrace()
}

// listen receives the kernel's reports, and describes the processes while they run.
func (f *Finder) listen() {
	defer f.tracing.Done()
	for r := new(ringbuf.Record); ; {
		c, err := f.trace.next(r)
		if err != nil {
			return
		}
		p := f.connected(&c)
		f.mu.Lock()
		f.local.add(c.ends.client.Addr())
		f.connects.add(c.ends, p)
		f.mu.Unlock()
	}
}

// connected describes the process of a connect. If it has ended or cannot be read, the
// kernel's report describes it.
func (f *Finder) connected(c *connect) *Process {
	p := f.describer.describe(c.line)
	if p != nil && len(p.CommandLine) > 0 {
		return p
	}
	seen := f.departed(c)
	if p != nil { // it has ended, but its parent has not waited for it yet
		q := *p
		q.UID, q.User, q.CommandLine, q.Script = seen.UID, seen.User, seen.CommandLine, seen.Script
		return &q
	}
	return seen
}

// departed describes a process by the kernel's report. The file that it ran is not
// known: a process chooses its command line and the name of its thread.
func (f *Finder) departed(c *connect) *Process {
	d := &f.describer
	p := &Process{
		PID: c.line[0].pid, UID: c.uid, User: d.users.name(c.uid, f.opener), LoginUser: d.users.login(c.login, f.opener),
		Started: sinceEpoch(c.line[0].start), CommandLine: cmdline.Read(c.arguments),
	}
	if len(p.CommandLine) == 0 {
		p.CommandLine = []string{c.command}
	}
	p.Script = cmdline.Script(path.Base(p.CommandLine[0]), p.CommandLine)
	d.addParents(p, c.line)
	return p
}

// Find returns the process that has the connection, or had it when it was made. The
// caller must not change the Process.
func (f *Finder) Find(client, server netip.AddrPort) (*Process, error) {
	ends := connection{client, server}
	if p := f.reported(ends); p != nil {
		return p, nil
	}
	p, err := f.ask(unix.IPPROTO_TCP, ends)
	if err == nil || f.trace == nil || !errors.Is(err, errNotFound) && !errors.Is(err, errNotPermitted) {
		return p, err
	}
	if p := f.await(ends); p != nil {
		return p, nil
	}
	return nil, err
}

// FindUDP is Find for a conversation in datagrams. The kernel does not report these: a UDP
// socket need not be connected, and none of the kernel's tracepoints tells that it was. But
// it lasts as long as its program wants to hear an answer.
func (f *Finder) FindUDP(client, server netip.AddrPort) (*Process, error) {
	return f.ask(unix.IPPROTO_UDP, connection{client, server})
}

// reported returns the process that the kernel has reported, or nil.
func (f *Finder) reported(ends connection) *Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.connects.get(ends)
}

// ask queries the kernel for the process that has the socket now, of TCP or UDP.
func (f *Finder) ask(protocol uint8, ends connection) (*Process, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	f.diag.protocol = protocol
	o, err := f.networks.find(&f.diag, ends)
	if err != nil {
		return nil, err
	}
	if o.inode == 0 {
		return nil, errNotFound
	}
	pid, err := f.holders.find(o)
	if err != nil {
		return nil, err
	}
	line := lineOf(pid)
	if len(line) == 0 {
		return nil, errNotFound
	}
	if p := f.describer.describe(line); p != nil {
		return p, nil
	}
	return nil, errNotFound
}

// reportDelay is how late a report may be: on a busy host this process has to wait for
// a processor.
const reportDelay = 100 * time.Millisecond

// await waits for the report of a connection that this host made. It returns nil if
// there is none in time.
func (f *Finder) await(ends connection) *Process {
	f.mu.Lock()
	local := f.local.has(ends.client.Addr())
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

// Limits returns messages about what could not be seen so far.
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

// recentConnects are the last maxConnects connections that were reported.
type recentConnects struct {
	by   map[connection]*Process
	ring []connection
	next int
}

func newRecentConnects() recentConnects {
	return recentConnects{by: make(map[connection]*Process, maxConnects), ring: make([]connection, maxConnects)}
}

func (c *recentConnects) add(ends connection, p *Process) {
	if _, again := c.by[ends]; !again {
		delete(c.by, c.ring[c.next])
		c.ring[c.next] = ends
		c.next = (c.next + 1) % len(c.ring)
	}
	c.by[ends] = p
}

func (c *recentConnects) get(ends connection) *Process { return c.by[ends] }
