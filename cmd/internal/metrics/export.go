package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tlsfloor/cmd/internal/wording"
)

// exportEvery is how often --metrics-file is written.
const exportEvery = 10 * time.Second

// Exporter is the state of --metrics-file. A goroutine of its own writes the file, so
// that a file system that hangs does not block the run.
type Exporter struct {
	last     time.Time
	reported bool       // the last error; false again when it works
	done     chan error // of the writing under way; nil: there is none
}

// IsDue reports whether the file is to be written now, and says if that has begun to fail.
func (e *Exporter) IsDue(end bool, say func(string)) bool {
	return e.isDone(end, say) && (end || time.Since(e.last) >= exportEvery)
}

// Write writes the file, and waits for that at the end.
func (e *Exporter) Write(end bool, say func(string), write func() error) {
	e.last, e.done = time.Now(), make(chan error, 1)
	go func() { e.done <- write() }()
	if end {
		e.isDone(true, say)
	}
}

// isDone reports whether the last writing has ended, or waits for its end.
func (e *Exporter) isDone(wait bool, say func(string)) bool {
	if e.done == nil {
		return true
	}
	var err error
	if wait {
		err = <-e.done
	} else {
		select {
		case err = <-e.done:
		default:
			return false
		}
	}
	if err != nil && !e.reported {
		needs := ""
		if errors.Is(err, fs.ErrPermission) {
			needs = ": the user that tlsfloor runs as (-Z) needs the right to write to its folder"
		}
		say(fmt.Sprintf("--metrics-file: %s; going on without%s", wording.Of(err), needs))
	}
	e.reported, e.done = err != nil, nil
	return true
}
