package parse

import "math/bits"

const (
	// firstBuffer is the least size of a buffer, in bytes; the others are its
	// double and so on. One grows with the bytes that came, not with the length
	// that a header claims: a thousand flows that each claim 64 kB must not cost
	// 64 MB.
	firstBuffer = 512
	// sizes is how many sizes of buffers are used again, and maxSpares how many
	// of each wait to be.
	sizes     = 4
	maxSpares = 64
)

// Collector is where the bytes of messages are kept: of split ones while they
// are collected, and of others for who wants them for longer. One serves all
// Messages of a goroutine: a quarter of today's ClientHellos are split over two
// segments, and a new buffer for each would be most of what a sensor allocates.
// A buffer that is used again is the one given back last, which is still in the
// processor's cache. The zero value is ready.
type Collector struct {
	// Wanted are the types worth collecting; the zero value wants all.
	Wanted TypeSet

	spares [sizes][][]byte
}

// collects returns how many bytes of the body of a split message are worth a
// buffer; 0: none. Of a hello that is too long, that is its beginning.
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

// Keep returns a copy of b, which is the caller's until it is given back.
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

// BufferSize is how much memory the buffer of a message takes of which n bytes
// were collected.
func BufferSize(n int) int {
	if size := sizeFor(n); n > 0 && size < sizes {
		return firstBuffer << size
	}
	return n
}

// sizeFor is the number of the least size with room for n bytes; from sizes on
// there is none.
func sizeFor(n int) int { return bits.Len(uint(max(n, 1)-1) / firstBuffer) }
