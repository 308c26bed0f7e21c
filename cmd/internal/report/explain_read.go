package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
)

// maxLine bounds a line, in bytes. The lines of tlsfloor have less than 100 KB.
const maxLine = 1 << 20

// Add reads events, a line each, and adds the flagged ones. It counts and skips lines
// that are not events of tlsfloor. An error is the reader's; what was read before it
// stays added.
func (r *Findings) Add(from io.Reader) error {
	in := bufio.NewReaderSize(from, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			r.foreign++
			err = skipLine(in)
		} else if line = bytes.TrimSpace(line); len(line) > 0 {
			r.addLine(line)
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
	switch {
	case e.Kind == event.KindHandshake && e.Flagged == 1:
		r.add(e)
	case e.Kind == event.KindStats:
		r.unseen.add(e)
	}
}

// adviceFor returns the id of an event's guide, and the summary of its advice where that
// is not the guide's. If the event names no guide, or one that this version does not
// have, it is the guide that this version would choose.
func adviceFor(e *event.Event) (id, summary string) {
	chosen := advice.For(findingOf(e))
	if e.Advice != nil {
		if _, ok := advice.Lookup(e.Advice.ID); ok && e.Advice.ID != chosen.ID {
			return e.Advice.ID, ""
		}
	}
	if g, _ := advice.Lookup(chosen.ID); g.Summary == chosen.Summary {
		return chosen.ID, ""
	}
	return chosen.ID, chosen.Summary
}

// findingOf returns what advice.For uses of a finding.
func findingOf(e *event.Event) *classify.Finding {
	f := &classify.Finding{Verdict: classify.Violation, Fix: classify.FixUnknown}
	f.StartTLS = e.StartTLS
	switch e.Fix {
	case "client":
		f.Fix = classify.FixClient
	case "server":
		f.Fix = classify.FixServer
	}
	if e.Client != nil {
		f.Hello = new(classify.ClientHello)
	}
	if e.AWS != nil {
		f.AWS = &classify.AWS{Service: e.AWS.Service, Resource: e.AWS.Resource, VPCEndpoint: e.AWS.VPCEndpoint}
	}
	if e.Software != nil {
		f.Software = &classify.Software{ID: e.Software.ID, Version: e.Software.Version, Confidence: classify.Medium}
		if e.Software.Confidence == classify.Low.String() {
			f.Software.Confidence = classify.Low
		}
	}
	if e.Process != nil {
		f.Process = &classify.Process{Executable: e.Process.Executable, CommandLine: e.Process.CommandLine}
	}
	return f
}

// maxRuns bounds the sensors whose unfinished runs are kept apart.
const maxRuns = 1000

// unseen is what the runs could not see whose events were read. Each stats event has the
// counts from the beginning of its run, so the last one of each run is used.
type unseen struct {
	ended   []blind.Spot            // of finished runs, added up
	open    map[string][]blind.Spot // of unfinished runs, by the sensor's host
	unknown int                     // spots with causes that this version does not know
}

func (u *unseen) add(e *event.Event) {
	spots := u.spotsOf(e)
	host := e.Sensor.Host[:min(len(e.Sensor.Host), maxHost)]
	switch _, known := u.open[host]; {
	case e.Final, !known && len(u.open) >= maxRuns:
		delete(u.open, host)
		u.ended = blind.Merge(append(u.ended, spots...)...)
	case u.open == nil:
		u.open = map[string][]blind.Spot{host: spots}
	default:
		u.open[host] = spots
	}
}

// spotsOf returns the spots of an event, within the usual bounds.
func (u *unseen) spotsOf(e *event.Event) (spots []blind.Spot) {
	for _, s := range e.Blind {
		cause, ok := blind.ParseCause(s.Cause)
		if !ok {
			u.unknown++
			continue
		}
		one := blind.Spot{Cause: cause, Count: s.Count}
		for _, t := range s.Top[:min(len(s.Top), blind.MaxTop)] {
			item := blind.Item{Name: t.Name[:min(len(t.Name), maxText)], Count: t.Count}
			if t.Number != nil {
				item.Number, item.Numbered = *t.Number, true
			}
			one.Top = append(one.Top, item)
		}
		spots = append(spots, one)
	}
	return spots
}

// spots returns the spots of all runs, added up.
func (u *unseen) spots() []blind.Spot {
	all := slices.Clone(u.ended)
	for _, host := range slices.Sorted(maps.Keys(u.open)) {
		all = append(all, u.open[host]...)
	}
	return blind.Merge(all...)
}
