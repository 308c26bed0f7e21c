package confine

import (
	"errors"
	"fmt"
)

// Options say what the process still needs. Everything else is refused.
type Options struct {
	// User is the user that a process of root changes to: a name, or the number of a
	// user that has a name. Empty: "tlsfloor" if it exists, else "nobody". A process of
	// another user keeps its user.
	User string

	// ReadPaths are opened later for reading: files that exist now, and folders with
	// whatever is in them then.
	ReadPaths []string
	// ReloadPaths are files that are read again. One that is replaced by renaming is
	// another file, so its folder becomes readable, unless that holds many other things,
	// as /etc does.
	ReloadPaths []string
	// WritePaths are folders in which files are created, renamed and removed, and files
	// that are opened again or rotated, for which their folder becomes writable, with
	// the same exception.
	WritePaths []string
	// Growing are those of WritePaths that are of no use unless files can be created
	// there. If they cannot, that is a *FolderError.
	Growing []string

	// WriteOpen: files that are open are written to, in place.
	WriteOpen bool

	// Connect are the far ends of later connections. Without any, no socket for the
	// network can be created.
	Connect []Endpoint
	// Resolve: host names are looked up later. Apply sets net.DefaultResolver.PreferGo,
	// because the resolver of the C library loads code.
	Resolve bool
	// Listening: a listener that is open goes on accepting.
	Listening bool
	// ReadAll: ReadPaths and ReloadPaths are read with the rights of root, also what is
	// created in them later. CAP_DAC_READ_SEARCH is kept for that if the process has it
	// and Landlock limits it to these paths.
	ReadAll bool
	// KeepNetRaw keeps CAP_NET_RAW if the process has it, to open an interface again.
	KeepNetRaw bool

	// Publish: files in WritePaths are made readable for every user.
	Publish bool

	// Own is the name of a user that no other process has, for a process of root. If
	// there is no user of that name, it is an unused number. User counts only if the
	// kernel refuses that.
	Own string
	// Join: the group is that of User, although the user is Own, to read what User's
	// group may read.
	Join bool
	// Examine is for a process that inspects other processes. It keeps the capabilities
	// for that if it has them, may enter network namespaces, may read what its user may
	// read but change no file, and may pass descriptors on. Landlock is not used: it
	// hides all other processes.
	Examine bool

	// Child: the process was started as a Child, and ends with its parent.
	Child bool

	// Require: an incomplete sandbox is an error.
	Require bool
}

// Endpoint is the far end of a connection. The kernel restricts ports, not addresses.
type Endpoint struct {
	Network string // "tcp", "udp" or "unix"
	Port    uint16 // of tcp and udp
	Path    string // of unix
}

// The steps that Require is about. Warnings of other steps are never errors.
const (
	stepUser         = "user"
	stepCapabilities = "capabilities"
	stepPrivileges   = "no-new-privileges"
	stepLandlock     = "landlock"
	stepSeccomp      = "seccomp"
	stepAll          = "every step" // where there is none of them
)

// Step is the result of one step.
type Step struct {
	Name     string
	Text     string
	Degraded bool // less is confined than intended: a warning
}

// String is the message for the user.
func (s Step) String() string { return s.Name + ": " + s.Text }

func done(name, format string, args ...any) Step {
	return Step{Name: name, Text: fmt.Sprintf(format, args...)}
}

func degraded(name, format string, args ...any) Step {
	return Step{Name: name, Text: fmt.Sprintf(format, args...), Degraded: true}
}

// errNotWhole is wrapped in the errors of Require.
var errNotWhole = errors.New("the sandbox is not whole")

// UserError is returned when the process cannot become Options.User.
type UserError struct {
	User string
	Err  error
}

func (e *UserError) Error() string { return "user " + e.User + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *UserError) Unwrap() error { return e.Err }

// FolderError is returned when files have to be created where the user cannot create any.
type FolderError struct {
	Path   string // in Options
	Folder string
	User   string
	Group  string // of the user
	Err    error  // what the kernel says; nil: the folder holds too much else
}

func (e *FolderError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: no files can be made in %s, because it holds much else", e.Path, e.Folder)
	}
	return fmt.Sprintf("%s: %s cannot make files in %s: %v", e.Path, e.User, e.Folder, e.Err)
}

// Unwrap returns what the kernel says.
func (e *FolderError) Unwrap() error { return e.Err }

// require returns an error if Require needs the step and it is degraded.
func (o *Options) require(s Step) error {
	if !o.Require || !s.Weakens() {
		return nil
	}
	return fmt.Errorf("%w: %s", errNotWhole, s)
}

// Weakens reports whether the sandbox is not whole for this step. Other degraded steps are
// about what the confined process cannot do later.
func (s Step) Weakens() bool {
	switch s.Name {
	case stepUser, stepCapabilities, stepPrivileges, stepLandlock, stepSeccomp, stepAll:
		return s.Degraded
	}
	return false
}
