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
	"tlsfloor/parse/quic"
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

// LookAt says what a datagram can be, of which missing bytes more were not captured. Most
// are Foreign, and cost no more than this.
func LookAt(b []byte, missing int) Look {
	switch dtls.Looks(b) {
	case dtls.Hello:
		return Beginning
	case dtls.Record:
		return Certain
	case dtls.Unified:
		return Possible
	}
	switch k, _ := quic.Look(b, missing); k {
	case quic.Initial, quic.Google, quic.Unknown:
		return Beginning
	case quic.Long:
		return Certain
	}
	return Foreign
}

// Datagrams is the Handler of a datagram.Table: Sessions that follow conversations.
type Datagrams struct{ *Sessions }

// conversation is what a Session has besides if it follows a conversation in datagrams.
type conversation struct {
	carrier
	before    datagram.Before
	tunnelled [2]bool // by direction: a datagram came in a tunnel
	heard     [2]bool // by direction: a datagram came
}

// carrier takes the TLS out of the datagrams of one conversation, and gives it to the
// session's Machine.
type carrier interface {
	// read reads a datagram of direction d, and returns how far the handshake has come. If
	// it is Settled, cause says why.
	read(c *Session, p *decode.Packet, d flow.Dir) (s datagram.Standing, cause flow.Cause)
	// cut is called when no more datagrams come, for a cause. It reads the beginnings of
	// messages whose rest did not come, and returns the cause that the datagrams show.
	cut(c *Session, cause flow.Cause) flow.Cause
	// describe writes to o what the carrier knows besides.
	describe(o *classify.Observation)
	size() int // in bytes
	close(s *Sessions)
}

// Open implements datagram.Handler.
func (s Datagrams) Open(p *decode.Packet, d flow.Dir, before datagram.Before) datagram.Consumer {
	k, version := quic.Look(p.Payload, p.Missing)
	if before.Known && (k == quic.Google || k == quic.Unknown) {
		return nil // it was counted
	}
	c := s.open(p, d)
	c.conversation = s.freeConversations.Take()
	c.conversation.before = before
	c.tls.Open(handshake.Opening{Dir: handshake.Dir(d)}, &s.pool)
	c.tls.Transport = parse.QUIC
	switch k {
	case quic.Foreign:
		c.tls.Transport, c.conversation.carrier = parse.DTLS, s.freeDTLS.Take()
	case quic.Initial:
		c.conversation.carrier = s.freeQUIC.Take()
	default:
		c.conversation.carrier = unread{k, version}
	}
	return c
}

// Datagram implements datagram.Consumer.
func (c *Session) Datagram(p *decode.Packet, d flow.Dir) datagram.Standing {
	c.hear(p, d)
	s, cause := c.conversation.read(c, p, d)
	if s == datagram.Settled {
		c.finish(cause)
	} else {
		c.recount()
	}
	return s
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

// isRepeated reports whether the ClientHello is that of the conversation before: it was
// sent twice, or came late.
func (c *Session) isRepeated() bool {
	before := c.conversation.before.Said
	return before.Client != 0 && c.helloDigest.Client == before.Client
}

// cameAgain reports whether all that the conversation says was said by the one before, and
// takes back what was counted.
func (c *Session) cameAgain() bool {
	if c.conversation == nil || !c.conversation.before.Said.Covers(c.Said()) {
		return false
	}
	if c.client.seen {
		c.sessions.Stats.ClientHellos--
	}
	if c.server.seen {
		c.sessions.Stats.ServerHellos--
	}
	return true
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
func (u *conversation) size() int { return int(unsafe.Sizeof(*u)) + u.carrier.size() }

// dropConversation returns the conversation's memory for another one.
func (c *Session) dropConversation() {
	u := c.conversation
	if u == nil {
		return
	}
	u.close(c.sessions)
	*u = conversation{}
	c.sessions.freeConversations.Give(u)
}
