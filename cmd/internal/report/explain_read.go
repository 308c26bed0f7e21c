package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/netip"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/event"
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
	e, err := event.Parse(line)
	if err != nil {
		r.foreign++
		return
	}
	r.events++
	switch e.Kind {
	case event.KindHandshake:
		r.add(e)
	case event.KindStats:
		if at := timeOf(e); !e.Final || r.selection.reaches(at) {
			r.period.add(at)
			r.unseen.add(e)
		}
	}
}

func (r *Findings) add(e *event.Event) {
	f := findingOf(e)
	switch selected := r.selection.wants(f); {
	case !selected && f.Flagged:
		r.left++
	case selected:
		r.period.add(f.Time)
		if f.Flagged {
			f.Advice = adviceOf(e, f)
			id := identityOf(f)
			if !id.address.IsValid() {
				id.other = local(e.SourceIP)
			}
			r.clients.addAs(id, f)
		}
	}
}

// adviceOf returns the advice for an event. If the event names no guide, or one that this
// version does not have, it is the advice that this version would give.
func adviceOf(e *event.Event, f *classify.Finding) *classify.Advice {
	chosen := advice.For(f) // not nil: fixOf returns no FixNone
	if e.Advice != nil {
		if g, ok := advice.Lookup(e.Advice.ID); ok && e.Advice.ID != chosen.ID {
			return &classify.Advice{ID: g.ID, Summary: g.Summary}
		}
	}
	return chosen
}

// findingOf returns the finding that an event is about, as far as it is used here.
func findingOf(e *event.Event) *classify.Finding {
	f := &classify.Finding{Verdict: classify.Violation, Fix: fixOf(e.Fix), Reason: e.Reason, Flagged: e.Flagged == 1, Host: wireBytes(e.Host)}
	f.Time, f.StartTLS = timeOf(e), e.StartTLS
	f.Client, f.Server = addressOf(e.SourceIP, e.SourcePort), addressOf(e.TargetIP, e.TargetPort)
	if e.HostSource == classify.NameConnect.String() {
		f.HostSource = classify.NameConnect
	}
	if e.Client != nil {
		f.Hello = new(classify.ClientHello)
	}
	if e.AWS != nil {
		f.AWS = &classify.AWS{Service: e.AWS.Service, Region: e.AWS.Region, Resource: e.AWS.Resource, VPCEndpoint: e.AWS.VPCEndpoint}
	}
	if s := e.Software; s != nil {
		f.Software = &classify.Software{ID: s.ID, Name: s.Name, Version: s.Version, Library: s.Library, Confidence: confidenceOf(s.Confidence)}
	}
	f.Process = processOf(e.Process)
	return f
}

// fixOf returns the value of a word in an event. Of other words it is not known who has
// to change.
func fixOf(word string) classify.Fix {
	switch word {
	case classify.FixClient.String():
		return classify.FixClient
	case classify.FixServer.String():
		return classify.FixServer
	}
	return classify.FixUnknown
}

func confidenceOf(word string) classify.Confidence {
	for c := classify.Low; c <= classify.High; c++ {
		if c.String() == word {
			return c
		}
	}
	return classify.Medium
}

func processOf(p *event.Process) *classify.Process {
	if p == nil {
		return nil
	}
	of := &classify.Process{
		PID: p.PID, Executable: p.Executable, CommandLine: p.CommandLine, User: p.User, LoginUser: p.LoginUser, Folder: p.Folder,
		Script: p.Script, Unit: p.Unit, Container: p.Container, Cgroup: p.Cgroup, Variables: p.Variables, Libraries: p.Libraries, GoVersion: p.GoVersion, GoModules: p.GoModules,
	}
	for _, parent := range p.Parents {
		of.Parents = append(of.Parents, classify.Parent(parent))
	}
	return of
}

// timeOf returns the time of an event in nanoseconds since the Unix epoch; 0: not known.
func timeOf(e *event.Event) int64 {
	t, err := time.Parse(time.RFC3339, e.Time)
	if err != nil || t.Year() < 1678 || t.Year() > 2261 {
		return 0
	}
	return t.UnixNano()
}

func addressOf(ip string, port uint16) netip.AddrPort {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.WithZone(""), port)
}

// wireBytes returns the bytes of a text off the network, of which an event has each as the
// code point of its number.
func wireBytes(text string) string {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return latin1(text)
		}
	}
	return text
}

func latin1(text string) string {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return text // not written by tlsfloor
		}
		out = append(out, byte(r))
	}
	return string(out)
}
