package emit

import "tlsfloor/classify"

// Format encodes events. What it appends for one event is one line without its
// end, or nothing when the format has no such event. It serves one goroutine at
// a time.
type Format interface {
	AppendFinding(dst []byte, f *classify.Finding) []byte
	AppendStats(dst []byte, s *Stats) []byte
}
