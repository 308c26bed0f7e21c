package proc

import (
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/cmdline"
)

const (
	// describeTimeout bounds the description of a process. Its command line and its
	// program may be on a file system that its own user serves (FUSE), or on a server
	// that is gone: reading them may never end.
	describeTimeout = 100 * time.Millisecond
	// maxOfUser bounds the descriptions of one user's processes that are being made: a
	// user who blocks them hides details of his own processes only.
	maxOfUser = 4
	// maxAtOnce bounds all descriptions that are being made: each may block a thread.
	maxAtOnce = 64
)

// describer describes processes. Any number of goroutines may use it.
type describer struct {
	opener opener
	builds buildCache
	users  users

	mu      sync.Mutex // not held while something is read
	known   descriptions
	running map[uint32]int // descriptions being made, by user
	all     int
}

// describe returns a description of a process, or nil if it has ended. What cannot be
// read in time is left out. start is when the process began, in ticks since the system
// did: another process may have its id by now. 0: any process.
func (d *describer) describe(pid int, start uint64) *Process {
	where := folderOf(pid)
	now, err := where.start()
	if err != nil || start != 0 && now != start {
		return nil
	}
	id := identity{pid, now, executable(d.opener, pid)}
	if p := d.get(id); p != nil {
		return p
	}
	outline := where.outline(id, &d.users, d.opener)
	p := d.complete(outline, func(p *Process) { where.details(p, &d.builds, d.opener) })
	if again, err := where.start(); err != nil || again != now {
		return nil // another process has the id now
	}
	if p == nil {
		return outline
	}
	d.add(id, p)
	return p
}

// complete adds details to a copy of the outline. It returns nil when that takes too
// long.
func (d *describer) complete(outline *Process, details func(*Process)) *Process {
	if !d.begin(outline.UID) {
		return nil
	}
	done := make(chan *Process, 1)
	go func() {
		defer d.end(outline.UID)
		p := *outline
		details(&p)
		done <- &p
	}()
	late := time.NewTimer(describeTimeout)
	defer late.Stop()
	select {
	case p := <-done:
		return p
	case <-late.C:
		return nil
	}
}

func (d *describer) begin(uid uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all >= maxAtOnce || d.running[uid] >= maxOfUser {
		return false
	}
	if d.running == nil {
		d.running = make(map[uint32]int)
	}
	d.running[uid]++
	d.all++
	return true
}

func (d *describer) end(uid uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.running[uid]--; d.running[uid] == 0 {
		delete(d.running, uid)
	}
}

func (d *describer) get(id identity) *Process {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known.get(id)
}

func (d *describer) add(id identity, p *Process) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known.add(id, p)
}

const (
	// maxDescriptions bounds the descriptions that are kept.
	maxDescriptions = 512
	// descriptionTTL is how long a description is used: a program may load its TLS
	// library after its first connection.
	descriptionTTL = 30 * time.Second
)

// identity tells processes apart: ids are used again, and a process may turn into
// another program.
type identity struct {
	pid        int
	start      uint64
	executable string
}

// descriptions are the latest descriptions of processes.
type descriptions struct {
	by    map[identity]description
	order []identity // the oldest first
}

type description struct {
	process *Process
	made    time.Time
}

func (k *descriptions) get(id identity) *Process {
	if d, ok := k.by[id]; ok && time.Since(d.made) < descriptionTTL {
		return d.process
	}
	return nil
}

func (k *descriptions) add(id identity, p *Process) {
	if k.by == nil {
		k.by = make(map[identity]description)
	}
	if _, again := k.by[id]; !again {
		if len(k.order) == maxDescriptions {
			delete(k.by, k.order[0])
			k.order = slices.Delete(k.order, 0, 1)
		}
		k.order = append(k.order, id)
	}
	k.by[id] = description{p, time.Now()}
}

// Bounds of what is read of one file, in bytes. Maps are the longest: those of a Java
// machine have some thousand lines.
const (
	maxSmall  = 8 << 10
	maxMaps   = 512 << 10
	maxPasswd = 4 << 20
)

// folder is /proc/PID/.
type folder string

func folderOf(pid int) folder { return folder("/proc/" + strconv.Itoa(pid) + "/") }

// start returns when the process began, in ticks since the system did.
func (f folder) start() (uint64, error) {
	stat, err := f.read("stat", maxSmall)
	if err != nil {
		return 0, err
	}
	start, ok := readStart(stat)
	if !ok {
		return 0, errors.New("not a stat line")
	}
	return start, nil
}

// outline reads what the kernel itself knows, which never takes long.
func (f folder) outline(id identity, users *users, o opener) *Process {
	p := &Process{PID: id.pid, Executable: id.executable}
	var status unix.Stat_t
	if unix.Stat(string(f), &status) == nil {
		p.UID = status.Uid
	}
	p.User = users.name(p.UID, o)
	text, _ := f.read("cgroup", maxSmall)
	c := readCgroup(text)
	p.Cgroup, p.Unit, p.Container = c.path, c.unit, c.container
	return p
}

// details reads what may be on any file system: memory of the process, and files that
// it runs. What may not be read is left out.
func (f folder) details(p *Process, builds *buildCache, o opener) {
	text, _ := f.read("cmdline", maxSmall)
	p.CommandLine = cmdline.Read(text)
	if maps, err := openBy(o, request{op: opMaps, pid: p.PID}); err == nil {
		text, _ = readAll(maps, maxMaps)
		p.Libraries = readMaps(text)
	}
	if program, err := openBy(o, request{op: opExecutable, pid: p.PID}); err == nil {
		b := builds.read(program)
		p.GoVersion, p.GoModules = b.version, b.modules
	}
}

// read reads a file up to a bound.
func (f folder) read(name string, bound int64) ([]byte, error) {
	file, err := os.Open(string(f) + name)
	if err != nil {
		return nil, err
	}
	return readAll(file, bound)
}

// readAll reads a file up to a bound, and closes it.
func readAll(file *os.File, bound int64) ([]byte, error) {
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, bound))
}

// executable returns the path of the program, also if the file was removed or replaced
// since, which the kernel marks.
func executable(o opener, pid int) string {
	a, err := o.do(request{op: opPath, pid: pid})
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(a.text, " (deleted)")
}

// users are the names in /etc/passwd.
type users struct {
	mu    sync.Mutex
	names map[uint32]string
	read  time.Time
}

// usersEvery is how often /etc/passwd may be read.
const usersEvery = time.Minute

func (u *users) name(uid uint32, o opener) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.read.IsZero() || time.Since(u.read) > usersEvery {
		if file, err := openBy(o, request{op: opUsers}); err == nil {
			text, _ := readAll(file, maxPasswd)
			u.names = readUsers(text)
		}
		u.read = time.Now()
	}
	if name, ok := u.names[uid]; ok {
		return name
	}
	return strconv.FormatUint(uint64(uid), 10)
}
