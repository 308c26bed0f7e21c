package sensor

import (
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// talk lets the protocol in front of TLS take its bytes.
func (c *session) talk(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	defer c.recount()
	s := &c.side[d]
	step := c.before().Push(c.fromServer(d), data)
	switch step.Status {
	case starttls.TLS:
		s.talking, s.upgraded, s.blind = false, true, false
	case starttls.Framed:
		return step.Consumed, step.Need, c.unwrap(d, step.Inner)
	case starttls.Foreign:
		if c.prelude.GaveUp() {
			c.oddities.add(longPreamble)
		}
		if c.prelude.PlainHTTP() {
			return step.Consumed, 0, flow.Settled // no more is worth a look
		}
		return step.Consumed, 0, c.deaf(d)
	}
	return step.Consumed, step.Need, flow.Listen
}

// answers reports whether data, the first of its direction, has an answer to the
// hello of the other one in it, behind other bytes.
func (c *session) answers(d flow.Dir, data []byte) bool {
	var trial starttls.Preamble
	trial.Found(c.fromServer(d.Other()))
	return trial.Push(c.fromServer(d), data).Status == starttls.TLS
}

// deaf gives a direction up: it will not, or no longer, speak TLS in clear.
func (c *session) deaf(d flow.Dir) flow.Interest {
	c.side[d].phase, c.side[d].blind = over, true
	return flow.Ignore
}

// unwrap reads TLS bytes that came inside another protocol's packets.
func (c *session) unwrap(d flow.Dir, inner []byte) flow.Interest {
	s := &c.side[d]
	s.upgraded, s.blind = true, false
	data := c.before().with(d, inner)
	for len(data) > 0 {
		phase := s.phase
		n, _, i := c.tls(d, data)
		if i != flow.Listen || c.settled() {
			return i
		}
		data = data[n:]
		if n == 0 && s.phase == phase {
			break
		}
	}
	if len(data) > parse.MaxFragment {
		c.Dropped(d, false)
		return c.deaf(d)
	}
	c.before().hold(d, data)
	return flow.Listen
}
