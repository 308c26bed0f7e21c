package proc

import (
	"bufio"
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Bounds of the description of a process.
const (
	maxName      = 256 // bytes
	maxPath      = 512 // bytes
	maxLibraries = 8
	maxParents   = 4
)

// Process is a process that runs, or ran, on this host.
type Process struct {
	PID         int
	Executable  string   // path as the kernel has it, never what the process says; empty: not known
	CommandLine []string // what the process says: see package cmdline
	UID         uint32
	User        string   // name, or the number where there is none
	LoginUser   string   // who logged in, also behind su and sudo: name, or the number; empty: nobody, or not known
	Started     int64    // nanoseconds since the Unix epoch, to 10 ms
	Folder      string   // working directory; empty: not known
	Script      string   // path of the script that it runs, or else the nearest of its parents; empty: none, or not known
	Parents     []Parent // the nearest first
	Variables   []string // names of variables that can change its TLS versions, and that it was started with
	Unit        string   // systemd unit; empty: none
	Container   string   // id; empty: none
	Cgroup      string   // path; empty: the root, or not known
	Libraries   []string // paths of the TLS libraries it has mapped
	GoVersion   string   // what it was built with; empty: no Go program
	GoModules   []string // those that speak to AWS, path@version
}

// Parent is a process that started another one, or that started its parent, and so on.
type Parent struct {
	PID         int
	Executable  string   // as in Process
	CommandLine []string // at most 8 arguments and 1,024 bytes
}

// member is a process in a line of parents.
type member struct {
	pid     int
	session int    // id of its session
	start   uint64 // when it began, in ticks since the system did
}

// status is what /proc/PID/stat says (proc_pid_stat(5)).
type status struct {
	parent, session int
	start           uint64
}

// readStatus reads fields 4, 6 and 22. Field 2 is a name in parentheses, and may hold any
// byte.
func readStatus(stat []byte) (s status, ok bool) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return s, false
	}
	fields := bytes.Fields(stat[end+1:]) // from field 3 on
	if len(fields) < 20 {
		return s, false
	}
	start, err := strconv.ParseUint(string(fields[19]), 10, 64)
	return status{parsePID(fields[1]), parsePID(fields[3]), start}, err == nil
}

// nobody is the loginuid of processes that no login led to.
const nobody = 1<<32 - 1

// readLogin reads /proc/PID/loginuid (proc_pid_loginuid(5)), or returns nobody.
func readLogin(text []byte) uint32 {
	uid, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 32)
	if err != nil {
		return nobody
	}
	return uint32(uid)
}

// readLast returns the fifth field of /proc/loadavg (proc_loadavg(5)): the process id
// that was assigned last, or 0.
func readLast(text []byte) int {
	fields := bytes.Fields(text)
	if len(fields) < 5 {
		return 0
	}
	return parsePID(fields[4])
}

// readLeader returns the Tgid of /proc/PID/status (proc_pid_status(5)), or 0. It comes
// after a name in which the kernel escapes line ends.
func readLeader(status []byte) int {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("Tgid:")); ok {
			return parsePID(bytes.TrimSpace(value))
		}
	}
	return 0
}

// parsePID returns 0 for text that is no process id.
func parsePID(text []byte) int {
	pid, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return 0
	}
	return int(pid)
}

// tlsLibraries are the beginnings of names of TLS libraries.
var tlsLibraries = []string{
	"libssl.", "libssl-", "libssl3.", "libcrypto.", "libcrypto-", "libgnutls.", "libgnutls-", "libnss3.", "libmbedtls.", "libwolfssl.",
	"libmono-btls", "libmonobtls", "libbotan", "libs2n.", "libjavacrypto.", "libconscrypt", "libtls.", "libcurl.", "libcurl-", "libmbedcrypto.", "librustls", "libboringssl", "libssl_", "libcrypto_", "libsmime3.", "libfreebl", "libaws-crt", "libaws-c-io",
	"libnode.", "_ssl.", "_awscrt.", "System.Security.Cryptography.Native", "libSystem.Security.Cryptography.Native",
}

// readMaps returns the TLS libraries among the files of /proc/PID/maps
// (proc_pid_maps(5)): the sixth field, which may hold spaces.
func readMaps(text []byte) (libraries []string) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	last := ""
	for lines.Scan() && len(libraries) < maxLibraries {
		at := strings.IndexByte(lines.Text(), '/')
		if at < 0 {
			continue
		}
		file := strings.TrimSuffix(lines.Text()[at:], " (deleted)")
		if file == last {
			continue
		}
		last = file
		if isTLSLibrary(path.Base(file)) && !slices.Contains(libraries, file) {
			libraries = append(libraries, bounded(file, maxPath))
		}
	}
	return libraries
}

func isTLSLibrary(name string) bool {
	return slices.ContainsFunc(tlsLibraries, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// readUsers reads the names of users from /etc/passwd (passwd(5)).
func readUsers(text []byte) map[uint32]string {
	users := make(map[uint32]string)
	for line := range bytes.Lines(text) {
		fields := strings.SplitN(strings.TrimRight(string(line), "\n"), ":", 4)
		if len(fields) < 4 {
			continue
		}
		uid, err := strconv.ParseUint(fields[2], 10, 32)
		if _, known := users[uint32(uid)]; err == nil && !known && fields[0] != "" {
			users[uint32(uid)] = bounded(fields[0], maxName)
		}
	}
	return users
}

func bounded(s string, bytes int) string { return s[:min(len(s), bytes)] }
