//go:build !linux

package main

import (
	"errors"
	"io"
)

// runLinked is for a sensor that starts other processes.
func (s *shipping) runLinked(io.Writer) int {
	return s.fail(errors.New("ship: on this system it is started by hand"))
}
