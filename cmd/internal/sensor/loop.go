package sensor

import (
	"errors"
	"io"
	"math"

	"tlsfloor/capture"
)

// reading is the state of a run over a source, of a Sensor or of Workers.
type reading struct {
	source  capture.Source
	frame   capture.Frame
	frames  uint64 // that came
	first   int64  // the earliest time of a frame
	last    int64  // the latest
	failure *failure
}

// note counts a frame of a time. Frames may come in any order: a clock is set, or captures
// are joined.
func (r *reading) note(at int64) {
	if r.frames == 0 {
		r.first, r.last = at, at
	}
	r.frames++
	switch {
	case at > r.last:
		r.last = at
	case at < r.first:
		r.first = at
	}
}

// processor processes the frames of a reading.
type processor interface {
	// Process processes one frame.
	Process(f *capture.Frame)
	idle() // is called while no frame comes
	// pulse is called every 256 frames, so that conversations in datagrams end although
	// only other packets come. TCP, which nearly all packets are, pays nothing for it.
	pulse()
	// handleFault drops state that a fault over a frame may have left inconsistent.
	// It returns false if no frame caused the fault.
	handleFault(f *Fault) bool
}

// run is Sensor.Run without the end: connections that are still open stay open.
func (r *reading) run(p processor, o *Options, between func() bool) error {
	for {
		if over, err := r.runUntilFault(p, o, between); over {
			return err
		}
	}
}

// runUntilFault is run until the next fault. over: the run has ended, with err.
func (r *reading) runUntilFault(p processor, o *Options, between func() bool) (over bool, err error) {
	defer func() {
		if value := recover(); value != nil {
			if f := newFault(value); !p.handleFault(f) {
				f.Ends = true
				over, err = true, f
			}
		}
	}()
	most := uint64(math.MaxUint64)
	if o.MaxFrames > 0 {
		most = o.MaxFrames
	}
	pause := uint64(0) // number of frames at which between is called next
	for {
		err := r.source.Next(&r.frame)
		if err == nil {
			r.note(r.frame.Time)
			p.Process(&r.frame)
			if r.frames < pause {
				continue
			}
			if r.frames%256 == 0 { // not after a fault, which must not change the clock
				p.pulse()
			}
		} else if errors.Is(err, capture.ErrTimeout) {
			p.idle()
		} else if done, err := o.handleSourceError(err); done {
			return true, err
		}
		if (err != nil || r.frames%256 == 0) && (r.failure.orError(nil) != nil || !between()) || r.frames >= most {
			return true, nil
		}
		pause = min(r.frames|255+1, most)
	}
}

// handleSourceError decides what an error of a source means. done: the run is over. An
// error of one input is reported, and the run goes on.
func (o *Options) handleSourceError(err error) (done bool, _ error) {
	var input *capture.InputError
	switch {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.As(err, &input):
		o.Report(err)
		return false, nil
	}
	return true, err
}
