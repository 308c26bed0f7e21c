//go:build !linux

package command

import "errors"

// runLinked is for a sensor that starts other processes.
func (s *shipping) runLinked() (ok bool) {
	return s.fail(errors.New("ship: on this system it is started by hand"))
}
