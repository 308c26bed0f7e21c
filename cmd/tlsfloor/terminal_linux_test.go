package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

func init() { scriptCommands["terminal"] = onTerminal }

// terminal FILE COMMAND ARGUMENT... runs a command whose standard output and error are a
// terminal, and writes what came on it to FILE, with LF for the terminal's CR LF.
// "terminal -stdout FILE ..." leaves standard error out of the terminal: it goes to
// FILE.err.
func onTerminal(ts *testscript.TestScript, negated bool, args []string) {
	outOnly := args[0] == "-stdout"
	if outOnly {
		args = args[1:]
	}
	near, name, err := makeTerminal()
	ts.Check(err)
	defer near.Close()
	far, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	ts.Check(err)
	cmd := exec.Command(lookUp(ts, args[1]), args[2:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
	cmd.Stdout, cmd.Stderr = far, far
	var rest bytes.Buffer
	if outOnly {
		cmd.Stderr = &rest
	}
	ts.Check(cmd.Start())
	ts.Check(far.Close())
	seen := make(chan []byte)
	go func() {
		text, _ := io.ReadAll(near) // EIO when the last process has closed it
		seen <- text
	}()
	err = cmd.Wait()
	text := bytes.ReplaceAll(<-seen, []byte("\r\n"), []byte("\n"))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), rest.Bytes(), 0o644))
	if (err != nil) != negated {
		ts.Fatalf("%v: %s%s", err, text, rest.Bytes())
	}
}

// makeTerminal makes a pseudo-terminal (pty(7)): what is written to the file of that name
// is read from near.
func makeTerminal() (near *os.File, name string, err error) {
	near, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, "", err
	}
	number, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		return nil, "", errors.Join(err, near.Close())
	}
	return near, fmt.Sprintf("/dev/pts/%d", number), nil
}

// lookUp finds a program in the script's PATH.
func lookUp(ts *testscript.TestScript, name string) string {
	for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(folder, name); exec.Command(path).Err == nil {
			return path
		}
	}
	ts.Fatalf("%s is not in PATH", name)
	return ""
}

// environment is the script's, with what matters to a terminal.
func environment(ts *testscript.TestScript) []string {
	all := os.Environ()
	for _, name := range []string{"PATH", "HOME", "NO_COLOR", "TERM"} {
		all = append(all, name+"="+ts.Getenv(name))
	}
	return all
}
