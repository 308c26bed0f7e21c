package session

import (
	"unsafe"

	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/handshake"
	"tlsfloor/parse/quic"
)

// quicCarrier is the carrier of QUIC.
type quicCarrier struct {
	quic.Connection
	waits bool // packets came that could not be opened
}

// read implements carrier.
func (q *quicCarrier) read(c *Session, p *decode.Packet, d flow.Dir) (datagram.Standing, flow.Cause) {
	_, known := q.Client()
	seen := q.Push(quic.Dir(d), p.Payload, p.Missing, &c.sessions.quicPool)
	if seen&quic.Another != 0 {
		return datagram.Over, flow.Replaced
	}
	client, opened := q.Client()
	q.waits = q.waits || seen&quic.Waits != 0
	if !opened {
		if c.conversation.before.Known {
			return datagram.Settled, flow.Finished // late packets of that conversation
		}
		return datagram.Begun, 0
	}
	if !known {
		c.tls.Open(handshake.Opening{Known: true, Dir: handshake.Dir(client)}, &c.sessions.pool)
	}
	if seen&quic.Restarted != 0 {
		c.tls.Restart()
	}
	if q.feed(c, client); c.client.seen { // what the server says answers a whole hello
		q.feed(c, client.Other())
	}
	return q.standing(c)
}

// feed gives the Machine what there is of a direction.
func (q *quicCarrier) feed(c *Session, d quic.Dir) {
	dir, msg := handshake.Dir(d), &c.sessions.msg
	for found := false; found || len(q.Ready(d)) > 0; {
		b := q.Ready(d)
		left, s := c.tls.PushMessages(dir, b, msg)
		if found = s == handshake.Found; found {
			c.handleMessage(msg)
		}
		q.Consume(d, len(b)-left)
	}
	if a, ok := q.Alert(d); ok {
		if _, known := c.tls.AlertIn(dir); !known {
			c.tls.PushAlert(dir, parse.Alert{Level: parse.AlertFatal, Description: parse.AlertDescription(a)})
		}
	}
	if q.Protected(d) {
		c.tls.Protect(dir)
	}
	if q.Overflow() {
		c.gaps[d] |= lost
	}
}

// standing is how far the handshake has come. Packets may come in any order: it goes on
// until both hellos are there, or the server's alert.
func (q *quicCarrier) standing(c *Session) (datagram.Standing, flow.Cause) {
	client, _ := q.Client()
	_, alerted := q.Alert(client.Other())
	switch {
	case !c.client.seen:
		return datagram.Begun, 0
	case c.isRepeated():
		return datagram.Settled, flow.Exhausted
	case c.tls.Done() && (alerted || c.server.seen && !c.server.retry):
		return datagram.Settled, flow.Exhausted
	case q.Closed() && !q.Negotiated: // else the client may begin again
		return datagram.Settled, flow.Closed
	}
	return datagram.Waiting, 0
}

// cut implements carrier. Packets that were never opened come from a connection whose
// first packet was not captured.
func (q *quicCarrier) cut(c *Session, cause flow.Cause) flow.Cause {
	client, opened := q.Client()
	switch {
	case opened:
		q.feed(c, client.Other())
	case q.waits && !c.conversation.before.Known:
		c.sessions.Stats.Unseen.OneDirection++
	}
	if q.Closed() {
		return flow.Closed
	}
	return cause
}

// describe implements carrier.
func (q *quicCarrier) describe(o *classify.Observation) {
	o.QUIC = classify.QUIC{Version: q.Version, Retry: q.Retried, Negotiated: q.Negotiated}
}

// size implements carrier.
func (q *quicCarrier) size() int {
	return int(unsafe.Sizeof(*q)-unsafe.Sizeof(q.Connection)) + q.Held()
}

// close implements carrier.
func (q *quicCarrier) close(s *Sessions) {
	q.Close(&s.quicPool)
	*q = quicCarrier{}
	s.freeQUIC.Give(q)
}

// unread is the carrier of a version of QUIC that is not read. It counts the
// conversation.
type unread struct {
	kind    quic.Kind
	version quic.Version
}

// read implements carrier.
func (u unread) read(c *Session, _ *decode.Packet, _ flow.Dir) (datagram.Standing, flow.Cause) {
	if u.kind == quic.Google {
		c.sessions.Stats.GoogleQUIC++
	} else {
		c.sessions.UnknownQUIC.Add(u.version.String())
	}
	return datagram.Settled, flow.Exhausted
}

// cut implements carrier.
func (unread) cut(_ *Session, cause flow.Cause) flow.Cause { return cause }

// describe implements carrier.
func (unread) describe(*classify.Observation) {}

// size implements carrier.
func (u unread) size() int { return int(unsafe.Sizeof(u)) }

// close implements carrier.
func (unread) close(*Sessions) {}
