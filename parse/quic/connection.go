package quic

import (
	"bytes"
	"unsafe"
)

// Connection follows the handshake of one connection. The zero value is ready; call
// Close before it is used for another one.
//
// The keys of Initial packets are made of the connection id to which the client sends
// its first one. After a Retry they are made of the one that the server chose in it. A
// server that goes on in another version (RFC 9368) uses that version's construction
// with the client's first id.
type Connection struct {
	// Version is that of the server's Initial packets, else of the client's.
	Version    Version
	Retried    bool // the server sent a Retry
	Negotiated bool // the server sent a Version Negotiation
	ZeroRTT    bool // there were 0-RTT packets

	client    role // the direction in which the client sends
	construct construction
	overflow  bool
	protected [2]bool // by direction: it went on to packets with the handshake's keys
	answered  bool    // a packet of the server was opened
	original  id      // the keys are made of it
	first     id      // the client sent its first packet to it
	clientID  id      // the client chose it for itself
	secret    secret
	openers   [2]*opener // by direction; nil: not made yet
	streams   [2]stream
	closed    [2]closing
	held      []byte // packets that came before the client's first one
	heldDir   Dir
}

// Dir is a direction of a connection: 0 or 1. The caller chooses which end sends in
// which direction.
type Dir uint8

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

func (d Dir) index() int { return int(d & 1) }

// role is the direction in which an end sends, plus one; 0: not known.
type role uint8

// id is a connection id.
type id struct {
	n uint8
	b [MaxID]byte
}

func (x *id) set(b []byte)            { x.n = uint8(copy(x.b[:], b)) }
func (x *id) bytes() []byte           { return x.b[:x.n] }
func (x *id) is(b []byte) bool        { return bytes.Equal(x.bytes(), b) }
func (c *Connection) keysKnown() bool { return c.client != 0 }

// Seen is a set: what a datagram brought.
type Seen uint8

// The members of the set.
const (
	// Opened: an Initial packet of this connection was opened.
	Opened Seen = 1 << iota
	// Waits: a packet is kept until the client's first one comes, or was not opened
	// because that has not come.
	Waits
	// Another: the datagram begins another connection between the same ends. It was not
	// read further, and this Connection is as it was before.
	Another
	// Restarted: the client begins again in another version. The bytes of both
	// directions start anew.
	Restarted
	// Cut: the capture has only the beginning of an Initial packet, which cannot be
	// opened.
	Cut
	// Other: packets of a version that is not read.
	Other
)

// Push reads a datagram of direction d, of which the last missing bytes were not captured.
func (c *Connection) Push(d Dir, datagram []byte, missing int, p *Pool) (s Seen) {
	var h header
	for len(datagram) > 0 && s&Another == 0 {
		if datagram[0]&longHeader == 0 {
			c.protected[d.index()] = true // the rest is a 1-RTT packet
			return s
		}
		if !h.parse(datagram, missing) {
			return s
		}
		s |= c.packet(d, datagram[:h.end], &h, p)
		datagram = datagram[h.end:]
	}
	return s
}

// packet reads one packet.
func (c *Connection) packet(d Dir, packet []byte, h *header, p *Pool) Seen {
	fromServer := c.client != 0 && c.client != role(d)+1
	switch {
	case h.version == negotiation:
		c.Negotiated = c.Negotiated || fromServer && !c.answered && c.clientID.is(h.dcid)
		return 0
	case h.read == unread:
		return Other
	case h.kind == initial && h.cut:
		return Cut
	case h.kind == initial:
		return c.initial(d, packet, h, p)
	case h.kind == zeroRTT:
		c.ZeroRTT = c.ZeroRTT || !fromServer
	case h.kind == handshakePacket:
		c.protected[d.index()] = true
	case fromServer && !c.answered && c.clientID.is(h.dcid) && !c.Retried:
		c.Retried = true
		c.original.set(h.scid)
		c.use(c.construct, p)
	}
	return 0
}

// initial opens an Initial packet, and reads its frames.
func (c *Connection) initial(d Dir, packet []byte, h *header, p *Pool) Seen {
	frames, s := c.open(d, packet, h, p)
	if s != Opened {
		return s
	}
	if c.begins(d, h) {
		s |= Restarted
		c.closed, c.protected = [2]closing{}, [2]bool{}
		c.streams[0].drop(p)
		c.streams[1].drop(p)
	}
	c.note(d, h)
	c.frames(d, frames, p)
	if len(c.held) > 0 {
		c.readHeld(p)
	}
	return s
}

// begins reports whether the client begins again, in another version than that of its
// first packet, because the server does not speak that.
func (c *Connection) begins(d Dir, h *header) bool {
	return c.client == role(d)+1 && !c.answered && c.Version != 0 && c.Version != h.version
}

// note notes what the header of a packet that was opened says.
func (c *Connection) note(d Dir, h *header) {
	switch {
	case c.client != role(d)+1:
		c.answered, c.Version = true, h.version
	case !c.answered:
		c.Version = h.version
		c.clientID.set(h.scid)
	}
}

// open opens an Initial packet: with the connection's keys, or with those of a client's
// first packet.
func (c *Connection) open(d Dir, packet []byte, h *header, p *Pool) (frames []byte, s Seen) {
	if c.keysKnown() {
		if frames, ok := c.tryOwn(d, packet, h, p); ok {
			return frames, Opened
		}
		if frames, ok := c.tryWithoutRetry(d, packet, h, p); ok {
			return frames, Opened
		}
	}
	secret := p.extract(h.read, h.dcid)
	o := p.opener(h.read, &secret, true)
	frames, ok := o.open(packet, h, p)
	switch {
	case !ok && c.keysKnown():
		return nil, 0
	case !ok:
		c.hold(d, packet)
		return nil, Waits
	case !c.keysKnown():
		c.client = role(d) + 1
		c.first.set(h.dcid)
	case c.client == role(d)+1 && c.first.is(h.dcid):
		return frames, Opened // sent again, although a Retry came
	case c.client == role(d)+1 && c.Retried && !c.answered && c.clientID.is(h.scid):
		// The server sent a Retry for each packet, and the client has taken another one.
	case c.begins(d, h):
		c.first.set(h.dcid)
	default:
		return nil, Another
	}
	c.original.set(h.dcid)
	c.construct, c.secret, c.openers = h.read, secret, [2]*opener{}
	c.openers[d.index()] = o
	return frames, Opened
}

// tryOwn opens a packet with the connection's keys, in the packet's version.
func (c *Connection) tryOwn(d Dir, packet []byte, h *header, p *Pool) (frames []byte, ok bool) {
	construct, secret, openers := c.construct, c.secret, c.openers
	if h.read != construct {
		c.use(h.read, p)
	}
	at := &c.openers[d.index()]
	if *at == nil {
		*at = p.opener(c.construct, &c.secret, c.client == role(d)+1)
	}
	if frames, ok = (*at).open(packet, h, p); !ok {
		c.construct, c.secret, c.openers = construct, secret, openers
	}
	return frames, ok
}

// tryWithoutRetry opens a packet of the server with the keys that it had before a Retry: then
// that was forged, and the client has not followed it. Anybody can send a Retry to a client
// without a connection id (RFC 9001, 5.8 has a tag against that, which is not checked).
func (c *Connection) tryWithoutRetry(d Dir, packet []byte, h *header, p *Pool) (frames []byte, ok bool) {
	if !c.Retried || c.answered || c.client == role(d)+1 {
		return nil, false
	}
	taken, openers, secret := c.original, c.openers, c.secret
	c.original = c.first
	c.use(h.read, p)
	if frames, ok = c.tryOwn(d, packet, h, p); ok {
		c.Retried = false
	} else {
		c.original, c.openers, c.secret = taken, openers, secret
	}
	return frames, ok
}

// use makes the keys anew, of the id in original.
func (c *Connection) use(k construction, p *Pool) {
	c.construct, c.secret, c.openers = k, p.extract(k, c.original.bytes()), [2]*opener{}
}

// maxHeld bounds the bytes of packets that wait for the client's first one.
const maxHeld = 4 << 10

// hold keeps a packet that cannot be opened yet. Those of one direction are kept: the
// server's, or the client's later ones.
func (c *Connection) hold(d Dir, packet []byte) {
	if len(c.held) == 0 {
		c.heldDir = d
	}
	if d == c.heldDir && len(c.held)+len(packet) <= maxHeld {
		c.held = append(c.held, packet...)
	}
}

// readHeld reads the packets that were held.
func (c *Connection) readHeld(p *Pool) {
	held := c.held
	c.held = nil
	var h header
	for len(held) > 0 && h.parse(held, 0) {
		if frames, ok := c.tryOwn(c.heldDir, held[:h.end], &h, p); ok {
			c.note(c.heldDir, &h)
			c.frames(c.heldDir, frames, p)
		}
		held = held[h.end:]
	}
}

// Client is the direction in which the client sends. ok is false until a packet was
// opened.
func (c *Connection) Client() (d Dir, ok bool) { return Dir(c.client - 1), c.client != 0 }

// Ready are the next bytes of a direction's TLS messages, in order: a view, valid until
// the next call of a method. Consume frees those that were read.
func (c *Connection) Ready(d Dir) []byte { return c.streams[d.index()].ready() }

// Consume frees the next n bytes of a direction.
func (c *Connection) Consume(d Dir, n int) { c.streams[d.index()].consume(n) }

// Overflow reports whether CRYPTO bytes were dropped: there were too many, or too far
// ahead.
func (c *Connection) Overflow() bool { return c.overflow }

// Protected reports whether direction d went on to packets with the handshake's keys.
func (c *Connection) Protected(d Dir) bool { return c.protected[d.index()] }

// Alert is the description of the TLS alert with which direction d closed the connection
// in an Initial packet.
func (c *Connection) Alert(d Dir) (description uint8, ok bool) { return c.closed[d.index()].alert() }

// Closed reports whether a direction closed the connection in an Initial packet.
func (c *Connection) Closed() bool { return c.closed[0].seen || c.closed[1].seen }

// connectionSize is the size of a Connection without its buffers and keys, in bytes.
const connectionSize = int(unsafe.Sizeof(Connection{}))

// Held is how many bytes the Connection takes. They are at most connectionSize, two
// openers, MaxBuffered and maxPieces in each direction, and maxHeld.
func (c *Connection) Held() int {
	n := connectionSize + c.streams[0].held() + c.streams[1].held() + cap(c.held)
	for _, o := range c.openers {
		if o != nil {
			n += openerSize
		}
	}
	return n
}

// Close returns c's memory to p, and sets c to its zero value.
func (c *Connection) Close(p *Pool) {
	c.streams[0].drop(p)
	c.streams[1].drop(p)
	*c = Connection{}
}
