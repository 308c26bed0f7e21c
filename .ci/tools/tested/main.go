// Command tested runs "go test" and prints what that prints, and last of all which
// tests were skipped and why: a run without failures has tested less than it seems
// to where programs that tests compare with are not installed.
//
//	go run main.go results.go [-then COMMAND] GO test [FLAGS AND PACKAGES]
//
// When all tests have passed it runs COMMAND, before it prints what was skipped.
// It needs no more than the Go that tlsfloor is built with, so it is run by its
// files and not as a package of this module.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
)

func main() {
	then := flag.String("then", "", "command to run when all tests have passed")
	flag.Parse()
	if flag.NArg() < 2 || flag.Arg(1) != "test" {
		fmt.Fprintln(os.Stderr, "usage: tested [-then COMMAND] GO test [FLAGS AND PACKAGES]")
		os.Exit(2)
	}
	args := flag.Args()
	r := newResults(os.Stdout, slices.Contains(args, "-v"))
	err := run(exec.Command(args[0], slices.Insert(args[1:], 1, "-json")...), r.read)
	if err == nil && *then != "" {
		err = run(exec.Command(*then), func(text io.Reader) error {
			_, err := io.Copy(os.Stdout, text)
			return err
		})
	}
	r.summarise()
	os.Exit(statusOf(err))
}

// run runs a command, and has what it writes read.
func run(cmd *exec.Cmd, read func(io.Reader) error) error {
	cmd.Stderr = os.Stderr
	text, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	return errors.Join(read(text), cmd.Wait())
}

// statusOf is the exit status of a command that has ended with an error: its own.
func statusOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "tested:", err)
	return 2
}
