package parse

import "math/bits"

// HandshakeType is the type of a handshake message (RFC 8446, B.3).
type HandshakeType uint8

// The types that this package or its callers read.
const (
	TypeHelloRequest      HandshakeType = 0
	TypeClientHello       HandshakeType = 1
	TypeServerHello       HandshakeType = 2
	TypeHelloRetryRequest HandshakeType = 6 // drafts of TLS 1.3 up to 21
	TypeCertificate       HandshakeType = 11
	TypeServerKeyExchange HandshakeType = 12
)

// Known reports whether the type is in IANA's registry "TLS HandshakeType", or is
// next_protocol, which browsers of 2012 sent.
func (t HandshakeType) Known() bool {
	const known = 1<<7 - 1 | 0x1ff<<8 | 0x7f<<20 // 0 to 6, 8 to 16, 20 to 26
	const client, nextProtocol, messageHash = 17, 67, 254
	return t < 32 && (known>>t&1 != 0 || t == client) || t == nextProtocol || t == messageHash
}

// TypeSet is a set of handshake types below 32.
type TypeSet uint32

// Has reports whether t is in the set.
func (s TypeSet) Has(t HandshakeType) bool { return s&(1<<t) != 0 }

const (
	messageHeader = 4

	// MaxMessage is the longest message body, in bytes, that is collected from
	// several fragments.
	MaxMessage = 1 << 16
	// MaxCertificateMessage is the same for Certificate: what Go's clients accept
	// at most. A certificate with 5,000 names has some 150 kB.
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
	// Skipped: the message is split, and not collected, because it is too long or
	// not wanted. It is returned as soon as its header is there.
	Skipped bool
	// Cut: the message is a hello, split, and too long to be collected whole. Body
	// is its beginning.
	Cut bool
}

// Messages cuts the fragments of one direction's plaintext handshake records, or
// parts of fragments as they come, into messages. The zero value is ready. It
// holds a buffer, bounded by MaxMessage or MaxCertificateMessage, only while a
// message is split, and never keeps a reference to a fragment.
type Messages struct {
	partial []byte // header and body so far of a split message
	skip    uint32 // bytes still to come of a message that is skipped
	done    bool   // partial was returned in a message: it is free at the next call
}

// Next reads the next message of fragment into msg, and moves fragment past the
// bytes that it used. Parts of split messages it collects in buffers of c. Call it
// until it returns false: then the fragment is used up, and the beginning of a
// message at its end is kept for the next record's fragment.
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

// Idle reports whether no message is being collected or skipped. Then Next takes
// whole messages as Message.Take does.
func (m *Messages) Idle() bool { return len(m.partial) == 0 && m.skip == 0 }

// Drop gives the buffer back to c, and forgets the message under way. After it, m is
// its zero value.
func (m *Messages) Drop(c *Collector) {
	c.Give(m.partial)
	*m = Messages{}
}

// Partial returns the type and the length of a message that has begun and not ended,
// and how many bytes of it there are, without the header. ok is false between
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

// Begun returns the type of the message under way, and the part of its body that
// has come, a view that is valid until the next call of Next or Drop. ok is
// false between messages, and until the whole header has come.
func (m *Messages) Begun() (t HandshakeType, body []byte, ok bool) {
	if m.done || len(m.partial) < messageHeader {
		return 0, nil, false
	}
	return HandshakeType(m.partial[0]), m.partial[messageHeader:], true
}

// Held returns the memory of the message that is being collected, in bytes. It is
// more than the bytes that have come.
func (m *Messages) Held() int { return cap(m.partial) }

// pass moves fragment past the bytes of a message that is skipped.
func (m *Messages) pass(fragment *[]byte) {
	n := min(int(m.skip), len(*fragment))
	m.skip -= uint32(n)
	*fragment = (*fragment)[n:]
}

// Take reads the message that fragment begins with into msg, and moves fragment past
// it. It returns false when the message is not whole.
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

// header returns the header of the message that partial and fragment begin.
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

const (
	// firstBuffer is the smallest size of a buffer, in bytes; each further size is
	// twice the one before. A buffer grows with the bytes that have come, not with
	// the length that a header claims: a thousand flows that each claim 64 kB must
	// not cost 64 MB.
	firstBuffer = 512
	// sizes is how many sizes of buffers are used again, and maxSpares how many
	// buffers of each size are kept for that.
	sizes     = 4
	maxSpares = 64
)

// Collector has the buffers in which split messages are collected, and copies that
// callers keep. One serves all Messages of a goroutine. It uses buffers again: a
// quarter of today's ClientHellos are split over two segments, and a new buffer for
// each would be most of what a sensor allocates. The buffer that was given back last
// is used first, because it is still in the processor's cache. The zero value is
// ready.
type Collector struct {
	// Wanted are the types that are collected; zero stands for all.
	Wanted TypeSet

	spares [sizes][][]byte
}

// collects returns how many bytes of the body of a split message are collected. Of
// a hello that is too long, that is its beginning.
func (c *Collector) collects(msg *Message) int {
	limit := MaxMessage
	switch {
	case c.Wanted != 0 && !c.Wanted.Has(msg.Type):
		return 0
	case msg.Type == TypeCertificate:
		limit = MaxCertificateMessage
	}
	if msg.Length > limit && msg.Type != TypeClientHello && msg.Type != TypeServerHello {
		return 0
	}
	return min(msg.Length, limit)
}

// Keep returns a copy of b. It belongs to the caller until Give.
func (c *Collector) Keep(b []byte) []byte { return append(c.buffer(len(b)), b...) }

// buffer returns an empty buffer with room for need bytes.
func (c *Collector) buffer(need int) []byte {
	size := sizeFor(need)
	if size >= sizes {
		return make([]byte, 0, need)
	}
	spares := &c.spares[size]
	n := len(*spares) - 1
	if n < 0 {
		return make([]byte, 0, firstBuffer<<size)
	}
	b := (*spares)[n]
	*spares = (*spares)[:n]
	return b
}

// Give takes a buffer that is no longer needed, or nil.
func (c *Collector) Give(b []byte) {
	n := cap(b)
	if n == 0 {
		return
	}
	if size := sizeFor(n); size < sizes && n == firstBuffer<<size && len(c.spares[size]) < maxSpares {
		c.spares[size] = append(c.spares[size], b[:0])
	}
}

// sizeFor returns the number of the smallest size with room for n bytes: sizes or
// more when no size has.
func sizeFor(n int) int { return bits.Len(uint(max(n, 1)-1) / firstBuffer) }
