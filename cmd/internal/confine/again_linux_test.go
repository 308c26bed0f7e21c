package confine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tlsfloor/cmd/internal/inherited"
)

const (
	// againCommand makes the test's program start a Child, execute itself anew, and
	// report.
	againCommand     = "probe-again"
	keepsEnvironment = "--keeps-environment"
	handedOver       = "HANDED_OVER"
)

// seenAgain is what the program sees when it was executed anew.
type seenAgain struct {
	Before, PID int // number of the process, before and after
	Environment []string
	NoOutput    bool // standard output is closed
	Inherited   string
	Child       probed
}

// again is the main function of againCommand.
func again() int {
	var a seenAgain
	var socket, said int
	if n, _ := fmt.Sscan(os.Getenv(handedOver), &a.Before, &socket, &said); n == 3 {
		if err := a.look(socket); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	runtime.LockOSThread()
	s, err := Child{Command: probeCommand, Args: []string{keepsEnvironment}, Env: os.Environ()}.StartEarly()
	if err == nil {
		handed := fmt.Sprintf("%s=%d %d %d", handedOver, os.Getpid(), s.Socket.Fd(), s.Said.Fd())
		err = Again([]string{handed}, s.Socket, s.Said)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func (a *seenAgain) look(fd int) error {
	a.PID, a.Environment, a.NoOutput = os.Getpid(), os.Environ(), inherited.Missing(1)
	text, err := io.ReadAll(os.NewFile(9, "inherited"))
	if err != nil {
		return err
	}
	a.Inherited = string(text)
	socket, err := Handed(fd, "child")
	if err != nil {
		return err
	}
	b := make([]byte, 64<<10)
	n, err := socket.Read(b)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b[:n], &a.Child); err != nil {
		return err
	}
	return json.NewEncoder(os.Stderr).Encode(a)
}

// A program that starts a Child with its environment, and executes itself anew without
// it, is the same process with the same open files.
func TestExecutedAnew(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `exec "$0" `+againCommand+` 9<<END 1>&-`+"\nthis text\nEND\n", self)
	cmd.Env = append(os.Environ(), "TOKEN=a secret")
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	var a seenAgain
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if a.PID != a.Before || !a.NoOutput || a.Inherited != "this text\n" {
		t.Errorf("process %d was %d, standard output is closed: %t, inherited %q", a.PID, a.Before, a.NoOutput, a.Inherited)
	}
	if len(a.Environment) != 1 || !strings.HasPrefix(a.Environment[0], handedOver) {
		t.Errorf("environment %q", a.Environment)
	}
	if !slices.Contains(a.Child.Environment, "TOKEN=a secret") {
		t.Errorf("the child has no secret: %q", a.Child.Environment)
	}
	for fd, link := range a.Child.Open {
		if strings.Contains(link, "pipe:") && fd != "2" || strings.Contains(link, "/tmp") {
			t.Errorf("the child has %s as descriptor %s", link, fd)
		}
	}
}
