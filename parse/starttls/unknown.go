package starttls

import (
	"bytes"

	"tlsfloor/parse"
	"tlsfloor/parse/upgrade"
)

const (
	// maxPrefix is how many bytes of an unknown protocol a client may send before its
	// hello. A server may send upgrade.MaxBytes, because its hello counts only when
	// the client's was found.
	maxPrefix = 4 << 10
	// maxLines is how many bytes of lines may come before a hello in the same
	// segment, when the other direction has no TLS: files and logs are lines, too,
	// and may contain the bytes of a hello.
	maxLines = 256
	// maxHeld is how many bytes wait, from what looks like a hello on, until the
	// other direction shows whether it is one: room for a long hello, or a flight
	// with a certificate chain.
	maxHeld = 16 << 10
)

// place is where in a direction's bytes something begins.
type place uint8

const (
	inside  place = iota // anywhere
	newLine              // behind a line feed
	segment              // where a TCP segment begins
)

// greetings are what servers of some protocols send first, before TLS that the
// client does not ask for: NATS where INFO has tls_required
// (https://docs.nats.io/reference/reference-protocols/nats-protocol, INFO), and the
// Checkmk agent, whose "16" announces TLS.
var greetings = [...]struct {
	text  string
	proto upgrade.Protocol
}{{"INFO {", upgrade.NATS}, {"16", upgrade.Checkmk}}

// becomeUnknown notes that a direction's bytes, from the next on, are of no known
// protocol.
func (p *Preamble) becomeUnknown(s side) Step {
	d := &p.dirs[s]
	d.unknown, d.place = true, segment
	if d.Begun {
		d.place = newLine
	}
	d.Midline, d.literal, d.Scanned, d.skip = false, false, 0, 0
	d.base, d.short = d.consumed, 0
	other := &p.dirs[1-s]
	mistaken := !d.Begun && !other.Begun // a protocol was recognised, but no message of it was read
	if p.inner == upgrade.None || mistaken || p.inner == upgrade.Lines && p.lines == 0 {
		p.inner = upgrade.Opaque
	}
	if mistaken && !d.tunnelled && !other.tunnelled {
		p.tunnel = upgrade.None
	}
	return Step{Status: d.status}
}

// mayBeUnknown reports whether a direction that does not go on as its protocol does
// may be of an unknown protocol, in which TLS may come. It may when the other
// direction has TLS; in a server's greeting and in the first bytes of a connection,
// which may resemble another protocol's; and when a client answers a greeting in
// lines with other bytes.
func (p *Preamble) mayBeUnknown(s side) bool {
	d, other := &p.dirs[s], &p.dirs[1-s]
	switch {
	case d.status == Framed:
		return false
	case p.proven(s):
		return true
	case s == server:
		return other.unknown || other.silent()
	}
	return !d.Begun && (other.silent() || p.protocol(s) == upgrade.Lines)
}

// silent reports whether a direction has had no bytes.
func (d *direction) silent() bool {
	return d.status == Undecided && d.consumed == 0 && d.edge == 0 && !d.Begun
}

// search consumes bytes of an unknown protocol up to where TLS begins. A segment
// begins at edge.
func (p *Preamble) search(s side, data []byte, edge int) Step {
	d := &p.dirs[s]
	p.recogniseGreeting(s, data)
	most := min(len(data), p.left(s))
	for at := 0; at < most; at++ {
		if at += p.candidate(s, data[at:]); at >= most {
			break
		}
		where := d.placeOf(data, at, edge)
		switch p.matchHello(s, data, at, where) {
		case parse.Yes:
			return p.beginTLS(s, at)
		case parse.Maybe:
			return d.searched(at, where)
		}
	}
	where := inside
	if data[most-1] == '\n' {
		where = newLine
	}
	return d.searched(most, where)
}

// searchShort looks for a hello in bytes that are too few to recognise a protocol
// by, such as the greeting "16", where the other direction has TLS. It is not for
// messages of a known protocol: there, whether a hello is found would depend on how
// the bytes are cut into segments.
func (p *Preamble) searchShort(s side, data []byte, edge int) Step {
	for at := p.candidate(s, data); at < len(data); at += 1 + p.candidate(s, data[at+1:]) {
		if p.matchHello(s, data, at, p.dirs[s].placeOf(data, at, edge)) == parse.Yes {
			return p.beginTLSBehind(s, data, at)
		}
	}
	return p.dirs[s].wait(0)
}

// recogniseGreeting names the protocol of a server's greeting.
func (p *Preamble) recogniseGreeting(s side, data []byte) {
	if s == client || p.inner != upgrade.Opaque || p.dirs[s].consumed > 0 {
		return
	}
	for _, g := range greetings {
		if bytes.HasPrefix(data, []byte(g.text)) {
			p.inner = g.proto
			return
		}
	}
}

// candidate returns the index of the next byte with which a hello may begin, or the
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

// placeOf returns the place of data[at].
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

// searched consumes the bytes up to at, whose place is given.
func (d *direction) searched(at int, where place) Step {
	d.consumed += uint32(at)
	d.Begun, d.place = true, where
	return Step{Consumed: at, Status: d.status}
}

// beginTLS notes that TLS begins at byte at.
func (p *Preamble) beginTLS(s side, at int) Step {
	d := &p.dirs[s]
	d.consumed += uint32(at)
	d.status = TLS
	if s == client {
		p.asked, p.settled = true, true
	}
	return Step{Consumed: at, Status: TLS}
}

// beginTLSBehind is beginTLS behind bytes that are no message of a known protocol.
func (p *Preamble) beginTLSBehind(s side, data []byte, at int) Step {
	if p.inner == upgrade.None || p.inner == upgrade.Lines && p.lines == 0 {
		p.becomeUnknown(s)
		p.recogniseGreeting(s, data)
	}
	return p.beginTLS(s, at)
}

// matchHello reports whether a hello begins at byte at. Maybe also stands for one
// that is whole, and counts only once the other direction has TLS.
//
// Before the other direction has TLS, a client's hello counts where a segment or a
// line begins, and only when nothing but records follows it: the bytes of a hello
// in a database's value would be followed by that protocol's own bytes. After that,
// a hello counts anywhere, and an alert where it is all that comes.
func (p *Preamble) matchHello(s side, data []byte, at int, where place) parse.Match {
	data = data[at:]
	switch {
	case p.proven(s):
		return provenHello(data, where)
	case s == server && where == inside:
		return parse.No
	case s == server:
		return unproven(strictServerHello(data), data)
	case where == inside, where == newLine && p.dirs[s].consumed-p.dirs[s].base+uint32(at) > maxLines:
		return unproven(strictHello(data), data)
	}
	return min(strictHello(data), recordsFollow(data, where))
}

// unproven turns a Yes into a Maybe while data has at most maxHeld bytes, and into a
// No after that.
func unproven(m parse.Match, data []byte) parse.Match {
	switch {
	case m != parse.Yes:
		return m
	case len(data) > maxHeld:
		return parse.No
	}
	return parse.Maybe
}

// provenHello matches data with the beginnings of TLS, where the other direction has
// TLS.
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

// recordsFollow reports whether nothing, or another record, follows the record that
// data begins with. Where the record begins behind a line end, it has to be whole.
func recordsFollow(data []byte, where place) parse.Match {
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

// strictHello matches a ClientHello up to its cipher suites (RFC 8446, 4.1.2), in
// one record: parse.LooksLikeClientHello reads less, which is not enough for bytes
// of an unknown protocol.
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

// strictServerHello matches a ServerHello up to the length of its extensions
// (RFC 8446, 4.1.3). The compression methods are null and DEFLATE (RFC 3749).
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

// strictFixed matches what a ClientHello and a ServerHello have in common: the
// headers of record and message, the version, the random bytes and the session id.
// length is how many bytes of the message follow that, rest those that are there.
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

// helloInMessage finds a hello at the beginning of a segment although the message
// before it is not whole: a greeting too short to be recognised, or a message whose
// length is wrong.
func (p *Preamble) helloInMessage(s side, data []byte, edge int) (r Step, decided bool) {
	d := &p.dirs[s]
	switch {
	case edge <= 0 || edge >= len(data) || data[edge] != recordHandshake:
		return Step{}, false
	case p.inner == upgrade.TDS, p.inner == upgrade.OpenVPN: // they have hellos inside their messages
		return Step{}, false
	case !p.open(s) && (d.Begun || s == server):
		return Step{}, false
	}
	m := parse.No
	if p.proven(s) || s == server {
		m = strictServerHello(data[edge:])
	}
	if p.proven(s) || s == client {
		m = max(m, min(strictHello(data[edge:]), recordsFollow(data[edge:], segment)))
	}
	switch m {
	case parse.Maybe:
		d.pending = true
		return d.wait(0), true
	case parse.Yes:
		return p.beginTLSBehind(s, data, edge), true
	}
	return Step{}, false
}
