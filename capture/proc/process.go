package proc

import "errors"

// Bounds of what is kept of a process.
const (
	maxName      = 256 // bytes
	maxPath      = 512 // bytes
	maxLibraries = 8
	maxModules   = 8
)

// Process is a program that runs, or ran, on this host.
type Process struct {
	PID         int
	Executable  string   // path as the kernel has it, never the process's own word; empty: not known
	CommandLine []string // see package cmdline
	UID         uint32
	User        string   // name, else the number
	Unit        string   // systemd unit; empty: none
	Container   string   // id; empty: none
	Cgroup      string   // path; empty: the root, or not known
	Libraries   []string // paths of the TLS libraries it has mapped
	GoVersion   string   // what it was built with; empty: no Go program
	GoModules   []string // those that speak to AWS, path@version
}

var (
	// ErrNotFound: no process of this host is known to have the connection.
	ErrNotFound = errors.New("no local process has the connection")
	// ErrNotPermitted: a process of this host has the connection, and may be one
	// of those that may not be looked at.
	ErrNotPermitted = errors.New("the process that has the connection may not be looked at")
	// ErrUnsupported: this system does not tell.
	ErrUnsupported = errors.New("finding processes is supported on Linux only")
)
