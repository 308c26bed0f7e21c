package proc

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/cmdline"
)

// Bounds of what is read of one file, in bytes. Maps are the longest: a Java
// machine has some thousand lines.
const (
	maxSmall = 8 << 10
	maxMaps  = 512 << 10
)

// folder is /proc/PID.
type folder string

func folderOf(pid int) folder { return folder("/proc/" + strconv.Itoa(pid) + "/") }

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

// start is when the process began, in ticks since the system did: with the
// number it tells processes apart.
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
	where := readCgroup(text)
	p.Cgroup, p.Unit, p.Container = where.cgroup, where.unit, where.container
	return p
}

// details reads what may be anywhere: memory of the process, files that it
// runs. What may not be read stays out.
func (f folder) details(p *Process, programs *programs, o opener) {
	text, _ := f.read("cmdline", maxSmall)
	p.CommandLine = cmdline.Read(text)
	if maps, err := openBy(o, request{what: wantMaps, pid: p.PID}); err == nil {
		text, _ = readAll(maps, maxMaps)
		p.Libraries = readMaps(text)
	}
	if program, err := openBy(o, request{what: wantProgram, pid: p.PID}); err == nil {
		b := programs.build(program)
		p.GoVersion, p.GoModules = b.version, b.modules
	}
}

// executable is the path of the program; the kernel marks one that was removed
// or replaced since.
func executable(o opener, pid int) string {
	a, err := o.do(request{what: wantPath, pid: pid})
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(a.text, " (deleted)")
}

// users are the names of /etc/passwd.
type users struct {
	mu    sync.Mutex
	names map[uint32]string
	read  time.Time
}

// usersEvery is how often /etc/passwd may be read.
const usersEvery = time.Minute

// maxPasswd bounds /etc/passwd, in bytes.
const maxPasswd = 4 << 20

func (u *users) name(uid uint32, o opener) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.read.IsZero() || time.Since(u.read) > usersEvery {
		if file, err := openBy(o, request{what: wantUsers}); err == nil {
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
