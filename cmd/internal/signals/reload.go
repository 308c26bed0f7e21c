package signals

import (
	"time"

	"tlsfloor/cmd/internal/wording"
)

// Reload is work that SIGHUP asks for. A goroutine of its own does it, so that a file
// system that hangs does not block the run.
type Reload struct {
	done  chan error // of the work under way; nil: there is none
	again bool       // do it again when that is done
}

// Start begins the work, or has it done again after what is under way.
func (r *Reload) Start(work func() error) {
	if r.done != nil {
		r.again = true
		return
	}
	r.done, r.again = make(chan error, 1), false
	go func() { r.done <- work() }()
}

// Poll returns the error of work that has ended, and begins it again if that was asked for.
func (r *Reload) Poll(work func() error) error {
	if r.done == nil {
		return nil
	}
	select {
	case err := <-r.done:
		if r.done = nil; r.again {
			r.Start(work)
		}
		return err
	default:
		return nil
	}
}

// Await waits for work that is under way, until late: it has not ended then.
func (r *Reload) Await(late <-chan time.Time) (ended bool, err error) {
	if r.done == nil {
		return true, nil
	}
	select {
	case err := <-r.done:
		r.done = nil
		return true, err
	case <-late:
		return false, nil
	}
}

// Failed is the message that lists, secrets or files cannot be read or opened again.
func Failed(err error) string { return wording.Of(err) + "; going on as before" }
