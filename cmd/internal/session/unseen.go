package session

import (
	"bytes"
	"math"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/parse/handshake"
)

// checkOpening checks the connection's first segment with data. If it acknowledges
// something, but no SYN of the other side was captured, packets of that side are
// missing.
func (c *Session) checkOpening(p *decode.Packet, d flow.Dir, o flow.Opener) {
	if o.Known && !o.Greeted[d.Other()] && p.Flags&(decode.SYN|decode.ACK) == decode.ACK {
		c.gaps[d.Other()] |= acknowledged
	}
}

// checkAcks checks the acknowledgement numbers in direction d, the only one whose data
// was seen so far. If they grow beyond that of its first data segment, the other side
// sends data that is not captured.
func (c *Session) checkAcks(d flow.Dir) {
	p := c.sessions.Packet
	if p.Flags&(decode.SYN|decode.ACK) != decode.ACK {
		return
	}
	switch {
	case c.firstAck == 0:
		c.firstAck = p.Ack
	case int32(p.Ack-c.firstAck) > 1: // a FIN takes one number (RFC 9293, 3.4)
		c.gaps[d.Other()] |= acknowledged
	}
}

// recordUnknownStart records that data is not the beginning of any known protocol.
func (c *Session) recordUnknownStart(d flow.Dir, data []byte) {
	c.gaps[d] |= unknownStart
	if beginsHTTP(data) {
		c.gaps[d] |= httpMessage
	}
}

// beginsHTTP reports whether data begins with an HTTP/1 message. Then it is not in the
// middle of TLS. A CONNECT later in the connection is found all the same.
func beginsHTTP(data []byte) bool {
	for _, start := range [...]string{"HTTP/1.", "GET /", "POST /", "PUT /", "HEAD /", "DELETE /", "PATCH /", "OPTIONS "} {
		if bytes.HasPrefix(data, []byte(start)) {
			return true
		}
	}
	return false
}

// recordLoss records that bytes of direction d are missing. sent: bytes came before
// them. If no beginning was ever found in the direction, nothing is known to be
// missing: the table has only stopped looking for one.
func (c *Session) recordLoss(d flow.Dir, sent bool) {
	p := c.sessions.Packet
	switch {
	case p.Missing > 0 && c.ends[d] == endpoint{p.Src, p.SrcPort}:
		c.gaps[d] |= cutOff
	case sent || !c.gaps[d].has(unknownStart):
		c.gaps[d] |= lost
	}
}

// countUnseen counts the connection, which ends by cause, if its handshake could not
// be read whole.
func (c *Session) countUnseen(cause flow.Cause) {
	if c.client.seen && c.server.seen && !c.client.cut && !c.server.cut {
		return
	}
	u := &c.sessions.Stats.Unseen
	switch {
	case c.client.long, c.server.long: // counted in Stats.Malformed
	case c.lacks(cutOff):
		u.CutHellos++
		if c.hasHostName() && (c.server.seen || c.client.showsVersions) {
			u.CutJudged++
		}
	case cause == flow.Evicted && !c.otherProtocol():
		u.GivenUp++
	case c.tls.LongPreamble():
		u.LongPreambles++
	case c.oneSided():
		u.OneDirection++
	case c.client.cut, c.server.cut, c.lacks(lost), c.openingSeen && c.lacks(unknownStart):
		u.LostBytes++
	case !c.openingSeen && !c.followedBefore && c.startUnseen() && !c.isOwnFromBefore():
		u.OpenAtStart++
	}
}

// lacks reports whether a direction whose hello (or the server's alert) was not seen
// whole has a gap of kind g.
func (c *Session) lacks(g gap) bool {
	client, known := c.clientDir()
	if !known {
		return (c.gaps[0] | c.gaps[1]).has(g) && !c.otherProtocol()
	}
	server := client.Other()
	_, alerted := c.tls.AlertIn(handshake.Dir(server))
	answered := c.server.seen && !c.server.cut || alerted
	return (!c.client.seen || c.client.cut) && c.gaps[client].has(g) || !answered && c.gaps[server].has(g)
}

// otherProtocol reports whether a direction was seen to carry another protocol than
// TLS: from its first bytes on, or where one of that protocol's messages begins.
func (c *Session) otherProtocol() bool {
	if c.tls.PlainHTTP() {
		return true
	}
	for d := range c.gaps {
		if c.gaps[d].has(httpMessage) || c.tls.GaveUp(handshake.Dir(d)) && !c.gaps[d].has(cutOff|lost) {
			return true
		}
	}
	return false
}

// oneSided reports whether a hello was seen, and nothing of the other side, although
// it must have sent something.
func (c *Session) oneSided() bool {
	client, known := c.clientDir()
	if !known {
		return false
	}
	server := client.Other()
	switch {
	case !c.seenFrom(client):
		return true // the ServerHello answers a ClientHello
	case c.seenFrom(server):
		return false
	}
	return c.tls.Protected(handshake.Dir(client)) || c.gaps[server].has(acknowledged)
}

// seenFrom reports whether bytes of a direction were captured, or known to be missing.
func (c *Session) seenFrom(d flow.Dir) bool {
	return c.tls.Sent(handshake.Dir(d)) || c.gaps[d].has(cutOff|lost|unknownStart)
}

// startUnseen reports whether the connection's bytes begin in the middle: after the
// ClientHello, or not with a message of any known protocol.
func (c *Session) startUnseen() bool {
	if c.server.seen {
		return !c.client.seen
	}
	return !c.client.seen && !c.otherProtocol() && (c.gaps[0] | c.gaps[1]).has(unknownStart)
}

// isOwnFromBefore reports whether tlsfloor itself has made the connection, before the capture
// began: the process that delivers connects at its start. No version was seen in it.
func (c *Session) isOwnFromBefore() bool {
	own := c.sessions.Own
	if own == nil || c.client.seen || c.server.seen {
		return false
	}
	one, other := c.from(0), c.from(1)
	return own(one, other, math.MaxInt64) || own(other, one, 0)
}
