package flow

const (
	// maxBackwards is how far packet time may run back, in nanoseconds: frames
	// are a little out of order in real captures.
	maxBackwards = 60 * second
	// maxForward is the longest pause that is taken for one.
	maxForward = 3600 * second
)

// Clock follows packet time, but never runs back. Where several tables share
// the packets of one source, one Clock has to serve them all, or each would
// age what it holds by the packets it happens to see: see Table.PushAt.
type Clock struct {
	now    int64 // in nanoseconds
	last   int64 // time of the last packet
	offset int64 // from packet time to now
	swept  int64 // when silence was last looked for
}

// Now is the clock's time, in nanoseconds.
func (c *Clock) Now() int64 { return c.now }

// Tick moves the clock to the time of a packet, in nanoseconds, and reports
// whether it is time to look for what has been silent. A larger step than a
// pause is a clock that was set, or a capture put behind another one: it ages
// nothing.
func (c *Clock) Tick(at int64) (due bool) {
	if step := at - c.last; step > maxForward || step < -maxBackwards {
		c.offset -= step
	}
	c.last = at
	c.now = max(c.now, at+c.offset)
	if c.now-c.swept < second {
		return false
	}
	c.swept = c.now
	return true
}
