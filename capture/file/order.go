package file

import (
	"math"

	"tlsfloor/capture/pcap"
)

// leap is how far ahead of the frame before it a frame of the same file has to
// be to be doubted, in nanoseconds. Capture queues and clocks that are being
// set put frames out of order by milliseconds.
const leap = int64(1e9)

// maxProbe is how many of the following records decide about a doubtful time.
const maxProbe = 32

// arrange decides where the next frame, of time t, stands among the frames of
// other inputs, of which the earliest stands at others: at its time, unless that
// is a wrong one. A single frame that a broken clock put a day ahead would
// otherwise hold back all that follow it in its file until the other files have
// gone past that day. It stands where the frame before it stood, and keeps its
// time.
func (st *stream) arrange(t, others int64) {
	st.key = t
	if later(max(st.last, others), leap) < t && st.strays(t) {
		st.key = st.last
	}
	st.last = st.key
}

// strays reports whether the times that follow t go back to before it: after a
// pause in the traffic they do not.
func (st *stream) strays(t int64) bool {
	st.content.ReadAhead(pcap.MaxAhead)
	return straysFrom(st.records, t)
}

func straysFrom(r pcap.Reader, t int64) bool {
	var next [maxProbe]int64
	n, back := r.Times(next[:]), 0
	for _, u := range next[:n] {
		if later(u, leap) < t {
			back++
		}
	}
	return n > 0 && 2*back >= n
}

// firstTime is where a file begins whose first frame is of time t: when that
// strays, where the earliest of the following frames is.
func firstTime(r pcap.Reader, t int64) int64 {
	if !straysFrom(r, t) {
		return t
	}
	var next [maxProbe]int64
	for _, u := range next[:r.Times(next[:])] {
		t = min(t, u)
	}
	return t
}

// later is t and by nanoseconds more, or the last time that there is.
func later(t, by int64) int64 { return min(t, math.MaxInt64-by) + by }
