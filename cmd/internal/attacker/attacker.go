//go:build attacker && linux

package attacker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Folder is where the test has laid out what is attacked. It is set when the
// program is linked.
var Folder string

// Scene is what the test has prepared, as scene.json in Folder. Each process reads
// it when it starts, before it is confined.
type Scene struct {
	Victim   int    // a process that the sensor's user owns
	TCP      string // listeners on loopback: an output's
	OtherTCP string // and nobody's
	UDP      string
	Secret   string // the value of TOKEN in the sensor's environment
}

// Files in Folder. Out is the folder of the sensor's outputs.
const (
	SceneFile = "scene.json"
	Out       = "out"      // folder
	Events    = "out/log"  // the sensor's output
	Others    = "others"   // folder, for everybody
	Open      = "others/a" // file, for everybody
	Private   = "private"  // file of root's
	Socket    = "socket"   // a listener, for everybody
	Abstract  = "@tlsfloor-attacked"
)

var scene Scene

func init() {
	text, err := os.ReadFile(filepath.Join(Folder, SceneFile))
	if err != nil {
		return // the program is not run by the test
	}
	if err := json.Unmarshal(text, &scene); err != nil {
		panic(err)
	}
}

// The results of attempts.
const (
	Done    = "yes"
	Refused = "no"
)

// Prefix begins each line that Try writes. What follows are the process, the kind
// of attempt, what was tried, and the result, between bars.
const Prefix = "attack | "

// Try makes every attempt from a process, and writes a line for each. Without a
// sandbox those that a process does not survive are left out.
func Try(process string, confined bool, w io.Writer) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and its thread ends with it: some attempts change a thread
		for _, a := range attempts() {
			if a.fatal && !confined {
				continue
			}
			fmt.Fprintf(w, "%s%s | %s | %s | %s\n", Prefix, process, a.kind, a.what, result(a.try()))
		}
	}()
	<-done
}

func result(err error) string {
	if err == nil {
		return Done
	}
	return Refused
}

// Read reads the lines of Try out of a text, with whatever stands before them.
func Read(text string) (all []Answer) {
	for line := range strings.Lines(text) {
		at := strings.Index(line, Prefix)
		if at < 0 {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line[at+len(Prefix):]), " | ")
		if len(fields) == 4 {
			all = append(all, Answer{fields[0], fields[1], fields[2], fields[3]})
		}
	}
	return all
}

// Answer is what came of an attempt.
type Answer struct{ Process, Kind, What, Result string }

// attempt is one thing to try; no error: it could be done.
type attempt struct {
	kind, what string
	try        func() error
	fatal      bool // without a sandbox the process would not go on
}

// at is a path in Folder.
func at(name string) string { return filepath.Join(Folder, name) }

// reach makes a system call with arguments that do no harm, and so are refused
// by the kernel in another way than a sandbox does it: no error when it got there.
func reach(call uintptr, arguments ...uintptr) error {
	var a [6]uintptr
	copy(a[:], arguments)
	_, _, errno := unix.Syscall6(call, a[0], a[1], a[2], a[3], a[4], a[5])
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSYS:
		return errno
	}
	return nil
}

// reaching is an attempt by reach.
func reaching(kind, what string, call uintptr, arguments ...uintptr) attempt {
	return attempt{kind, what, func() error { return reach(call, arguments...) }, false}
}

// nowhere is an argument that is neither a descriptor nor an address.
const nowhere = ^uintptr(0)

var errAbsent = errors.New("there is none")

// opened opens a file, does something to it and closes it.
func opened(path string, flags int, do func(fd int) error) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return do(fd)
}

// anyFile opens some file that can be opened for reading; without one, it is the
// socket or pipe that the process has for its messages.
func anyFile(do func(fd int) error) error {
	for _, path := range []string{at(Events), at(Open), "/proc/self/status"} {
		if fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			defer unix.Close(fd)
			return do(fd)
		}
	}
	return do(2)
}

// onPacketSocket does something to a socket that captures, if there is one.
func onPacketSocket(do func(fd int) error) error {
	for fd := range 1024 {
		if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_PACKET {
			return do(fd)
		}
	}
	return errAbsent
}
