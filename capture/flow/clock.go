package flow

const (
	// maxBackwards is how far packet time may run back, in nanoseconds: frames
	// are a little out of order in real captures.
	maxBackwards = 60 * second
	// maxForward is the longest pause that is taken for one.
	maxForward = 3600 * second
	// maxStep is the longest step forward that one packet is believed. Some
	// captures hold packets with times that are minutes or days off.
	maxStep = 2 * second
	// witnesses is how many packets in a row it takes to believe a longer one.
	witnesses = 3
)

// Clock follows packet time, but never runs back. Where several tables share
// the packets of one source, one Clock has to serve them all, or each would
// age what it holds by the packets it happens to see: see Table.PushAt.
type Clock struct {
	now    int64 // in nanoseconds
	last   int64 // time of the last packet that was believed
	doubt  int64 // time of the last packet that was not
	doubts int   // packets in a row that were not, and agree with each other
	offset int64 // from packet time to now
	swept  int64 // when silence was last looked for
	steady int   // packets in a row that were believed, up to witnesses
	usual  bool  // steady is witnesses, and doubts is zero
}

// Now is the clock's time, in nanoseconds.
func (c *Clock) Now() int64 { return c.now }

// Claimed is the time of the last packet by the clock, in nanoseconds, also if
// it is not believed yet, but might be: see Tick. What came after a pause must
// not be taken for old when the pause is believed.
func (c *Clock) Claimed() int64 {
	if c.doubts == 0 {
		return c.now
	}
	if at := c.doubt + c.offset; at > c.now && at-c.now <= maxForward {
		return at
	}
	return c.now
}

// Tick moves the clock to the time of a packet, in nanoseconds, and reports
// whether it is time to look for what has been silent. A long step is taken when
// the packets after it agree, so that one packet whose time is wrong ages
// nothing.
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
			c.offset, c.last = c.offset-step, at // the first packets were those whose time was wrong
		}
	}
	return c.Pass(at)
}

// Pass moves the clock to a time that is to be believed, in nanoseconds, and
// reports what Tick does. A larger step than a pause is a clock that was set, or
// a capture put behind another one: it ages nothing.
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

// due reports whether it is time to look for what has been silent.
func (c *Clock) due() bool {
	if c.now-c.swept < second {
		return false
	}
	c.swept = c.now
	return true
}

// away is how far two times are from each other. Times come from the network,
// so that the difference may overflow: then they are far.
func away(a, b int64) uint64 {
	if a < b {
		a, b = b, a
	}
	return uint64(a) - uint64(b)
}
