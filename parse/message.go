package parse

// HandshakeType is the type of a handshake message (RFC 8446, B.3).
type HandshakeType uint8

// The handshake messages that are sent in clear in some version.
const (
	TypeHelloRequest       HandshakeType = 0
	TypeClientHello        HandshakeType = 1
	TypeServerHello        HandshakeType = 2
	TypeNewSessionTicket   HandshakeType = 4
	TypeHelloRetryRequest  HandshakeType = 6 // drafts of TLS 1.3 up to 21
	TypeCertificate        HandshakeType = 11
	TypeServerKeyExchange  HandshakeType = 12
	TypeCertificateRequest HandshakeType = 13
	TypeServerHelloDone    HandshakeType = 14
	TypeCertificateVerify  HandshakeType = 15
	TypeClientKeyExchange  HandshakeType = 16
	TypeFinished           HandshakeType = 20
	TypeCertificateStatus  HandshakeType = 22
)

// Known reports whether IANA's registry "TLS HandshakeType" has the type, or a
// browser of 2012 would have sent it (next_protocol).
func (t HandshakeType) Known() bool {
	const known = 1<<7 - 1 | 0x1ff<<8 | 0x7f<<20 // 0 to 6, 8 to 16, 20 to 26
	const client, nextProtocol, messageHash = 17, 67, 254
	return t < 32 && (known>>t&1 != 0 || t == client) || t == nextProtocol || t == messageHash
}

// TypeSet is a set of handshake types below 32.
type TypeSet uint32

// Types makes a set of its arguments; types of 32 and above are left out.
func Types(types ...HandshakeType) TypeSet {
	var s TypeSet
	for _, t := range types {
		s |= 1 << t
	}
	return s
}

// Has reports whether t is in the set.
func (s TypeSet) Has(t HandshakeType) bool { return s&(1<<t) != 0 }

const (
	messageHeader = 4

	// MaxMessage is the longest message body, in bytes, that is collected from
	// several fragments.
	MaxMessage = 1 << 16
	// MaxCertificateMessage is the same for Certificate: what Go's clients take at
	// most. A certificate with 5,000 names has some 150 kB.
	MaxCertificateMessage = 1 << 18
)

// Message is one handshake message.
type Message struct {
	Type   HandshakeType
	Length int // of the body, as the header claims
	// Body is a view into the fragment, or into the Messages' buffer when the
	// message was split; valid until the next call of Next. It is nil when
	// Skipped.
	Body []byte
	// Split: the message was spread over several fragments.
	Split bool
	// Skipped: the message is split, and longer than is collected or not
	// wanted. It is reported as soon as its header is known.
	Skipped bool
	// Cut: it is a hello that is split and longer than is collected. Body is its
	// beginning.
	Cut bool
}

// Messages cuts the fragments of one direction's plaintext handshake records,
// or parts of them as they come, into messages. The zero value is ready. It
// holds a buffer, bounded by MaxMessage or MaxCertificateMessage, only while a
// message is split, and never keeps a reference to a fragment.
type Messages struct {
	partial []byte // header and body so far of a split message
	skip    uint32 // bytes still to come of a message that is skipped
	done    bool   // partial was handed out: it is free at the next call
}

// Next takes the next message out of fragment, which it moves past what it
// used, and puts it into msg; what is split it collects as c says. Call it until
// it returns false: by then the fragment is used up, and what is left of a
// message is kept for the next record's fragment.
func (m *Messages) Next(fragment *[]byte, c *Collector, msg *Message) bool {
	if m.done {
		skip := m.skip
		m.Drop(c)
		m.skip = skip
	}
	if m.skip > 0 {
		m.pass(fragment)
	}
	switch {
	case len(*fragment) == 0:
		return false
	case len(m.partial) == 0 && msg.Take(fragment):
		return true
	}
	return m.collect(fragment, c, msg)
}

// Idle reports whether nothing is kept of a message, and none is passed over:
// then Next takes whole messages as Message.Take does.
func (m *Messages) Idle() bool { return len(m.partial) == 0 && m.skip == 0 }

// Drop gives the buffer back, and forgets the message under way: then m is as
// its zero value.
func (m *Messages) Drop(c *Collector) {
	c.Give(m.partial)
	*m = Messages{}
}

// Partial tells of a message that has begun and not ended: its type, and how
// many of its length bytes (header not counted) have come. ok is false between
// messages.
func (m *Messages) Partial() (t HandshakeType, have, length int, ok bool) {
	if m.done || len(m.partial) == 0 {
		return 0, 0, 0, false
	}
	if len(m.partial) < messageHeader {
		return HandshakeType(m.partial[0]), 0, 0, true
	}
	return HandshakeType(m.partial[0]), len(m.partial) - messageHeader, be24(m.partial[1:]), true
}

// Held is the memory of the message that is being collected, in bytes: more than
// has come of it.
func (m *Messages) Held() int { return cap(m.partial) }

// pass moves over what is in fragment of a message that is skipped.
func (m *Messages) pass(fragment *[]byte) {
	n := min(int(m.skip), len(*fragment))
	m.skip -= uint32(n)
	*fragment = (*fragment)[n:]
}

// Take makes msg the message that fragment begins with, and moves fragment past
// it; false when it is not whole.
func (msg *Message) Take(fragment *[]byte) bool {
	b := *fragment
	if len(b) < messageHeader {
		return false
	}
	n := be24(b[1:])
	end := messageHeader + n
	if len(b) < end {
		return false
	}
	*fragment = b[end:]
	msg.Type, msg.Length, msg.Body = HandshakeType(b[0]), n, b[messageHeader:end:end]
	msg.Split, msg.Skipped, msg.Cut = false, false, false
	return true
}

// collect adds fragment to the split message, or begins one with it.
func (m *Messages) collect(fragment *[]byte, c *Collector, msg *Message) bool {
	header, ok := m.header(*fragment)
	if !ok {
		m.take(fragment, messageHeader, c)
		return false
	}
	*msg = Message{Type: HandshakeType(header[0]), Length: be24(header[1:]), Split: true}
	most := c.collects(msg)
	if most == 0 && msg.Length > 0 {
		left := messageHeader + msg.Length - len(m.partial)
		m.Drop(c)
		m.skip = uint32(left)
		m.pass(fragment)
		msg.Skipped = true
		return true
	}
	end := messageHeader + most
	m.take(fragment, end, c)
	if len(m.partial) < end {
		return false
	}
	msg.Body, m.done = m.partial[messageHeader:end:end], true
	msg.Cut, m.skip = msg.Length > most, uint32(msg.Length-most)
	return true
}

// header is the header of the message that partial and fragment begin.
func (m *Messages) header(fragment []byte) (h [messageHeader]byte, ok bool) {
	n := copy(h[:], m.partial)
	n += copy(h[n:], fragment)
	return h, n == len(h)
}

// take moves bytes from fragment to partial until that has size bytes.
func (m *Messages) take(fragment *[]byte, size int, c *Collector) {
	n := min(size-len(m.partial), len(*fragment))
	if need := len(m.partial) + n; need > cap(m.partial) {
		grown := append(c.buffer(min(size, 2*need)), m.partial...)
		c.Give(m.partial)
		m.partial = grown
	}
	m.partial = append(m.partial, (*fragment)[:n]...)
	*fragment = (*fragment)[n:]
}
