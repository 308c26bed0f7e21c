package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
)

// maxLine bounds a line, in bytes. The lines of tlsfloor have less than 100 KB.
const maxLine = 1 << 20

// maxExplained bounds the clients that are kept of events.
const maxExplained = 10_000

// Findings are the flagged flows in events that were read back, by client. Their memory is
// bounded, however many events there are.
type Findings struct {
	selection Selection
	clients   clients
	excepted  exceptions
	period    span   // of the events that were selected
	events    uint64 // of tlsfloor, of any kind
	left      uint64 // flagged flows that were not selected
	foreign   uint64 // lines that are not events of tlsfloor
	unread    bool   // a file could not be read to its end
	unseen    unseen
}

// NewFindings returns empty Findings for a selection of events.
func NewFindings(of Selection) *Findings {
	return &Findings{selection: of, clients: clients{limit: maxExplained}}
}

// Lines returns the number of lines that are events of tlsfloor, and of those that are
// not.
func (r *Findings) Lines() (events, foreign uint64) { return r.events, r.foreign }

// Incomplete notes that a file could not be read, or not to its end: then nothing is said
// to be well.
func (r *Findings) Incomplete() { r.unread = true }

// Add reads events, a line each, and adds the flagged ones. It counts and skips lines
// that are not events of tlsfloor. An error is the reader's; what was read before it
// stays added.
func (r *Findings) Add(from io.Reader) error {
	in := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			r.foreign++
			err = skipLine(in)
		case err != nil && !errors.Is(err, io.EOF):
			return err // whose line is not whole
		default:
			if line = bytes.TrimSpace(line); len(line) > 0 {
				r.addLine(line)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
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

func (r *Findings) addLine(line []byte) {
	f, stats, err := event.Read(line)
	if err != nil {
		r.foreign++
		return
	}
	r.events++
	switch {
	case f != nil:
		r.add(f, line)
	case stats != nil && (!stats.Final || r.selection.reaches(stats.Time)):
		r.period.add(stats.Time)
		r.unseen.add(stats)
	}
}

// add adds the finding of an event, which is line.
func (r *Findings) add(f *classify.Finding, line []byte) {
	switch selected := r.selection.wants(f); {
	case !selected && f.Flagged:
		r.left += spanOf(f).flows
	case selected:
		r.period.merge(spanOf(f))
		if f.Exception != nil {
			r.excepted.add(f)
		}
		if f.Flagged {
			complete(f)
			id := identityOf(f)
			if !id.address.IsValid() {
				id.other = local(writtenSource(line))
			}
			r.clients.addAs(id, f)
		}
	}
}

// complete adds what the event of a flagged flow may lack. If it names no guide, or one
// that this version does not have, the advice is what this version would give.
func complete(f *classify.Finding) {
	if f.Verdict < classify.Attempt {
		f.Verdict = classify.Violation
	}
	if f.Fix == classify.FixNone {
		f.Fix = classify.FixUnknown
	}
	if s := f.Software; s != nil && s.Confidence == 0 {
		s.Confidence = classify.Medium
	}
	chosen := advice.For(f) // not nil: see above
	if a := f.Advice; a != nil {
		if g, ok := advice.Lookup(a.ID); ok && a.ID != chosen.ID {
			chosen = &classify.Advice{ID: g.ID, Summary: g.Summary}
		}
	}
	f.Advice = chosen
}

// writtenSource returns the client's address as an event has it, for one that is none:
// somebody may have replaced it by a name.
func writtenSource(line []byte) string {
	r := jsontext.NewReader(line)
	source := ""
	for r.Object(); r.Member(); {
		if string(r.Key()) == "src_ip" {
			source = r.Text()
		} else {
			r.Skip()
		}
	}
	return source
}
