package session

import (
	"bytes"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/parse/handshake"
)

// noteOpening takes from a connection's first segment with data whether the
// other side must have greeted: who acknowledges has got a SYN.
func (c *Session) noteOpening(p *decode.Packet, d flow.Dir, o flow.Opener) {
	if o.Known && !o.Greeted[d.Other()] && p.Flags&(decode.SYN|decode.ACK) == decode.ACK {
		c.gaps[d.Other()] |= evident
	}
}

// noteAcked looks whether direction d, the only one that has sent data so far,
// acknowledges more and more: then the other one sends data that was not
// captured.
func (c *Session) noteAcked(d flow.Dir) {
	p := c.sessions.Packet
	if p.Flags&(decode.SYN|decode.ACK) != decode.ACK {
		return
	}
	switch {
	case c.acked == 0:
		c.acked = p.Ack
	case int32(p.Ack-c.acked) > 1: // a FIN takes one number (RFC 9293, 3.4)
		c.gaps[d.Other()] |= evident
	}
}

// noteMidway notes data that begins nothing that is known.
func (c *Session) noteMidway(d flow.Dir, data []byte) {
	c.gaps[d] |= midway
	if beginsHTTP(data) {
		c.gaps[d] |= plain
	}
}

// beginsHTTP reports whether data begins with an HTTP/1 message. Where one
// begins, TLS does not go on: a CONNECT behind it is found when it comes.
func beginsHTTP(data []byte) bool {
	for _, start := range [...]string{"HTTP/1.", "GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "PATCH /", "OPTIONS "} {
		if bytes.HasPrefix(data, []byte(start)) {
			return true
		}
	}
	return false
}

// noteLost notes that bytes of a direction will not come. sent says that some came
// before. Where its beginning was never found, the table has only given up looking
// for it.
func (c *Session) noteLost(d flow.Dir, sent bool) {
	p := c.sessions.Packet
	switch {
	case p.Missing > 0 && c.ends[d] == endpoint{p.Src, p.SrcPort}:
		c.gaps[d] |= cutOff
	case sent || !c.gaps[d].has(midway):
		c.gaps[d] |= missing
	}
}

// countUnseen counts the connection, which ends by cause, if its handshake could
// not be seen.
func (c *Session) countUnseen(cause flow.Cause) {
	if c.client.seen && c.server.seen && !c.client.cut && !c.server.cut {
		return
	}
	u := &c.sessions.Stats.Unseen
	switch {
	case c.client.long, c.server.long: // is counted as one that could not be read
	case c.lacks(cutOff):
		u.CutHellos++
		if c.named() && (c.server.seen || c.client.shown) {
			u.CutJudged++
		}
	case cause == flow.Evicted && !c.foreign():
		u.GivenUp++
	case c.tls.LongPreamble():
		u.LongPreambles++
	case c.oneSided():
		u.OneDirection++
	case c.client.cut, c.server.cut, c.lacks(missing), c.opened && c.lacks(midway):
		u.LostBytes++
	case !c.opened && !c.followed && c.begunBefore():
		u.OpenAtStart++
	}
}

// lacks reports whether something of kind g is missing of a direction whose
// hello, or refusal, was not seen whole.
func (c *Session) lacks(g gap) bool {
	client, known := c.clientDir()
	if !known {
		return (c.gaps[0] | c.gaps[1]).has(g) && !c.foreign()
	}
	server := client.Other()
	_, alerted := c.tls.AlertIn(handshake.Dir(server))
	answered := c.server.seen && !c.server.cut || alerted
	return (!c.client.seen || c.client.cut) && c.gaps[client].has(g) || !answered && c.gaps[server].has(g)
}

// foreign reports whether a direction was found to speak another protocol from
// its first bytes on, or at a place where one of its messages begins.
func (c *Session) foreign() bool {
	if c.tls.PlainHTTP() {
		return true
	}
	for d := range c.gaps {
		if c.gaps[d].has(plain) || c.tls.GaveUp(handshake.Dir(d)) && !c.gaps[d].has(cutOff|missing) {
			return true
		}
	}
	return false
}

// oneSided reports whether a hello was seen, and of the other side nothing,
// though it sent something.
func (c *Session) oneSided() bool {
	client, known := c.clientDir()
	if !known {
		return false
	}
	server := client.Other()
	switch {
	case !c.heardFrom(client):
		return true // somebody was answered
	case c.heardFrom(server):
		return false
	}
	return c.tls.Protected(handshake.Dir(client)) || c.gaps[server].has(evident)
}

// heardFrom reports whether bytes of a direction were captured, or their
// absence was noticed.
func (c *Session) heardFrom(d flow.Dir) bool {
	return c.tls.Sent(handshake.Dir(d)) || c.gaps[d].has(cutOff|missing|midway)
}

// begunBefore reports whether the connection's bytes do not begin with a
// message of any protocol that is known.
func (c *Session) begunBefore() bool {
	if c.server.seen {
		return !c.client.seen
	}
	return !c.client.seen && !c.foreign() && (c.gaps[0] | c.gaps[1]).has(midway)
}
