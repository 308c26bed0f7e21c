package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/event"
)

// maxLine bounds a line, in bytes. tlsfloor's own are below 100 KB.
const maxLine = 1 << 20

// Add reads events, a line each, and adds the flagged ones. What is no event of
// tlsfloor is counted and left out. The error is the reader's; what came before
// it is kept.
func (r *Findings) Add(from io.Reader) error {
	in := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			r.foreign++
			err = skipLine(in)
		} else if line = bytes.TrimSpace(line); len(line) > 0 {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
	}
}

func skipLine(in *bufio.Reader) error {
	for {
		if _, err := in.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func (r *Findings) line(line []byte) {
	e, err := event.Parse(line)
	if err != nil {
		r.foreign++
		return
	}
	r.events++
	switch {
	case e.Kind == event.KindHandshake && e.Flagged == 1:
		r.add(e)
	case e.Kind == event.KindStats:
		r.unseen.add(e)
	}
}

// guideOf is the event's advice, or that of a newer tlsfloor for an event that has
// none, or one that is not known here.
func guideOf(e *event.Event) string {
	if e.Advice != nil {
		if _, ok := advice.Lookup(e.Advice.ID); ok {
			return e.Advice.ID
		}
	}
	f := &classify.Finding{Verdict: classify.Violation, Fix: classify.FixUnknown}
	switch e.Fix {
	case "client":
		f.Fix = classify.FixClient
	case "server":
		f.Fix = classify.FixServer
	}
	if e.AWS != nil {
		f.AWS = &classify.AWS{Service: e.AWS.Service}
	}
	if e.Software != nil {
		f.Software = &classify.Software{ID: e.Software.ID}
	}
	return advice.For(f).ID
}
