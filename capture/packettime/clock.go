package packettime

const (
	second = int64(1e9)
	// maxBackwards is how far packet time may run back, in nanoseconds: frames are a
	// little out of order in real captures.
	maxBackwards = 60 * second
	// maxForward is the longest pause. A longer step is a clock that was set.
	maxForward = 3600 * second
	// maxStep is the longest step forward that the clock takes for one packet. Some
	// captures hold packets whose times are minutes or days off.
	maxStep = 2 * second
	// witnesses is how many packets in a row it takes for a longer step.
	witnesses = 3
)

// Clock follows packet time, but never runs back. The zero value takes the first time
// that it is given.
type Clock struct {
	now    int64 // in nanoseconds
	last   int64 // time of the last packet that was accepted
	doubt  int64 // time of the last packet that was not
	doubts int   // packets in a row that were not, and agree with each other
	offset int64 // from packet time to now
	swept  int64 // when a sweep was last due
	steady int   // packets in a row that were accepted, up to witnesses
	usual  bool  // steady is witnesses, and doubts is zero
}

// Now is the clock's time, in nanoseconds.
func (c *Clock) Now() int64 { return c.now }

// Set makes the clock show the time of another Clock, which sees the times of all packets.
// Neither Tick nor Pass may then be called.
func (c *Clock) Set(now int64) { c.now = now }

// Claimed is the time of the last packet by the clock, in nanoseconds, even if Tick has
// not accepted it yet: the first packets after a pause must not look old once the pause
// is accepted.
func (c *Clock) Claimed() int64 {
	if c.doubts == 0 {
		return c.now
	}
	if at := c.doubt + c.offset; at > c.now && at-c.now <= maxForward {
		return at
	}
	return c.now
}

// Tick moves the clock to the time of a packet, in nanoseconds, and reports whether a
// sweep is due. A long step is accepted when the next packets agree, so that one packet
// with a wrong time ages nothing.
func (c *Clock) Tick(at int64) (due bool) {
	step := at - c.last
	if c.usual && uint64(step) <= uint64(maxStep) { // nearly always: 20 instructions less for each packet
		c.last = at
		c.now = max(c.now, at+c.offset)
		return c.due()
	}
	if (step > maxStep || step < -maxBackwards) && c.steady > 0 {
		if away(at, c.doubt) >= away(at, c.last) {
			c.doubts = 0
		}
		c.doubt, c.usual = at, false
		if c.doubts++; c.doubts < witnesses {
			return false
		}
		if c.steady < witnesses && step > 0 {
			c.offset, c.last = c.offset-step, at // it was the first packets whose time was wrong
		}
	}
	return c.Pass(at)
}

// Pass moves the clock to a time that is known to be right, in nanoseconds, and reports
// whether a sweep is due. A step longer than maxForward is a clock that was set, or a
// capture that was appended to another one: it ages nothing.
func (c *Clock) Pass(at int64) (due bool) {
	step := at - c.last
	if c.steady > 0 && (step > maxForward || step < -maxBackwards) {
		c.offset -= step
	}
	c.last, c.doubts, c.steady = at, 0, min(c.steady+1, witnesses)
	c.usual = c.steady == witnesses
	c.now = max(c.now, at+c.offset)
	return c.due()
}

// due reports whether a sweep is due: one in each second.
func (c *Clock) due() bool {
	if c.now-c.swept < second {
		return false
	}
	c.swept = c.now
	return true
}

// away is how far two times are from each other. It is unsigned because times of a
// capture may be so far apart that a signed difference overflows.
func away(a, b int64) uint64 {
	if a < b {
		a, b = b, a
	}
	return uint64(a) - uint64(b)
}
