//go:build !linux

package main

import (
	"errors"
	"io"
)

const (
	finderCommand = "process-finder"
	openerCommand = "process-opener"
)

var errNoFinder = errors.New("--process: this system does not tell which process has a connection; Linux does")

func (w *watcher) startFinder() error {
	if w.options.Process {
		return errNoFinder
	}
	return nil
}

func findProcesses(_ []string, _ io.Reader, _ io.Writer, m *messages) int {
	return m.fail(errNoFinder)
}

func openProcesses(_ []string, _ io.Reader, _ io.Writer, m *messages) int {
	return m.fail(errNoFinder)
}
