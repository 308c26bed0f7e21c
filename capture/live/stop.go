package live

import (
	"sync/atomic"
	"time"

	"tlsfloor/capture"
)

// stop is the request to end a capture. What was captured before it is still
// delivered: it may be the handshake that somebody started the capture for.
type stop struct {
	at atomic.Pointer[time.Time] // when; nil: nobody asked
}

// longAgo is a time of asking by which nothing is waited for any more.
var longAgo = time.Unix(0, 0)

// longestEnd bounds how long frames of before the stop are read, when there are
// so many: whoever has asked will not wait much longer.
const longestEnd = 700 * time.Millisecond

// ask asks now, unless somebody has.
func (s *stop) ask() {
	now := time.Now()
	s.at.CompareAndSwap(nil, &now)
}

// abandon asks for the end at once.
func (s *stop) abandon() { s.at.Store(&longAgo) }

func (s *stop) asked() bool { return s.at.Load() != nil }

// isOver reports whether the stop was asked for and, by what a reader has just
// returned, no frame of before is to come. The kernel hands frames over up to
// a timeout late, in their order. Waiting goes by the clock that nobody sets.
func (s *stop) isOver(f *capture.Frame, err error, timeout time.Duration) bool {
	at := s.at.Load()
	switch {
	case at == nil:
		return false
	case err != nil:
		return time.Since(*at) > timeout
	}
	return f.Time > at.UnixNano() || time.Since(*at) > longestEnd
}
