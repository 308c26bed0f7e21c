package delivery

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/connections"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/options"
)

// handedOver is the variable by which the program that is executed anew knows the shipper:
// the descriptors of its socket, of its standard error and of the socket for its
// connections (-1: none), its number, and the journal.
const handedOver = "TLSFLOOR_SHIPPER"

// startedShipper is the shipper's process.
type startedShipper struct {
	confine.Started
	ended chan struct{} // closed when it has
}

// Options are what starting the shipper takes.
type Options struct {
	Command string // the subcommand
	Heir    ownership.Heir
	Live    bool // packets come from interfaces
}

// Start starts the shipper for outputs on the network, and executes the program anew: the
// shipper has the secrets in the environment, and this process has not, neither in its
// memory nor in /proc/PID/environ. It returns in the new program.
func Start(remote *options.Remote, o Options) (*Delivery, error) {
	if text, ok := os.LookupEnv(handedOver); ok {
		return takeOver(remote, text)
	}
	d, err := newDelivery(remote, o.Heir)
	if err != nil {
		return nil, err
	}
	descriptor, files := -1, []*os.File(nil)
	if o.Live { // before the shipper makes a connection
		own, err := connections.Listen(d.journal)
		if err != nil {
			return nil, err
		}
		descriptor = own.Descriptor()
		files = append(files, os.NewFile(uintptr(descriptor), connections.Name))
	}
	runtime.LockOSThread()
	s, err := confine.Child{Command: o.Command, Args: remote.ShipArgs(d.journal), Env: os.Environ()}.StartEarly()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s=%d %d %d %d %s", handedOver, s.Socket.Fd(), s.Said.Fd(), descriptor, s.PID, d.journal)
	return nil, confine.Again(append(plainEnvironment(), text), append(files, s.Socket, s.Said)...)
}

// takeOver is Start in the new program.
func takeOver(remote *options.Remote, text string) (*Delivery, error) {
	if err := os.Unsetenv(handedOver); err != nil {
		return nil, err
	}
	var socket, said, own, pid int
	fields := strings.SplitN(text, " ", 5)
	if n, err := fmt.Sscan(text, &socket, &said, &own, &pid); n != 4 || len(fields) < 5 {
		return nil, fmt.Errorf("%s is not for people: %w", handedOver, err)
	}
	s := &startedShipper{ended: make(chan struct{})}
	s.PID = pid
	var err error
	if s.Socket, err = confine.Handed(socket, "shipper"); err != nil {
		return nil, err
	}
	if s.Said, err = confine.Handed(said, "shipper"); err != nil {
		return nil, err
	}
	d := &Delivery{remote: remote, journal: fields[4], started: s}
	if own >= 0 {
		if d.own, err = connections.Handed(own); err != nil {
			return nil, err
		}
	}
	go s.wait()
	return d, nil
}

// wait waits for the end of the process. It is the parent's duty, and nobody else does it.
func (s *startedShipper) wait() {
	defer close(s.ended)
	runtime.LockOSThread()
	for {
		if _, err := unix.Wait4(s.PID, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// awaitEnd waits until the process has let go of its place in the journal, which the next
// run will use. It has nothing else to do then.
func (s *startedShipper) awaitEnd() {
	select {
	case <-s.ended:
	case <-time.After(time.Second):
	}
}

// forwardLog passes on what the process writes to its standard error.
func forwardLog(s *startedShipper, log func(string)) {
	confine.Child{Log: log}.ForwardLog(s.Said)
}

// plainVariables are the variables that this process needs, or the libraries in it. Others
// may hold secrets, whatever their names are.
var plainVariables = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TERM", "NO_COLOR", "TZ", "LANG", "LANGUAGE", "TMPDIR", "SUDO_USER", "STATE_DIRECTORY",
	"GODEBUG", "GOMAXPROCS", "GOGC", "GOTRACEBACK", "GOCOVERDIR", "GORACE",
}

// plainEnvironment is the environment without whatever may be secret.
func plainEnvironment() (kept []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if slices.Contains(plainVariables, name) || strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "XDG_") {
			kept = append(kept, variable)
		}
	}
	return kept
}
