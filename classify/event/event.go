package event

import (
	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// Format encodes events of one schema. For an event it appends one line without its
// end, or nothing when the schema has no such event. A Format is for one goroutine at
// a time. After a panic it must not be used again.
type Format interface {
	AppendFinding(dst []byte, f *classify.Finding) []byte
	AppendStats(dst []byte, s *Stats) []byte
}

// Sensor is the tlsfloor that writes the events.
type Sensor = classify.Sensor

// Stats are the counts of a run so far.
type Stats struct {
	// Time is the time of the counts, in nanoseconds since the Unix epoch, by the
	// capture's clock.
	Time int64
	// Source is the interface or the capture; empty: all sources of the run.
	Source string

	Packets, Bytes                  uint64 // delivered to the sensor
	KernelDropped, InterfaceDropped uint64 // lost before the sensor
	Flows, Hellos                   uint64
	Handshakes, InScope, Flagged    uint64 // findings
	Excepted                        uint64 // findings that are not flagged because of an exception
	Held                            uint64 // flagged findings that no event is about yet (see classify.Series)
	Own                             uint64 // handshakes of tlsfloor itself, which are no findings

	Blind []Spot // the blind spots, the most important first
	Final bool   // the run is over

	Sensor *Sensor // as in a classify.Finding
}

// Spot is a blind spot: something that a run could not see.
type Spot struct {
	Cause string // docs/outputs.md lists them
	Count uint64
	Top   []Item // the most frequent things counted
	Text  string // what is counted, in words; empty: see Cause
}

// Words returns what is counted, or else the cause.
func (s *Spot) Words() string {
	if s.Text == "" {
		return s.Cause
	}
	return s.Text
}

// Item is one of the things that a Spot counts.
type Item struct {
	Number *uint32 // nil: it has a name only
	Name   string
	Count  uint64
}

// AppendCounts appends the counts of a run.
func AppendCounts(dst []byte, s *Stats) []byte {
	dst = jsontext.AppendNumber(dst, `"packets":`, s.Packets)
	dst = jsontext.AppendNumber(dst, `"bytes":`, s.Bytes)
	dst = jsontext.AppendNumber(dst, `"kernel_dropped":`, s.KernelDropped)
	dst = jsontext.AppendNumber(dst, `"interface_dropped":`, s.InterfaceDropped)
	dst = jsontext.AppendNumber(dst, `"flows":`, s.Flows)
	dst = jsontext.AppendNumber(dst, `"hellos":`, s.Hellos)
	dst = jsontext.AppendNumber(dst, `"handshakes":`, s.Handshakes)
	dst = jsontext.AppendNumber(dst, `"in_scope":`, s.InScope)
	dst = jsontext.AppendNumber(dst, `"flagged":`, s.Flagged)
	dst = appendSome(dst, `"excepted":`, s.Excepted)
	dst = appendSome(dst, `"held":`, s.Held)
	dst = appendSome(dst, `"own_handshakes":`, s.Own)
	if len(s.Blind) == 0 { // an empty list says that everything was seen
		return append(jsontext.AppendKey(dst, `"blind":`), "[]"...)
	}
	return jsontext.AppendList(dst, `"blind":`, s.Blind, appendSpot)
}

// appendSome appends a count that is not 0.
func appendSome(dst []byte, key string, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return jsontext.AppendNumber(dst, key, n)
}

func appendSpot(dst []byte, s Spot) []byte {
	dst = jsontext.AppendWord(append(dst, '{'), `"cause":`, s.Cause)
	dst = jsontext.AppendNumber(dst, `"count":`, s.Count)
	dst = jsontext.AppendList(dst, `"top":`, s.Top, appendItem)
	return append(jsontext.AppendText(dst, `"text":`, s.Text), '}')
}

func appendItem(dst []byte, i Item) []byte {
	dst = append(dst, '{')
	if i.Number != nil {
		dst = jsontext.AppendNumber(dst, `"number":`, *i.Number)
	}
	return append(jsontext.AppendNumber(jsontext.AppendText(dst, `"name":`, i.Name), `"count":`, i.Count), '}')
}
