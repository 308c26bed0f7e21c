package event

import (
	"bytes"
	"encoding/json"
	"fmt"

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

// The formats that are not JSON.
const (
	formatText = "text"
	formatCSV  = "csv"
)

// IsJSON reports whether the lines of a format are JSON objects.
func IsJSON(format string) bool { return format != formatText && format != formatCSV }

// ParseFormat makes the Format for a value of --format; by is the sensor in its
// events, and style the look of lines of text.
func ParseFormat(name string, by Sensor, style Style) (Format, error) {
	switch name {
	case "native":
		return NewNative(by), nil
	case "ecs":
		return &ecs{sensor: by, structs: jsontext.NewStructs()}, nil
	case "ocsf":
		return &ocsf{sensor: by, structs: jsontext.NewStructs()}, nil
	case "eve":
		return &eve{sensor: by, structs: jsontext.NewStructs()}, nil
	case "zeek":
		return &zeek{structs: jsontext.NewStructs()}, nil
	case formatText:
		return &text{style}, nil
	case formatCSV:
		return &table{sensor: by}, nil
	}
	return nil, fmt.Errorf("no such format %q: there are native, ecs, ocsf, eve, zeek, text and csv", name)
}

// Header returns the line that a new file or stream of a format begins with, with its
// end; nil: none.
func Header(format string) []byte {
	if format == formatCSV {
		return csvHeader
	}
	return nil
}

// Begins reports whether the beginning of a line, without one before it, can be that of
// this format.
func Begins(format string, torn []byte) bool {
	switch format {
	case formatText:
		return beginsText(torn)
	case formatCSV:
		return bytes.HasPrefix(csvHeader, torn)
	}
	return bytes.HasPrefix(torn, []byte{'{'})
}

// IsLine reports whether a line, without its end, is one of this format, or an object of
// JSON if the format is one of these.
func IsLine(format string, line []byte) bool {
	switch format {
	case formatText:
		return isTextLine(line)
	case formatCSV:
		return isRow(line)
	}
	return bytes.HasPrefix(line, []byte{'{'}) && json.Valid(line)
}

// Sensor is the tlsfloor that writes the events. The interface or the capture of an
// event is part of the event.
type Sensor struct {
	Host    string // empty: not known
	Version string // of tlsfloor; empty: not known
	Live    bool   // events are of interfaces, not of captures
}

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

	Blind []Spot // the blind spots, the most important first
	Final bool   // the run is over
}

// Spot is a blind spot: something that a run could not see.
type Spot struct {
	Cause string `json:"cause"` // docs/outputs.md lists them
	Count uint64 `json:"count"`
	Top   []Item `json:"top"` // the most frequent things counted
	Text  string `json:"-"`   // what is counted, in words; empty: see Cause
}

func (s *Spot) text() string {
	if s.Text == "" {
		return s.Cause
	}
	return s.Text
}

// Item is one of the things that a Spot counts.
type Item struct {
	Number *uint32 `json:"number"` // nil: it has a name only
	Name   string  `json:"name"`
	Count  uint64  `json:"count"`
}

// appendCounts appends the counts of a run.
func appendCounts(dst []byte, s *Stats) []byte {
	dst = jsontext.AppendNumber(dst, `"packets":`, s.Packets)
	dst = jsontext.AppendNumber(dst, `"bytes":`, s.Bytes)
	dst = jsontext.AppendNumber(dst, `"kernel_dropped":`, s.KernelDropped)
	dst = jsontext.AppendNumber(dst, `"interface_dropped":`, s.InterfaceDropped)
	dst = jsontext.AppendNumber(dst, `"flows":`, s.Flows)
	dst = jsontext.AppendNumber(dst, `"hellos":`, s.Hellos)
	dst = jsontext.AppendNumber(dst, `"handshakes":`, s.Handshakes)
	dst = jsontext.AppendNumber(dst, `"in_scope":`, s.InScope)
	dst = jsontext.AppendNumber(dst, `"flagged":`, s.Flagged)
	if len(s.Blind) == 0 { // an empty list says that everything was seen
		return append(jsontext.AppendKey(dst, `"blind":`), "[]"...)
	}
	return jsontext.AppendList(dst, `"blind":`, s.Blind, appendSpot)
}

func appendSpot(dst []byte, s Spot) []byte {
	dst = jsontext.AppendWord(append(dst, '{'), `"cause":`, s.Cause)
	dst = jsontext.AppendNumber(dst, `"count":`, s.Count)
	return append(jsontext.AppendList(dst, `"top":`, s.Top, appendItem), '}')
}

func appendItem(dst []byte, i Item) []byte {
	dst = append(dst, '{')
	if i.Number != nil {
		dst = jsontext.AppendNumber(dst, `"number":`, *i.Number)
	}
	return append(jsontext.AppendNumber(jsontext.AppendText(dst, `"name":`, i.Name), `"count":`, i.Count), '}')
}
