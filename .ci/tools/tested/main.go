// Command tested runs "go test", prints its output, and at the end which tests were
// skipped and why: where programs are missing that tests compare with, a run without
// failures has tested less than it seems.
//
//	go run main.go results.go [-then COMMAND] GO test [FLAGS AND PACKAGES]
//
// If all tests pass, it runs COMMAND before it prints the skipped tests. It is run by
// its files and not as a package of this module, so that the Go version that tlsfloor is
// built with is enough.
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

// run runs a command, and calls read with its output.
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

// statusOf returns the exit status for the error of a command: its own, if it has one.
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
