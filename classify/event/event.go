package event

import (
	"fmt"

	"tlsfloor/classify"
)

// Format encodes events of one schema. What it appends for an event is one line
// without its end, or nothing when the schema has no such event. A Format serves
// one goroutine at a time. After a panic it must not be used again.
type Format interface {
	AppendFinding(dst []byte, f *classify.Finding) []byte
	AppendStats(dst []byte, s *Stats) []byte
}

// ParseFormat makes the Format that a value of --format names; by is the sensor
// that its events name.
func ParseFormat(name string, by Sensor) (Format, error) {
	switch name {
	case "native":
		return NewNative(by), nil
	case "ecs":
		return &ecs{sensor: by, structs: newStructs()}, nil
	case "ocsf":
		return &ocsf{sensor: by, structs: newStructs()}, nil
	case "eve":
		return &eve{sensor: by, structs: newStructs()}, nil
	case "zeek":
		return &zeek{structs: newStructs()}, nil
	}
	return nil, fmt.Errorf("no such format %q: there are native, ecs, ocsf, eve and zeek", name)
}

// Sensor is what saw the event. Where it was seen (the interface, the capture) is
// in the event itself.
type Sensor struct {
	Host    string // empty: not known
	Version string // of tlsfloor; empty: not known
	Live    bool   // events are of interfaces, not of captures
}

// Stats are the counts of a run so far.
type Stats struct {
	// Time is when they were taken, in nanoseconds since the Unix epoch, by the
	// capture's clock.
	Time int64
	// Source is the interface or the capture; empty: all of the run's.
	Source string

	Packets, Bytes                  uint64 // delivered to the sensor
	KernelDropped, InterfaceDropped uint64 // lost before it
	Flows, Hellos                   uint64
	Handshakes, InScope, Flagged    uint64 // findings

	Blind []Spot // what could not be seen, the most important first
	Final bool   // the run is over
}

// Spot is something that a run could not see.
type Spot struct {
	Cause string `json:"cause"` // docs/outputs.md lists them
	Count uint64 `json:"count"`
	Top   []Item `json:"top"` // the most frequent of what was counted
}

// Item is one of the things that a Spot counts.
type Item struct {
	Number *uint32 `json:"number"` // nil: it goes by its name alone
	Name   string  `json:"name"`
	Count  uint64  `json:"count"`
}

// appendCounts appends the counts of a run.
func appendCounts(dst []byte, s *Stats) []byte {
	dst = appendNumber(dst, `"packets":`, s.Packets)
	dst = appendNumber(dst, `"bytes":`, s.Bytes)
	dst = appendNumber(dst, `"kernel_dropped":`, s.KernelDropped)
	dst = appendNumber(dst, `"interface_dropped":`, s.InterfaceDropped)
	dst = appendNumber(dst, `"flows":`, s.Flows)
	dst = appendNumber(dst, `"hellos":`, s.Hellos)
	dst = appendNumber(dst, `"handshakes":`, s.Handshakes)
	dst = appendNumber(dst, `"in_scope":`, s.InScope)
	dst = appendNumber(dst, `"flagged":`, s.Flagged)
	if len(s.Blind) == 0 { // everything was seen, which is worth saying
		return append(appendKey(dst, `"blind":`), "[]"...)
	}
	return appendList(dst, `"blind":`, s.Blind, appendSpot)
}

func appendSpot(dst []byte, s Spot) []byte {
	dst = appendWord(append(dst, '{'), `"cause":`, s.Cause)
	dst = appendNumber(dst, `"count":`, s.Count)
	return append(appendList(dst, `"top":`, s.Top, appendItem), '}')
}

func appendItem(dst []byte, i Item) []byte {
	dst = append(dst, '{')
	if i.Number != nil {
		dst = appendNumber(dst, `"number":`, *i.Number)
	}
	return append(appendNumber(appendText(dst, `"name":`, i.Name), `"count":`, i.Count), '}')
}
