package decode

import "slices"

const (
	// maxStep, in nanoseconds, is how far the time of a frame may be from that of
	// those before it and still be believed at once.
	maxStep = 5e9
	// strayFrames is how many frames in a row have to be further away before time
	// has moved: a single wrong timestamp, or those of a datagram's few
	// fragments, must not age out what is held.
	strayFrames = 16
)

// clock follows the capture times of fragments and of whole UDP datagrams, and
// is not moved by a few wrong ones. The zero clock takes its time from the first.
type clock struct {
	now     int64 // in nanoseconds since the Unix epoch
	started bool
	strays  int
	times   [strayFrames]int64 // of the strays
}

func (c *clock) see(t int64) {
	if step := t - c.now; step < -maxStep || step > maxStep {
		c.stray(t)
		return
	}
	c.now = max(c.now, t)
	c.strays = 0
}

// stray takes in a time that is far away. When all frames are, the clock is set
// to the median of theirs, which the wrong ones among them do not move.
func (c *clock) stray(t int64) {
	if !c.started {
		c.started, c.now = true, t
		return
	}
	c.times[c.strays] = t
	c.strays++
	if c.strays < strayFrames {
		return
	}
	times := c.times
	slices.Sort(times[:])
	c.now, c.strays = times[(strayFrames-1)/2], 0
}
