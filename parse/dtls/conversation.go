package dtls

import (
	"encoding/binary"

	"tlsfloor/parse"
)

// Item is what Next found.
type Item struct {
	Kind Kind
	// Record is the version of the record.
	Record parse.Version
	// Message is the message of a Message. Its Body is a view, valid until the next call
	// of a method of the Conversation.
	Message parse.Message
	Alert   parse.Alert
}

// Kind is the kind of an Item.
type Kind uint8

// The kinds.
const (
	Message     Kind = iota // a whole handshake message, one that is skipped, or the beginning of a long one
	HelloVerify             // a HelloVerifyRequest (RFC 6347, 4.2.1)
	Alert                   // an unencrypted alert
	Protected               // a protected record
)

// Conversation reads the datagrams of two ends. The zero value is ready. Until Close, it
// uses memory of a Pool.
type Conversation struct {
	side [2]side
	// random is of the first ClientHello, and from is the direction that it was sent in,
	// plus one; 0: none was seen.
	random uint64
	from   uint8
	// Wanted are the types of messages that are put together; zero stands for all that
	// this package knows. It may be changed between calls.
	Wanted parse.TypeSet
}

// side is the state of a direction.
type side struct {
	done     uint64 // messages that were returned: bit n is message_seq n
	partials [maxPartials]*partial
	count    uint8
	returned bool // partials[0] was returned: it is free at the next call
}

// Next reads the next item of a datagram of direction d (0 or 1), and reports whether there
// is one.
func (c *Conversation) Next(d uint8, in *Datagram, pool *Pool, it *Item) bool {
	s := &c.side[d&1]
	if s.returned {
		s.drop(0, pool)
		s.returned = false
	}
	for {
		if len(in.handshake) > 0 {
			if c.fragment(d, in, pool, it) {
				return true
			}
			continue
		}
		var h header
		b, protected, ok := in.next(&h)
		switch {
		case !ok:
			return false
		case protected:
			it.Kind = Protected
			return true
		case h.epoch > 0:
		case h.typ == parse.Handshake:
			in.handshake, in.version = b, h.version
		case h.typ == parse.AlertRecord && len(b) == 2 && (b[0] == byte(parse.AlertWarning) || b[0] == byte(parse.AlertFatal)):
			it.Kind, it.Record = Alert, h.version
			it.Alert = parse.Alert{Level: parse.AlertLevel(b[0]), Description: parse.AlertDescription(b[1])}
			return true
		}
	}
}

// fragment reads the next fragment of a handshake record, and reports whether it completes
// a message, which is then in it.
func (c *Conversation) fragment(d uint8, in *Datagram, pool *Pool, it *Item) bool {
	var f fragment
	b := in.handshake
	if !f.read(b) || f.length > len(b)-fragmentHeader && !in.Cut {
		in.handshake = nil
		return false
	}
	body := b[fragmentHeader:min(fragmentHeader+f.length, len(b))]
	in.handshake = b[fragmentHeader+len(body):]
	if f.typ == parse.TypeClientHello {
		c.noteRandom(d, &f, body)
	}
	s := &c.side[d&1]
	if f.typ != typeHelloVerify && s.was(f.seq) {
		return false
	}
	it.Record = in.version
	it.Message = parse.Message{Type: f.typ, Length: f.total}
	switch {
	case f.typ == typeHelloVerify:
		it.Kind = HelloVerify
		return f.offset == 0
	case !c.wants(f.typ) || f.total > parse.MaxCertificateMessage && f.typ == parse.TypeCertificate:
		it.Message.Skipped = true
	case len(body) == f.total:
		it.Message.Body = body
	case !s.collect(&f, body, pool, it):
		return false
	}
	it.Kind = Message
	s.note(f.seq)
	return true
}

// typeHelloVerify is the type of a HelloVerifyRequest (RFC 6347, 4.3.2).
const typeHelloVerify parse.HandshakeType = 3

// wants reports whether messages of a type are put together.
func (c *Conversation) wants(t parse.HandshakeType) bool {
	const known = 1<<parse.TypeClientHello | 1<<parse.TypeServerHello | 1<<parse.TypeHelloRetryRequest | 1<<parse.TypeCertificate
	wanted := c.Wanted
	if wanted == 0 {
		wanted = known
	}
	return t < 32 && (wanted & known).Has(t)
}

// was reports whether a message was returned. Above 63, which no handshake reaches, it is
// not known.
func (s *side) was(seq uint16) bool { return seq < 64 && s.done>>seq&1 != 0 }

func (s *side) note(seq uint16) {
	if seq < 64 {
		s.done |= 1 << seq
	}
}

// noteRandom remembers the random of the first ClientHello.
func (c *Conversation) noteRandom(d uint8, f *fragment, body []byte) {
	if c.from == 0 && f.offset == 0 && len(body) >= 2+randomLength {
		c.from, c.random = d&1+1, randomOf(body)
	}
}

func randomOf(body []byte) uint64 {
	return 3*binary.LittleEndian.Uint64(body[2:]) + binary.LittleEndian.Uint64(body[2+24:])
}

// Another reports whether a datagram of direction d begins another conversation of the same
// client, which uses its port again: with a first ClientHello, without a cookie, that has
// another random.
func (c *Conversation) Another(d uint8, datagram []byte) bool {
	var h header
	var f fragment
	if c.from != d&1+1 || len(datagram) < recordHeader || datagram[0] != byte(parse.Handshake) ||
		!h.read(datagram) || h.epoch != 0 || !f.read(datagram[recordHeader:]) {
		return false
	}
	body := datagram[recordHeader+fragmentHeader:]
	if f.typ != parse.TypeClientHello || f.seq != 0 || f.offset != 0 || len(body) < 2+randomLength {
		return false
	}
	return randomOf(body) != c.random && !hasCookie(body)
}

// hasCookie reports whether the beginning of a ClientHello has a cookie.
func hasCookie(body []byte) bool {
	const sessionID = 2 + randomLength
	if len(body) <= sessionID {
		return false
	}
	at := sessionID + 1 + int(body[sessionID])
	return at < len(body) && body[at] != 0
}

// Cut returns in it the beginning of a hello of direction d whose rest did not come, and
// reports whether there is one. Call it until it does not, when the conversation is over.
func (c *Conversation) Cut(d uint8, pool *Pool, it *Item) bool {
	s := &c.side[d&1]
	for s.count > 0 {
		if s.returned {
			s.returned = false
			s.drop(0, pool)
			continue
		}
		p := s.partials[0]
		if body := p.beginning(pool); len(body) > 0 && p.typ != parse.TypeCertificate {
			it.Kind, it.Record = Message, p.version
			it.Message = parse.Message{Type: p.typ, Length: int(p.total), Body: body, Cut: true}
			s.returned = true
			return true
		}
		s.drop(0, pool)
	}
	return false
}

// Close returns the Conversation's memory to the Pool, and sets it to its zero value.
func (c *Conversation) Close(pool *Pool) {
	for d := range c.side {
		for c.side[d].count > 0 {
			c.side[d].drop(0, pool)
		}
	}
	*c = Conversation{}
}

// Held returns how many bytes of its Pool the Conversation uses: at most maxPartials
// messages in pieces for each direction.
func (c *Conversation) Held() (n int) {
	for d := range c.side {
		s := &c.side[d]
		for _, p := range s.partials[:s.count] {
			n += p.size()
		}
	}
	return n
}
