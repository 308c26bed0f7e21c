package command

import (
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/ship/link"
	"tlsfloor/cmd/internal/wording"
)

// runLinked is the main function of the process that a sensor starts. It ignores signals,
// and ends when the sensor says so, or is gone: the last events still have to be delivered.
func (s *shipping) runLinked() (ok bool) {
	socket, err := confine.Inherit()
	if err != nil {
		return s.fail(fmt.Errorf("ship: %w", err))
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGPIPE)
	sensor := link.NewSensor(socket)
	note := func(line string) { sensor.Note(s.Mask.Hide(line)) }
	if err := s.open(note); err != nil {
		return s.failLinked(sensor, err)
	}
	s.shipper.Start()
	return errors.Join(sensor.Serve(s.shipper), s.shipper.Close()) == nil
}

func (s *shipping) failLinked(sensor *link.Sensor, why error) (ok bool) {
	if err := sensor.Fail(errors.New(s.Mask.Hide(strings.TrimPrefix(wording.Of(why), "ship: ")))); err != nil {
		return s.fail(why)
	}
	return false
}
