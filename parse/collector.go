package parse

const (
	// firstBuffer is the least size of a collecting buffer, in bytes. It grows
	// with the bytes that came, not with the length that the header claims: a
	// thousand flows that each claim 64 kB must not cost 64 MB.
	firstBuffer = 512
	// maxSpare and maxSpares bound the buffers that wait for another message,
	// in bytes and number.
	maxSpare  = 4 << 10
	maxSpares = 64
)

// Collector is how split messages are collected. One serves all Messages of a
// goroutine: a quarter of today's ClientHellos are split over two segments, and
// a new buffer for each would be most of what a sensor allocates. The zero value
// is ready.
type Collector struct {
	// Wanted are the types worth collecting; the zero value wants all.
	Wanted TypeSet

	spares [][]byte
}

// collects reports whether a split message is worth its buffer.
func (c *Collector) collects(msg *Message) bool {
	limit := MaxMessage
	if msg.Type == TypeCertificate {
		limit = MaxCertificateMessage
	}
	return msg.Length <= limit && (c.Wanted == 0 || c.Wanted.Has(msg.Type))
}

// buffer returns an empty buffer with room for need bytes, of size in all.
func (c *Collector) buffer(need, size int) []byte {
	if n := len(c.spares); n > 0 && cap(c.spares[n-1]) >= need {
		b := c.spares[n-1]
		c.spares = c.spares[:n-1]
		return b
	}
	return make([]byte, 0, min(size, max(2*need, firstBuffer)))
}

// give takes a buffer that is no longer needed, or nil.
func (c *Collector) give(b []byte) {
	if n := cap(b); n >= firstBuffer && n <= maxSpare && len(c.spares) < maxSpares {
		c.spares = append(c.spares, b[:0])
	}
}
