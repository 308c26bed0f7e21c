package transport

// Severity is that of RFC 5424, 6.2.1.
type Severity uint8

// The severities that events have.
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

// String returns the value of "kind".
func (k Kind) String() string {
	if k == Stats {
		return "stats"
	}
	return "handshake"
}

// Mark is what a transport may have to say of an event outside its line.
type Mark struct {
	Time     int64 // nanoseconds since the Unix epoch, by the capture's clock
	Kind     Kind
	Severity Severity
}

// Batch is encoded events in their order, one line each. A line ends in a
// newline and holds no other.
type Batch struct {
	text    []byte
	lines   []line
	front   int // lines at the front that are settled
	settled int
	refused int
}

type line struct {
	end     int // in text, behind the newline
	mark    Mark
	settled bool
}

// Text is what the next line is to be appended to, for Add.
func (b *Batch) Text() []byte { return b.text }

// Add takes text, which is Text with the next line appended, without its end.
// It reports whether there was a line: a format may have none for an event.
func (b *Batch) Add(text []byte, m Mark) bool {
	if len(text) == len(b.text) {
		return false
	}
	b.text = append(text, '\n')
	b.lines = append(b.lines, line{end: len(b.text), mark: m})
	return true
}

// Len is the number of lines, settled or not.
func (b *Batch) Len() int { return len(b.lines) }

// Size is the number of bytes, ends of lines included.
func (b *Batch) Size() int { return len(b.text) }

// Line is the line at i, without its end. It belongs to the batch.
func (b *Batch) Line(i int) []byte {
	return b.text[b.start(i) : b.lines[i].end-1]
}

// Lines are those from i up to j, with their ends. They belong to the batch.
func (b *Batch) Lines(i, j int) []byte {
	return b.text[b.start(i):b.start(j)]
}

func (b *Batch) start(i int) int {
	if i == 0 {
		return 0
	}
	return b.lines[i-1].end
}

// Mark is that of the line at i.
func (b *Batch) Mark(i int) Mark { return b.lines[i].mark }

// Settled reports whether the line at i needs no more work.
func (b *Batch) Settled(i int) bool { return b.lines[i].settled }

// Settle says that the far end has the line at i.
func (b *Batch) Settle(i int) {
	if !b.lines[i].settled {
		b.lines[i].settled = true
		b.settled++
	}
	for b.front < len(b.lines) && b.lines[b.front].settled {
		b.front++
	}
}

// SettleTo settles all lines before n.
func (b *Batch) SettleTo(n int) {
	for i := b.front; i < n; i++ {
		b.Settle(i)
	}
}

// Refuse settles the line at i, which the far end will never take.
func (b *Batch) Refuse(i int) {
	if !b.lines[i].settled {
		b.refused++
	}
	b.Settle(i)
}

// Front counts the lines in front of the first that is not settled.
func (b *Batch) Front() int { return b.front }

// Pending counts the lines that are not settled.
func (b *Batch) Pending() int { return len(b.lines) - b.settled }

// Refused counts the lines that were refused.
func (b *Batch) Refused() int { return b.refused }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() { *b = Batch{text: b.text[:0], lines: b.lines[:0]} }
