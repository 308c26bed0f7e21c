package main

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/ship/link"
	"tlsfloor/cmd/internal/wording"
)

// runLinked is the main function of the process that a sensor starts. It ignores signals,
// and ends when the sensor says so, or is gone: the last events still have to be delivered.
func (s *shipping) runLinked(stdout io.Writer) int {
	socket, err := confine.Inherit()
	if err != nil {
		return s.fail(fmt.Errorf("%s: %w", shipCommand, err))
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGPIPE)
	sensor := link.NewSensor(socket)
	note := func(line string) { sensor.Note(s.mask.Hide(line)) }
	if err := s.open(stdout, note); err != nil {
		return s.failLinked(sensor, err)
	}
	s.shipper.Start()
	err = errors.Join(sensor.Serve(s.shipper), s.shipper.Close())
	if err != nil {
		return exitError
	}
	return exitOK
}

func (s *shipping) failLinked(sensor *link.Sensor, why error) int {
	if err := sensor.Fail(errors.New(s.mask.Hide(strings.TrimPrefix(wording.Of(why), shipCommand+": ")))); err != nil {
		return s.fail(why)
	}
	return exitError
}
