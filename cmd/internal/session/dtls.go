package session

import (
	"unsafe"

	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/dtls"
	"tlsfloor/parse/handshake"
)

// dtlsCarrier is the carrier of DTLS.
type dtlsCarrier struct {
	dtls.Conversation
	helloVerify bool // the server sent a HelloVerifyRequest
}

// read implements carrier.
func (u *dtlsCarrier) read(c *Session, p *decode.Packet, d flow.Dir) (datagram.Standing, flow.Cause) {
	switch {
	case u.Another(uint8(d), p.Payload):
		return datagram.Over, flow.Replaced
	case u.readMessages(c, p, d):
		return datagram.Settled, flow.Exhausted
	case c.client.seen && !c.client.cut:
		return datagram.Waiting, 0
	}
	return datagram.Begun, 0
}

// readMessages gives a datagram's messages to the Machine, and reports whether no more are
// needed.
func (u *dtlsCarrier) readMessages(c *Session, p *decode.Packet, d flow.Dir) (done bool) {
	it, dir := &c.sessions.item, handshake.Dir(d)
	in := dtls.Datagram{Rest: p.Payload, Cut: p.Missing > 0}
	c.tls.Heard(dir, 0)
	for u.Wanted = c.tls.Wanted(); u.Next(uint8(d), &in, &c.sessions.dtlsPool, it); u.Wanted = c.tls.Wanted() {
		switch it.Kind {
		case dtls.Message:
			c.tls.Heard(dir, it.Record)
			c.pushMessage(dir, &it.Message)
		case dtls.HelloVerify:
			client, known := c.clientDir()
			u.helloVerify = u.helloVerify || known && client != d
		case dtls.Alert:
			c.tls.PushAlert(dir, it.Alert)
		case dtls.Protected:
			c.tls.Protect(dir)
		}
		if c.tls.Done() || c.conversation.before.Said.Server != 0 && c.isRepeated() {
			return true
		}
	}
	return false
}

// pushMessage gives a message to the Machine, and handles what comes of it.
func (c *Session) pushMessage(d handshake.Dir, one *parse.Message) {
	msg := &c.sessions.msg
	for s := c.tls.PushMessage(d, one, msg); s == handshake.Found; s = c.tls.Resume(d, msg) {
		c.handleMessage(msg)
	}
}

// cut implements carrier.
func (u *dtlsCarrier) cut(c *Session, cause flow.Cause) flow.Cause {
	it, msg := &c.sessions.item, &c.sessions.msg
	for d := range uint8(2) {
		for u.Cut(d, &c.sessions.dtlsPool, it) {
			c.gaps[d] |= lost
			c.tls.Heard(handshake.Dir(d), it.Record)
			if c.tls.PushCut(handshake.Dir(d), &it.Message, msg) {
				c.handleMessage(msg)
			}
		}
	}
	return cause
}

// describe implements carrier.
func (u *dtlsCarrier) describe(o *classify.Observation) { o.HelloVerify = u.helloVerify }

// size implements carrier.
func (u *dtlsCarrier) size() int { return int(unsafe.Sizeof(*u)) + u.Held() }

// close implements carrier.
func (u *dtlsCarrier) close(s *Sessions) {
	u.Close(&s.dtlsPool)
	*u = dtlsCarrier{}
	s.freeDTLS.Give(u)
}
