package transport

import (
	"crypto/sha256"
	"encoding/base64"
	"sync/atomic"
)

// Severity is a severity of syslog (RFC 5424, 6.2.1).
type Severity uint8

// The severities of events.
const (
	Warning       Severity = 4
	Notice        Severity = 5
	Informational Severity = 6
)

// Kind is the kind of an event.
type Kind uint8

// The kinds of events.
const (
	Handshake Kind = iota
	Stats
)

// String returns the value of the event's member "kind".
func (k Kind) String() string {
	if k == Stats {
		return "stats"
	}
	return "handshake"
}

// Mark describes an event to transports that need more than its line.
type Mark struct {
	Time     int64 // nanoseconds since the Unix epoch, by the capture's clock
	Kind     Kind
	Severity Severity
	Host     string // of the sensor; empty: that of the transport
}

// Batch is encoded events in order, one line each. A line ends with its only newline.
// It is pending until it is acknowledged or refused.
type Batch struct {
	text    []byte
	lines   []line
	front   int // lines before the first pending one
	done    int
	refused int
	heard   atomic.Uint64
}

type line struct {
	end  int // in text, behind the newline
	mark Mark
	done bool
}

// Text returns the bytes to which the caller appends the next line, for Add.
func (b *Batch) Text() []byte { return b.text }

// Add takes text, which is Text with the next line appended, without its newline. It
// reports whether there is a line: a format may have none for an event.
func (b *Batch) Add(text []byte, m Mark) bool {
	if len(text) == len(b.text) {
		return false
	}
	b.text = append(text, '\n')
	b.lines = append(b.lines, line{end: len(b.text), mark: m})
	return true
}

// Len is the number of lines, pending or not.
func (b *Batch) Len() int { return len(b.lines) }

// Size is the number of bytes, with newlines.
func (b *Batch) Size() int { return len(b.text) }

// Line returns line i without its newline. The bytes belong to the batch.
func (b *Batch) Line(i int) []byte {
	return b.text[b.start(i) : b.lines[i].end-1]
}

// Lines returns the lines from i up to j, with their newlines. The bytes belong to the
// batch.
func (b *Batch) Lines(i, j int) []byte {
	return b.text[b.start(i):b.start(j)]
}

func (b *Batch) start(i int) int {
	if i == 0 {
		return 0
	}
	return b.lines[i-1].end
}

// Mark returns the mark of line i.
func (b *Batch) Mark(i int) Mark { return b.lines[i].mark }

// Done reports whether line i was acknowledged or refused.
func (b *Batch) Done(i int) bool { return b.lines[i].done }

// Acknowledge notes that the far end has line i.
func (b *Batch) Acknowledge(i int) {
	if !b.lines[i].done {
		b.lines[i].done = true
		b.done++
		b.Hear()
	}
	for b.front < len(b.lines) && b.lines[b.front].done {
		b.front++
	}
}

// AcknowledgeTo acknowledges all lines before n.
func (b *Batch) AcknowledgeTo(n int) {
	for i := b.front; i < n; i++ {
		b.Acknowledge(i)
	}
}

// Refuse notes that the far end will never accept line i.
func (b *Batch) Refuse(i int) {
	if !b.lines[i].done {
		b.refused++
	}
	b.Acknowledge(i)
}

// Hear notes a sign of life of the far end while the batch is delivered: a line that is
// done is one, and so is an answer after which the far end has to be asked again.
func (b *Batch) Hear() { b.heard.Add(1) }

// Heard counts the signs of life. Any goroutine may call it.
func (b *Batch) Heard() uint64 { return b.heard.Load() }

// Front counts the lines before the first pending one.
func (b *Batch) Front() int { return b.front }

// Pending counts the pending lines.
func (b *Batch) Pending() int { return len(b.lines) - b.done }

// Refused counts the lines that were refused.
func (b *Batch) Refused() int { return b.refused }

// Reset empties the batch, and keeps its memory for the next lines.
func (b *Batch) Reset() {
	b.text, b.lines = b.text[:0], b.lines[:0]
	b.front, b.done, b.refused = 0, 0, 0
}

// identityBytes is how much of the hash an identity has: 120 bits, which base64
// encodes without padding.
const identityBytes = 15

// AppendIdentity appends an identity for an event: 20 letters, digits, "-" and "_",
// from a hash of its line. An event that is sent twice, or found again in the same
// capture, has the same identity.
func AppendIdentity(dst, line []byte) []byte {
	sum := sha256.Sum256(line)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:identityBytes])
}
