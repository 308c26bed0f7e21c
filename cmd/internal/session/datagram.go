package session

import (
	"unsafe"

	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/parse"
	"tlsfloor/parse/dtls"
	"tlsfloor/parse/handshake"
)

// Look is what a datagram can be, by its first bytes.
type Look uint8

// The looks.
const (
	Foreign   Look = iota // nothing that is followed
	Possible              // part of a conversation that is followed, or anything else
	Certain               // of a protocol that is followed, but it begins no handshake
	Beginning             // it may begin a handshake
)

// LookAt says what a datagram can be. Most are Foreign, and cost no more than this.
func LookAt(b []byte) Look {
	switch dtls.Looks(b) {
	case dtls.Hello:
		return Beginning
	case dtls.Record:
		return Certain
	case dtls.Unified:
		return Possible
	}
	return Foreign
}

// Datagrams is the Handler of a datagram.Table: Sessions that follow conversations.
type Datagrams struct{ *Sessions }

// conversation is what a Session has besides if it follows a conversation in datagrams.
type conversation struct {
	before      flow.Digest // see datagram.Before
	tunnelled   [2]bool     // by direction: a datagram came in a tunnel
	heard       [2]bool     // by direction: a datagram came
	helloVerify bool        // the server sent a HelloVerifyRequest
	dtls        dtls.Conversation
}

// Open implements datagram.Handler.
func (s Datagrams) Open(p *decode.Packet, d flow.Dir, before datagram.Before) datagram.Consumer {
	c := s.open(p, d)
	c.conversation = s.freeConversations.Take()
	c.conversation.before = before.Said
	c.tls.Open(handshake.Opening{Dir: handshake.Dir(d)}, &s.pool)
	c.tls.Transport = parse.DTLS
	return c
}

// Datagram implements datagram.Consumer.
func (c *Session) Datagram(p *decode.Packet, d flow.Dir) datagram.Standing {
	if c.conversation.dtls.Another(uint8(d), p.Payload) {
		return datagram.Over
	}
	c.hear(p, d)
	if c.readDTLS(p, d) {
		c.finish(flow.Exhausted)
		return datagram.Settled
	}
	c.recount()
	if c.client.seen && !c.client.cut {
		return datagram.Waiting
	}
	return datagram.Begun
}

// hear notes what a datagram itself shows.
func (c *Session) hear(p *decode.Packet, d flow.Dir) {
	u := c.conversation
	c.anomalies.addDecoded(p.Anomalies)
	if !u.heard[d.Index()] {
		u.heard[d.Index()] = true
		if p.NumLayers > 0 {
			c.Begins(p, d)
		}
	}
	if p.Word != decode.LinkWord {
		u.tunnelled[d.Index()] = true
	}
	if p.Missing > 0 {
		c.gaps[d.Index()] |= cutOff
	}
}

// readDTLS gives a datagram's messages to the Machine, and reports whether no more are
// needed.
func (c *Session) readDTLS(p *decode.Packet, d flow.Dir) (done bool) {
	u, it, dir := c.conversation, &c.sessions.item, handshake.Dir(d)
	in := dtls.Datagram{Rest: p.Payload, Cut: p.Missing > 0}
	c.tls.Heard(dir, 0)
	for u.dtls.Wanted = c.tls.Wanted(); u.dtls.Next(uint8(d), &in, &c.sessions.dtlsPool, it); u.dtls.Wanted = c.tls.Wanted() {
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
		if c.tls.Done() || c.isRepeated() {
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

// isRepeated reports whether the ClientHello is that of the conversation before, whose
// handshake was seen: it was sent twice, or came late.
func (c *Session) isRepeated() bool {
	b := c.conversation.before
	return b.Server != 0 && c.helloDigest.Client == b.Client
}

// cutMessages reads the beginnings of hellos whose rest did not come.
func (c *Session) cutMessages() {
	u, it, msg := c.conversation, &c.sessions.item, &c.sessions.msg
	for d := range uint8(2) {
		for u.dtls.Cut(d, &c.sessions.dtlsPool, it) {
			c.gaps[d] |= lost
			c.tls.Heard(handshake.Dir(d), it.Record)
			if c.tls.PushCut(handshake.Dir(d), &it.Message, msg) {
				c.handleMessage(msg)
			}
		}
	}
}

// Wait is flow.Stream.Wait, where there is a Stream.
func (c *Session) Wait() {
	if c.conversation == nil {
		c.Stream.Wait()
	}
}

// Tunnelled is flow.Stream.Tunnelled.
func (c *Session) Tunnelled(d flow.Dir) bool {
	if c.conversation != nil {
		return c.conversation.tunnelled[d.Index()]
	}
	return c.Stream.Tunnelled(d)
}

// same asks the connection's table whether it was reported: see flow.Table.Same.
func (c *Session) same() (reported bool, copies []*Session) {
	if c.conversation == nil {
		reported, all := c.sessions.Table.Same(c.Said())
		return reported, sessionsAmong(all)
	}
	reported, all := c.sessions.DatagramTable.Same(c.Said())
	return reported, sessionsAmong(all)
}

// sessionsAmong returns the consumers that are sessions.
func sessionsAmong[C any](all []C) (of []*Session) {
	for _, other := range all {
		if o, is := any(other).(*Session); is {
			of = append(of, o)
		}
	}
	return of
}

// size is the memory of the conversation, in bytes.
func (u *conversation) size() int { return int(unsafe.Sizeof(*u)) + u.dtls.Held() }

// dropConversation returns the conversation's memory for another one.
func (c *Session) dropConversation() {
	u := c.conversation
	if u == nil {
		return
	}
	u.dtls.Close(&c.sessions.dtlsPool)
	*u = conversation{}
	c.sessions.freeConversations.Give(u)
}
