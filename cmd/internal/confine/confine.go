package confine

import (
	"errors"
	"fmt"
)

// Options say what the process goes on needing. The rest is taken away.
type Options struct {
	// User is whom a process of root turns into: a name, or a number that has
	// one. Empty: "tlsfloor" if there is such a user, else "nobody". A process
	// of somebody else stays as it is.
	User string

	// ReadPaths are opened later for reading: files as they are now, folders
	// with all that is in them then.
	ReadPaths []string
	// ReloadPaths are files that are read again. Whoever replaces one by
	// renaming makes another file of it, so the folder it lies in becomes
	// readable, if that is not one for all sorts of things, like /etc.
	ReloadPaths []string
	// WritePaths are folders in which files are made, renamed and removed, and
	// files that are opened again or rotated, which is done to their folder.
	// The folder of such a file becomes writable, as with ReloadPaths.
	WritePaths []string

	// Connect are the far ends of connections that are made later. Without
	// any, no socket for the network can be made.
	Connect []Endpoint
	// Resolve says that names are looked up later, by Go's own resolver: Apply
	// sets net.DefaultResolver.PreferGo, because the C library's loads code.
	Resolve bool
	// Listening says that a listener which is open goes on accepting.
	Listening bool
	// KeepNetRaw keeps the permission to capture, where it is there, for an
	// interface that is opened again.
	KeepNetRaw bool

	// Publish says that files in WritePaths are made readable for every user.
	Publish bool

	// Own is the name of a user that a process of root turns into, so that it is
	// nobody else's; where there is none of that name, it is a number that has no
	// name. It takes the place of User, which counts where the number cannot be had.
	Own string
	// Examine says that the process looks at others: it keeps what is permitted
	// of the capabilities for that, may enter networks, can read what its user may
	// read, but change no file, and can pass on what it has opened. Landlock is
	// left out: it hides all other processes.
	Examine bool

	// Child says that the process is a Child: it ends with its parent.
	Child bool

	// Require makes an error of a sandbox that is not whole.
	Require bool
}

// Endpoint is where a connection leads. The kernel does not tell addresses
// apart, only ports.
type Endpoint struct {
	Network string // "tcp", "udp" or "unix"
	Port    uint16 // of tcp and udp
	Path    string // of unix
}

// The names of steps. Require is about these; about what other steps warn of,
// it is not.
const (
	stepUser         = "user"
	stepCapabilities = "capabilities"
	stepPrivileges   = "no-new-privileges"
	stepLandlock     = "landlock"
	stepSeccomp      = "seccomp"
)

// Step is what one step came to.
type Step struct {
	Name     string
	Text     string
	Degraded bool // it is less than was intended: a warning
}

// String is the line for the person.
func (s Step) String() string { return s.Name + ": " + s.Text }

func done(name, format string, args ...any) Step {
	return Step{Name: name, Text: fmt.Sprintf(format, args...)}
}

func degraded(name, format string, args ...any) Step {
	return Step{Name: name, Text: fmt.Sprintf(format, args...), Degraded: true}
}

// ErrNotWhole is in the error that Require makes.
var errNotWhole = errors.New("the sandbox is not whole")

// judge returns an error for a step that Require does not let pass.
func (o *Options) judge(s Step) error {
	if !o.Require || !s.Degraded {
		return nil
	}
	switch s.Name {
	case stepUser, stepCapabilities, stepPrivileges, stepLandlock, stepSeccomp:
		return fmt.Errorf("%w: %s", errNotWhole, s)
	}
	return nil
}
