package sensor

import (
	"errors"
	"io"
	"math"

	"tlsfloor/capture"
)

// reading is a run over a source, of a Sensor or of Workers.
type reading struct {
	source  capture.Source
	frame   capture.Frame
	frames  uint64 // asked for
	failure *failure
}

// processor is what a reading gives its frames to.
type processor interface {
	// Take processes one frame.
	Take(f *capture.Frame)
	idle() // no frame comes
	// survives gets rid of what a fault over a frame has left; false: it was no
	// frame that led to it.
	survives(f *Fault) bool
}

// run is Sensor.Run, but for what is open at the end.
func (r *reading) run(p processor, o *Options, between func() bool) error {
	for {
		if over, err := r.stretch(p, o, between); over {
			return err
		}
	}
}

// stretch is run up to the next fault.
func (r *reading) stretch(p processor, o *Options, between func() bool) (over bool, err error) {
	defer func() {
		if value := recover(); value != nil {
			if f := newFault(value); !p.survives(f) {
				f.Ends = true
				over, err = true, f
			}
		}
	}()
	most := uint64(math.MaxUint64)
	if o.MaxFrames > 0 {
		most = o.MaxFrames
	}
	pause := uint64(0) // how many frames are next asked for when between is called
	for {
		err := r.source.Next(&r.frame)
		r.frames++
		if err == nil {
			p.Take(&r.frame)
			if r.frames < pause {
				continue
			}
		} else if errors.Is(err, capture.ErrTimeout) {
			p.idle()
		} else if done, err := o.handle(err); done {
			return true, err
		}
		if (err != nil || r.frames%256 == 0) && (r.failure.over(nil) != nil || !between()) || r.frames >= most {
			return true, nil
		}
		pause = min(r.frames|255+1, most)
	}
}

// handle sorts what is wrong with a source; done says that the run is over.
func (o *Options) handle(err error) (done bool, _ error) {
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
