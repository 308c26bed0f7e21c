package main

import (
	"errors"
	"syscall"

	"tlsfloor/capture"
	"tlsfloor/capture/file"
	"tlsfloor/capture/live"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/sensor"
)

// inputs counts what could not be read of a run's inputs.
type inputs struct {
	leftOut, incomplete blind.Names
	away                uint64 // times that an interface was
	withheld            blind.Names
}

// note counts an error of an input. That the link type is not known, or that the
// expression cannot be used with it, is counted elsewhere, by frames; a file that
// was replaced while it was followed is read on, and one that waits for memory is
// read later. Somebody may take a URL for the
// name of a file: mask hides what is secret in it.
func (i *inputs) note(err error, mask *transport.Mask) {
	var input *capture.InputError
	switch {
	case !errors.As(err, &input), errors.Is(err, sensor.ErrUnknownLink), errors.Is(err, file.ErrReplaced), errors.Is(err, file.ErrDeferred),
		errors.Is(err, live.ErrOneByOne):
	case errors.Is(err, live.ErrDown), errors.Is(err, live.ErrLost):
		i.away++
	case errors.Is(err, live.ErrFilterChanged), errors.Is(err, live.ErrUnseen):
		i.withheld.Add(input.Name)
	case errors.Is(err, capture.ErrTruncated), errors.Is(err, capture.ErrDamaged):
		i.incomplete.Add(mask.Hide(input.Name))
	default:
		i.leftOut.Add(mask.Hide(input.Name))
	}
}

// noteLeftOut counts what was left out of a folder, unless it hides nothing.
func (i *inputs) noteLeftOut(l *file.LeftOut) {
	if !l.MayHide() {
		return
	}
	for n := range l.Count {
		name := "others"
		if n < len(l.Names) {
			name = l.Names[n]
		}
		i.leftOut.Add(name)
	}
}

// blindSpots lists what could not be seen so far.
func (w *watcher) blindSpots(s *sensor.Stats) []blind.Spot {
	r := s.Blind()
	r.Live, r.Filtered = w.live(), w.options.expression != ""
	if w.filter != nil {
		r.Hidden = w.filter.Hidden()
	}
	r.LeftOut, r.Incomplete, r.Away = w.inputs.leftOut, w.inputs.incomplete, w.inputs.away
	r.Withheld = w.inputs.withheld
	if !errors.Is(w.events.Err(), syscall.EPIPE) { // a reader that has seen enough
		for _, o := range w.events.Stats() {
			r.Dropped += o.Dropped + o.Refused
		}
	}
	return r.Spots()
}
