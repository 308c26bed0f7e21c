package emit

import "tlsfloor/classify"

// Format encodes events. What it appends for one event is one line without its
// end, or nothing when the format has no such event.
type Format interface {
	AppendFinding(dst []byte, f *classify.Finding) []byte
	AppendStats(dst []byte, s *Stats) []byte
}

// Native is the format of tlsfloor's own events.
type Native struct{ Sensor Sensor }

// AppendFinding is AppendNative.
func (n Native) AppendFinding(dst []byte, f *classify.Finding) []byte {
	return AppendNative(dst, f, n.Sensor)
}

// AppendStats is the function AppendStats.
func (n Native) AppendStats(dst []byte, s *Stats) []byte { return AppendStats(dst, s, n.Sensor) }
