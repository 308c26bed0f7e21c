package starttls

import (
	"bytes"

	"tlsfloor/parse"
)

const (
	// maxPrefix is how many bytes of a client's that are of no known protocol may
	// come before its hello. A server's may be maxBytes long, because its hello
	// counts only when the client's was found.
	maxPrefix = 4 << 10
	// maxLines is how many bytes of lines may come before a hello in the same
	// segment, without proof: files and logs are lines, too, and somebody may have
	// put the bytes of a hello in one.
	maxLines = 256
	// maxHeld is how many bytes wait behind what looks like a hello until the
	// other direction shows whether it is one: a long hello, or a flight with a
	// certificate chain.
	maxHeld = 16 << 10
)

// place is where in a direction's bytes something begins.
type place uint8

const (
	inside  place = iota // anywhere
	newLine              // behind a line feed
	segment              // where a TCP segment begins
)

// greetings name protocols by what their servers send first. Both go on with TLS,
// without a request for it: NATS where INFO says tls_required
// (https://docs.nats.io/reference/reference-protocols/nats-protocol, INFO), the
// Checkmk agent always: "16" says that TLS follows.
var greetings = [...]struct {
	text  string
	proto protocol
}{{"INFO {", nats}, {"16", checkmk}}

// strange notes that a direction's bytes, from the next on, are of no known
// protocol.
func (p *Preamble) strange(s side) Step {
	d := &p.dirs[s]
	d.unknown, d.place = true, segment
	if d.begun {
		d.place = newLine
	}
	d.midline, d.literal, d.scanned, d.skip = false, false, 0, 0
	d.base, d.short = d.consumed, 0
	other := &p.dirs[1-s]
	mistaken := !d.begun && !other.begun // for a protocol of which nothing was read
	if p.inner == none || mistaken || p.inner == lineProtocol && p.lines == 0 {
		p.inner = opaque
	}
	if mistaken && !d.tunnelled && !other.tunnelled {
		p.tunnel = none
	}
	return Step{Status: d.status}
}

// lenient reports whether TLS may come in a direction that does not go on as the
// protocol that it was taken for. It may when the other direction has TLS; in a
// server's greeting and in the first bytes of a connection, which may resemble
// another protocol's; and when a client answers a greeting in lines with bytes of
// its own.
func (p *Preamble) lenient(s side) bool {
	d, other := &p.dirs[s], &p.dirs[1-s]
	switch {
	case d.status == Framed:
		return false
	case p.proven(s):
		return true
	case s == server:
		return other.unknown || other.silent()
	}
	return !d.begun && (other.silent() || p.speaking(s) == lineProtocol)
}

// silent reports whether nothing came in a direction.
func (d *direction) silent() bool {
	return d.status == Undecided && d.consumed == 0 && d.edge == 0 && !d.begun
}

// proven reports whether the other direction shows that this one has TLS.
func (p *Preamble) proven(s side) bool { return p.dirs[1-s].status == TLS }

// hunt passes bytes of no known protocol up to where TLS begins. A segment begins
// at edge.
func (p *Preamble) hunt(s side, data []byte, edge int) Step {
	d := &p.dirs[s]
	p.greet(s, data)
	most := min(len(data), p.left(s))
	for at := 0; at < most; at++ {
		if at += p.candidate(s, data[at:]); at >= most {
			break
		}
		where := d.placeOf(data, at, edge)
		switch p.judgeHello(s, data, at, where) {
		case parse.Yes:
			return p.begins(s, at)
		case parse.Maybe:
			return d.halt(at, where)
		}
	}
	where := inside
	if data[most-1] == '\n' {
		where = newLine
	}
	return d.halt(most, where)
}

// peek looks for a hello in bytes that are too few to know a protocol by, as the
// greeting "16" is, where the other direction has TLS. In a message of a known
// protocol it would find one only as long as the message is not whole: not where
// the same bytes come in one piece.
func (p *Preamble) peek(s side, data []byte, edge int) Step {
	for at := p.candidate(s, data); at < len(data); at += 1 + p.candidate(s, data[at+1:]) {
		if p.judgeHello(s, data, at, p.dirs[s].placeOf(data, at, edge)) == parse.Yes {
			return p.beginsBehind(s, data, at)
		}
	}
	return p.dirs[s].wait(0)
}

// greet names the protocol of a server's greeting.
func (p *Preamble) greet(s side, data []byte) {
	if s == client || p.inner != opaque || p.dirs[s].consumed > 0 {
		return
	}
	for _, g := range greetings {
		if bytes.HasPrefix(data, []byte(g.text)) {
			p.inner = g.proto
			return
		}
	}
}

// candidate is the index of the next byte with which a hello may begin, or the
// length of data.
func (p *Preamble) candidate(s side, data []byte) int {
	if !p.proven(s) {
		if i := bytes.IndexByte(data, recordHandshake); i >= 0 {
			return i
		}
		return len(data)
	}
	for i, c := range data {
		if c == recordHandshake || c == recordAlert || c&0x80 != 0 {
			return i
		}
	}
	return len(data)
}

// placeOf says where data[at] lies.
func (d *direction) placeOf(data []byte, at, edge int) place {
	switch {
	case at == edge:
		return segment
	case at == 0:
		return d.place
	case data[at-1] == '\n':
		return newLine
	}
	return inside
}

// halt ends a push at byte at, of the given place.
func (d *direction) halt(at int, where place) Step {
	d.consumed += uint32(at)
	d.begun, d.place = true, where
	return Step{Consumed: at, Status: d.status}
}

// begins notes that TLS begins at byte at.
func (p *Preamble) begins(s side, at int) Step {
	d := &p.dirs[s]
	d.consumed += uint32(at)
	d.status = TLS
	if s == client {
		p.asked, p.settled = true, true
	}
	return Step{Consumed: at, Status: TLS}
}

// beginsBehind is begins, behind bytes that no known protocol has taken.
func (p *Preamble) beginsBehind(s side, data []byte, at int) Step {
	if p.inner == none || p.inner == lineProtocol && p.lines == 0 {
		p.strange(s)
		p.greet(s, data)
	}
	return p.begins(s, at)
}

// judgeHello says whether a hello begins at byte at. Maybe also stands for one
// that is whole, and that waits for the other direction to show that it is one.
//
// Without such proof a client's hello counts where a segment or a line begins,
// and only when nothing but records follows it: a value that somebody had stored
// in a database is followed by that protocol's own bytes. With it, a hello counts
// wherever it is, and an alert where it is all that comes.
func (p *Preamble) judgeHello(s side, data []byte, at int, where place) parse.Match {
	data = data[at:]
	switch {
	case p.proven(s):
		return provenHello(data, where)
	case s == server && where == inside:
		return parse.No
	case s == server:
		return waiting(strictServerHello(data), data)
	case where == inside, where == newLine && p.dirs[s].consumed-p.dirs[s].base+uint32(at) > maxLines:
		return waiting(strictHello(data), data)
	}
	return min(strictHello(data), aloneHello(data, where))
}

// waiting turns a Yes into a Maybe, for a bounded number of bytes.
func waiting(m parse.Match, data []byte) parse.Match {
	if m == parse.Yes {
		if len(data) > maxHeld {
			return parse.No
		}
		return parse.Maybe
	}
	return m
}

// provenHello judges data where the other direction has TLS.
func provenHello(data []byte, where place) parse.Match {
	const alert = 7 // a record with nothing but an alert
	m := max(strictHello(data), strictServerHello(data))
	switch {
	case where != inside:
		m = max(m, tlsStart(data, true))
	case len(data) <= alert:
		m = max(m, parse.LooksLikeAlert(data))
	}
	return m
}

// aloneHello judges what follows the record that data begins with, if that is
// here: nothing, or another record. Behind a line end, that has to be here.
func aloneHello(data []byte, where place) parse.Match {
	const header = 5
	if len(data) < header {
		return parse.Maybe
	}
	size := header + int(data[3])<<8 + int(data[4])
	switch {
	case len(data) < size && where == newLine:
		return parse.Maybe
	case len(data) <= size:
		return parse.Yes
	}
	next := data[size:]
	if next[0]-byte(parse.ChangeCipherSpec) > 4 || len(next) > 1 && next[1] != 3 {
		return parse.No
	}
	return parse.Yes
}

// strictHello judges a ClientHello up to its cipher suites (RFC 8446, 4.1.2), in
// one record: with nothing else to go by, the signature alone would be a guess.
func strictHello(data []byte) parse.Match {
	m, length, rest := strictFixed(data, parse.LooksLikeClientHello)
	if m != parse.Yes {
		return m
	}
	if len(rest) < 2 {
		return parse.Maybe
	}
	if ciphers := be16(rest); ciphers == 0 || ciphers%2 != 0 || 2+ciphers >= length {
		return parse.No
	}
	return parse.Yes
}

// strictServerHello judges a ServerHello up to where its extensions end
// (RFC 8446, 4.1.3). Null and DEFLATE (RFC 3749) are the compression methods.
func strictServerHello(data []byte) parse.Match {
	const suite, compression, extensions = 2, 3, 5
	m, length, rest := strictFixed(data, parse.LooksLikeServerHello)
	switch {
	case m != parse.Yes:
		return m
	case length < compression:
		return parse.No
	case len(rest) < min(length, extensions):
		return parse.Maybe
	case rest[suite] > 1, length > compression && (length < extensions || be16(rest[compression:]) != length-extensions):
		return parse.No
	}
	return parse.Yes
}

// strictFixed judges what a ClientHello and a ServerHello have in common: the
// record, the message, the version, the random bytes and the session id. rest is
// what is here behind that, length how much of the message it is.
func strictFixed(data []byte, looksLike func([]byte) parse.Match) (m parse.Match, length int, rest []byte) {
	const header, message, fixed = 5, 4, 2 + 32 // of the record, of the message; version and random
	if m = looksLike(data); m == parse.No {
		return parse.No, 0, nil
	}
	if len(data) < header+message {
		return parse.Maybe, 0, nil
	}
	length = be16(data[7:])
	if data[6] != 0 || length <= fixed || be16(data[3:]) < length+message {
		return parse.No, 0, nil
	}
	if len(data) <= header+message+fixed {
		return parse.Maybe, 0, nil
	}
	session := 1 + int(data[header+message+fixed])
	if length -= fixed + session; session > 33 || length < 2 {
		return parse.No, 0, nil
	}
	if rest = data[header+message+fixed:]; len(rest) < session {
		return parse.Maybe, 0, nil
	}
	return m, length, rest[session:]
}

func be16(b []byte) int { return int(b[0])<<8 | int(b[1]) }

// cutIn finds a hello at the beginning of a segment although the message before
// it is not whole: a greeting too short to be known, or a length that counts too
// much.
func (p *Preamble) cutIn(s side, data []byte, edge int) (r Step, decided bool) {
	d := &p.dirs[s]
	switch {
	case edge <= 0 || edge >= len(data) || data[edge] != recordHandshake:
		return Step{}, false
	case p.inner == tds, p.inner == openvpn: // they have hellos inside their messages
		return Step{}, false
	case !p.open(s) && (d.begun || s == server):
		return Step{}, false
	}
	m := parse.No
	if p.proven(s) || s == server {
		m = strictServerHello(data[edge:])
	}
	if p.proven(s) || s == client {
		m = max(m, min(strictHello(data[edge:]), aloneHello(data[edge:], segment)))
	}
	switch m {
	case parse.Maybe:
		d.pending = true
		return d.wait(0), true
	case parse.Yes:
		return p.beginsBehind(s, data, edge), true
	}
	return Step{}, false
}
