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
	"tlsfloor/capture/gobuild"
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
	builds gobuild.Cache
	users  users

	mu      sync.Mutex // not held while something is read
	known   descriptions
	parents descriptions   // of processes of which only program, command line and script are read
	running map[uint32]int // descriptions being made, by user
	all     int
}

// describe returns a description of the first process of a line of parents, or nil if it
// has ended. What cannot be read in time is left out.
func (d *describer) describe(line []member) *Process {
	id, ok := d.identify(line[0])
	if !ok {
		return nil
	}
	if p := d.get(&d.known, id); p != nil {
		return p
	}
	where := folderOf(id.pid)
	p, whole := d.complete(where.outline(id, &d.users, d.opener), func(p *Process) { where.details(p, &d.builds, d.opener) })
	if !where.is(id) {
		return nil
	}
	d.addParents(p, line)
	if whole {
		d.add(&d.known, id, p)
	}
	return p
}

// identify returns the identity of a process, unless it has ended: another process may
// have its id by now.
func (d *describer) identify(m member) (identity, bool) {
	id := identity{m.pid, m.start, executable(d.opener, m.pid)}
	return id, folderOf(m.pid).is(id)
}

// complete adds details to a process. When that takes too long, it returns the process
// without them, and false.
func (d *describer) complete(outline Process, details func(*Process)) (_ *Process, whole bool) {
	if !d.begin(outline.UID) {
		return &outline, false
	}
	done := make(chan *Process, 1)
	go func(p Process) {
		defer d.end(p.UID)
		details(&p)
		done <- &p
	}(outline)
	late := time.NewTimer(describeTimeout)
	defer late.Stop()
	select {
	case p := <-done:
		return p, true
	case <-late.C:
		return &outline, false
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

func (d *describer) get(from *descriptions, id identity) *Process {
	d.mu.Lock()
	defer d.mu.Unlock()
	return from.get(id)
}

func (d *describer) add(to *descriptions, id identity, p *Process) {
	d.mu.Lock()
	defer d.mu.Unlock()
	to.add(id, p)
}

const (
	// maxDescriptions bounds the descriptions of each kind that are kept.
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

func (f folder) status() (status, error) {
	stat, err := f.read("stat", maxSmall)
	if err != nil {
		return status{}, err
	}
	s, ok := readStatus(stat)
	if !ok {
		return status{}, errors.New("not a stat line")
	}
	return s, nil
}

// is reports whether this is still the same process.
func (f folder) is(id identity) bool {
	s, err := f.status()
	return err == nil && s.start == id.start
}

// outline reads what the kernel itself knows, which never takes long.
func (f folder) outline(id identity, users *users, o opener) Process {
	p := Process{PID: id.pid, Executable: id.executable, Folder: workingFolder(o, id.pid), Started: sinceEpoch(id.start)}
	var status unix.Stat_t
	if unix.Stat(string(f), &status) == nil {
		p.UID = status.Uid
	}
	p.User = users.name(p.UID, o)
	text, _ := f.read("loginuid", maxSmall)
	p.LoginUser = users.login(readLogin(text), o)
	text, _ = f.read("cgroup", maxSmall)
	c := readCgroup(text)
	p.Cgroup, p.Unit, p.Container = c.path, c.unit, c.container
	return p
}

// sinceEpoch converts ticks since the system started to nanoseconds since the Unix epoch.
func sinceEpoch(ticks uint64) int64 {
	var now, up unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME, &now) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &up) != nil {
		return 0
	}
	return now.Nano() - up.Nano() + int64(ticks*tick)
}

// details reads what may be on any file system: memory of the process, and files that
// it runs. What may not be read is left out.
func (f folder) details(p *Process, builds *gobuild.Cache, o opener) {
	text, _ := f.read("cmdline", maxSmall)
	p.CommandLine = cmdline.Read(text)
	p.Script = script(o, p)
	if maps, err := openBy(o, request{op: opMaps, pid: p.PID}); err == nil {
		text, _ = readAll(maps, maxMaps)
		p.Libraries = readMaps(text)
	}
	if program, err := openBy(o, request{op: opExecutable, pid: p.PID}); err == nil {
		b := builds.Read(program)
		p.GoVersion, p.GoModules = b.Version, b.Modules
	}
	if a, err := o.do(request{op: opVariables, pid: p.PID}); err == nil {
		p.Variables = readVariables(a.text)
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

// workingFolder returns the path of the folder that a process works in, also if it was
// removed.
func workingFolder(o opener, pid int) string {
	a, err := o.do(request{op: opFolder, pid: pid})
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

// login returns the name of the user who logged in, or "" if nobody did.
func (u *users) login(uid uint32, o opener) string {
	if uid == nobody {
		return ""
	}
	return u.name(uid, o)
}
