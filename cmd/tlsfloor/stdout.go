package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"tlsfloor/cmd/internal/inherited"
)

// standardOutput is where events and texts go, unless told otherwise.
func standardOutput() io.Writer {
	if inherited.Missing(1) {
		return closedOutput{}
	}
	return os.Stdout
}

// closedOutput stands for a standard output that the program was started without.
type closedOutput struct{}

func (closedOutput) Write([]byte) (int, error) { return 0, errOutputClosed{} }

// errOutputClosed is an os.ErrClosed.
type errOutputClosed struct{}

func (errOutputClosed) Error() string        { return "standard output is closed" }
func (errOutputClosed) Is(target error) bool { return target == os.ErrClosed }

// checkedOutput remembers that something could not be written.
type checkedOutput struct {
	to  io.Writer
	err error // the first
}

func (c *checkedOutput) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// finish returns the status of a command that wrote a text. A reader that has
// seen enough, like head, is no trouble.
func (m *messages) finish(status int, out *checkedOutput) int {
	switch {
	case out.err == nil, errors.Is(out.err, syscall.EPIPE):
		return status
	case errors.Is(out.err, os.ErrClosed):
		return m.fail(out.err)
	}
	return m.fail(fmt.Errorf("standard output: %w", out.err))
}
