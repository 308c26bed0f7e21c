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

// Folder is where the test has put the files that are attacked. The linker sets it.
var Folder string

// Scene is what the test has prepared. Each process reads it when it starts, from
// SceneFile, before it is confined.
type Scene struct {
	Victim   int    // a process of the sensor's user
	TCP      string // a listener on loopback that an output uses
	OtherTCP string // one that no output uses
	UDP      string
	Secret   string // the value of TOKEN in the sensor's environment
}

// Files in Folder. Out is the folder of the sensor's outputs.
const (
	SceneFile = "scene.json"
	Out       = "out"       // folder
	Events    = "out/log"   // the sensor's output
	Others    = "others"    // folder, for everybody
	Open      = "others/a"  // file, for everybody
	Private   = "private"   // file of root
	Socket    = "socket"    // a listener, for everybody
	Datagrams = "datagrams" // a listener for datagrams, for everybody
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

// Prefix begins each line that Try writes. The process, the kind of attempt, what was
// tried, and the result follow, separated by bars.
const Prefix = "attack | "

// Try makes every attempt, and writes a line for each. Without a sandbox it leaves out
// those that would end the process.
func Try(process string, confined bool, w io.Writer) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // so that the thread, which some attempts change, ends with the goroutine
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

// Read finds the lines of Try in a text. Other text may precede them in the line.
func Read(text string) (all []Result) {
	for line := range strings.Lines(text) {
		at := strings.Index(line, Prefix)
		if at < 0 {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line[at+len(Prefix):]), " | ")
		if len(fields) == 4 {
			all = append(all, Result{fields[0], fields[1], fields[2], fields[3]})
		}
	}
	return all
}

// Result is the result of an attempt: Done or Refused, in Value.
type Result struct{ Process, Kind, What, Value string }

// attempt is one thing to try. It returns nil if it succeeds.
type attempt struct {
	kind, what string
	try        func() error
	fatal      bool // without a sandbox it ends the process
}

// at is a path in Folder.
func at(name string) string { return filepath.Join(Folder, name) }

// reach makes a system call with harmless arguments, which the kernel refuses with
// another error than a sandbox. It returns nil if the call got as far as that.
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

// reaching returns an attempt that calls reach.
func reaching(kind, what string, call uintptr, arguments ...uintptr) attempt {
	return attempt{kind, what, func() error { return reach(call, arguments...) }, false}
}

// nowhere is neither a valid descriptor nor a valid address.
const nowhere = ^uintptr(0)

var errAbsent = errors.New("there is none")

// opened opens a file, calls do and closes the file.
func opened(path string, flags int, do func(fd int) error) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return do(fd)
}

// anyFile calls do with some file that can be opened for reading, or else with standard
// error.
func anyFile(do func(fd int) error) error {
	for _, path := range []string{at(Events), at(Open), "/proc/self/status"} {
		if fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
			defer unix.Close(fd)
			return do(fd)
		}
	}
	return do(2)
}

// onPacketSocket calls do with a socket that captures, if there is one.
func onPacketSocket(do func(fd int) error) error {
	for fd := range 1024 {
		if domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_PACKET {
			return do(fd)
		}
	}
	return errAbsent
}
