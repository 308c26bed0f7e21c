package starttls

import (
	"bytes"
	"strconv"
)

// Bounds of the look at HTTP. Bodies are passed over by their length, and long
// lines as they come: neither is held.
const (
	// maxHTTPHeads is how many bytes of header sections and chunk sizes a
	// direction may have. A Kerberos ticket with the groups of its user is a
	// header line of up to 64 kB, and a proxy asks for it more than once.
	maxHTTPHeads = 1 << 20
	// maxOriginHeads and maxOriginBodies are how many bytes of header sections
	// and of bodies a direction may have where nothing shows that the server is a
	// proxy. Downloads are most of what HTTP carries, and following one costs
	// twice what a settled connection does.
	maxOriginHeads  = 128 << 10
	maxOriginBodies = 8 << 10
)

// How far a direction is in HTTP/1.1.
const (
	httpStart   = iota // request line or status line
	httpFields         // header fields
	httpChunk          // size line of a chunk
	httpTrailer        // after the last chunk
)

// body is what the header section says of how a message goes on (RFC 9112, 6.3).
type body uint8

const (
	sized    body = 1 << iota // Content-Length; direction.count holds it
	chunked                   // Transfer-Encoding ends in chunked
	endless                   // any other: up to the end of the connection, or not to be told
	typed                     // Content-Type
	upgrades                  // Upgrade names TLS (RFC 2817)
	closes                    // Connection: close
)

// asking is what a request asks for, as far as it matters to the answer.
type asking uint8

const (
	forResource asking = iota
	forHead            // HEAD: the answer has no body, whatever it says
	forTunnel          // CONNECT
	forUnseen          // the request was not seen
)

// exchanges are the requests that were not answered yet, the oldest in the lowest
// two bits. A server answers in the order of the requests (RFC 9112, 9.3.2).
type exchanges struct {
	asked    uint64
	waiting  int8 // requests without an answer; less than 0: answers that were captured ahead of their requests
	current  asking
	proxied  bool // a tunnel was asked for, or nothing shows that it was not
	wholeURL bool // a request names a whole URL, as those to a proxy do (RFC 9112, 3.2.2)
}

// maxBodies is how many bytes of bodies a direction may have.
func (e *exchanges) maxBodies() int {
	if e.proxied || e.wholeURL {
		return maxPassed
	}
	return maxOriginBodies
}

// maxHeads is how many bytes of header sections a direction may have.
func (e *exchanges) maxHeads() int {
	if e.proxied || e.wholeURL {
		return maxHTTPHeads
	}
	return maxOriginHeads
}

// maxWaiting is how many requests may wait for their answers: see exchanges.
const maxWaiting = 32

// ask notes a request. It reports false when too many wait for answers.
func (e *exchanges) ask(a asking) bool {
	e.proxied = e.proxied || a == forTunnel
	if e.waiting >= maxWaiting {
		return false
	}
	if e.waiting >= 0 {
		e.asked &^= 3 << (2 * e.waiting)
		e.asked |= uint64(a) << (2 * e.waiting)
	}
	e.waiting++
	return true
}

// answer takes the oldest request that waits.
func (e *exchanges) answer() asking {
	a := forUnseen
	if e.waiting > 0 {
		a = asking(e.asked & 3)
		e.asked >>= 2
	}
	e.waiting = max(e.waiting-1, -maxWaiting)
	return a
}

// http reads one line of a request or of an answer to one (RFC 9112). What leads
// to TLS is a tunnel that a proxy is asked for (RFC 9110, 9.3.6), by CONNECT, and
// an upgrade of the connection itself (RFC 2817). Both may come behind other
// requests, and a proxy with authentication is asked again after each refusal.
func (p *Preamble) http(s side, data []byte) Step {
	d := &p.dirs[s]
	text, size := d.readLine(data, maxLine)
	switch {
	case size == 0:
		return d.wait(0)
	case d.stage == httpStart && len(text) == 0: // RFC 9112, 2.2
		return d.took(size)
	case d.stage == httpStart && s == client:
		return p.httpRequest(text, size)
	case d.stage == httpStart:
		return p.httpStatus(text, size)
	case d.stage == httpChunk:
		return p.httpChunk(s, text, size)
	case len(text) == 0:
		return p.httpBlank(s, size)
	case d.stage == httpFields:
		d.httpField(text)
	}
	return d.took(size)
}

// httpRequest reads "CONNECT host:port HTTP/1.1", or another request.
func (p *Preamble) httpRequest(text []byte, size int) Step {
	d, l := &p.dirs[client], cut(text)
	ask := forResource
	switch string(l.verb) {
	case "CONNECT":
		ask = forTunnel
	case "HEAD":
		ask = forHead
	}
	version := bytes.HasPrefix(l.rest, []byte("HTTP/1.")) || d.midline && len(l.rest) == 0
	if !version || !httpToken(l.verb) {
		return p.end(client)
	}
	if !p.exchanges.ask(ask) {
		p.tooMuch(client)
		return p.end(client)
	}
	if host, port, ok := authority(l.arg); ok && ask == forTunnel {
		p.target(host, port)
	}
	p.exchanges.current = ask
	p.exchanges.wholeURL = p.exchanges.wholeURL || bytes.Contains(l.arg, []byte("://"))
	return d.httpBegins(size)
}

// httpToken reports whether a word can be a method (RFC 9110, 9.1).
func httpToken(word []byte) bool {
	for _, c := range word {
		if !letter(c) && c != '-' && c != '_' {
			return false
		}
	}
	return len(word) > 0
}

// httpBegins begins a message.
func (d *direction) httpBegins(size int) Step {
	d.exchanged = true
	d.stage, d.count, d.body = httpFields, 0, 0
	return d.took(size)
}

// authority cuts "host:port"; an IPv6 address is in brackets.
func authority(text []byte) (host []byte, port uint16, ok bool) {
	colon := bytes.LastIndexByte(text, ':')
	if colon < 0 {
		return nil, 0, false
	}
	n, err := strconv.ParseUint(string(text[colon+1:]), 10, 16)
	host = text[:colon]
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	return host, uint16(n), err == nil
}

// httpStatus reads "HTTP/1.1 200 Connection established".
func (p *Preamble) httpStatus(text []byte, size int) Step {
	d := &p.dirs[server]
	l := cut(text)
	code, _ := replyCode(l.arg)
	if !bytes.HasPrefix(l.verb, []byte("HTTP/1.")) || code == 0 {
		return p.foreign(server)
	}
	d.code = code
	return d.httpBegins(size)
}

// httpField keeps what says how long the body is, and what follows.
func (d *direction) httpField(text []byte) {
	name, value, _ := bytes.Cut(text, []byte{':'})
	value = bytes.Trim(value, " \t")
	switch {
	case is(name, "CONTENT-LENGTH"):
		n, err := strconv.ParseUint(string(value), 10, 63)
		n = min(n, maxPassed+1)
		if err != nil || d.body&sized != 0 && uint32(n) != d.count {
			d.body |= endless
		}
		d.body |= sized
		d.count = uint32(n)
	case is(name, "TRANSFER-ENCODING"):
		if i := bytes.LastIndexByte(value, ','); i >= 0 {
			value = bytes.TrimLeft(value[i+1:], " \t")
		}
		d.body |= endless
		if is(value, "CHUNKED") {
			d.body = d.body&^endless | chunked
		}
	case is(name, "CONTENT-TYPE"):
		d.body |= typed
	case is(name, "UPGRADE") && lists(value, "TLS/"):
		d.body |= upgrades
	case is(name, "CONNECTION") && lists(value, "CLOSE"):
		d.body |= closes
	}
}

// lists reports whether an element of a comma-separated list begins with an
// upper-case word, whatever its case.
func lists(value []byte, word string) bool {
	for len(value) > 0 {
		element, rest, _ := bytes.Cut(value, []byte{','})
		element = bytes.TrimLeft(element, " \t")
		if len(element) >= len(word) && is(element[:len(word)], word) {
			return true
		}
		value = rest
	}
	return false
}

// httpBlank ends the header section, or the trailer of a chunked body.
func (p *Preamble) httpBlank(s side, size int) Step {
	d := &p.dirs[s]
	switch {
	case d.stage == httpTrailer:
		d.stage = httpStart
		return d.took(size)
	case s == client && p.exchanges.current == forTunnel:
		return d.leaveTunnel(size)
	case s == client:
		return p.httpAsked(size)
	}
	return p.httpAnswered(size)
}

// httpAsked ends the header section of a request for a resource. With an Upgrade
// to TLS, a hello may follow once the body is over.
func (p *Preamble) httpAsked(size int) Step {
	d := &p.dirs[client]
	if d.body&upgrades != 0 {
		p.asked, p.inner = true, httpUpgrade
	}
	if d.body&(sized|chunked|endless) == 0 {
		d.body |= sized // a request without a length has no body
	}
	return p.httpBody(client, size)
}

// httpAnswered ends the header section of an answer.
func (p *Preamble) httpAnswered(size int) Step {
	d := &p.dirs[server]
	switch {
	case d.code == 101 && d.body&upgrades != 0: // RFC 2817, 3.3
		p.granted, p.inner = true, httpUpgrade
		d.stage = httpStart
		return d.took(size)
	case d.code == 101:
		return p.foreign(server)
	case d.code/100 == 1:
		d.stage = httpStart
		return d.took(size)
	}
	to := p.exchanges.answer()
	bare := d.body&(sized|chunked|endless) == 0 && (to == forTunnel || d.body&typed == 0)
	switch {
	case d.code/100 == 2 && (to == forTunnel || to == forUnseen && bare):
		// To CONNECT, it has no body, whatever its fields say. Where the request
		// was not seen, fields that speak of a body show that it was another one.
		p.exchanges.proxied = true
		return d.leaveTunnel(size)
	case to == forHead || d.code == 204 || d.code == 304:
		d.body = d.body&^(chunked|endless) | sized
		d.count = 0
	case bare && (to == forTunnel || to == forUnseen):
		d.body |= sized // a refusal without a length: the client may ask again
	}
	p.httpRefused()
	if d.body&closes != 0 && to != forTunnel {
		return p.foreign(server)
	}
	return p.httpBody(server, size)
}

// httpRefused notes that an Upgrade was not taken up.
func (p *Preamble) httpRefused() {
	if p.inner == httpUpgrade && !p.granted && p.dirs[client].status != TLS {
		p.asked, p.inner = false, none
	}
}

// httpBody passes over a body. One that is longer than is looked at, or as long as
// the connection, is the last.
func (p *Preamble) httpBody(s side, size int) Step {
	d := &p.dirs[s]
	d.stage = httpStart
	switch {
	case d.body&endless != 0:
		return p.foreign(s)
	case d.body&chunked != 0:
		d.stage = httpChunk
	case d.body&sized == 0:
		return p.foreign(s)
	case int(d.count) > p.exchanges.maxBodies()-int(d.passed):
		p.tooMuch(s)
		return p.foreign(s)
	default:
		d.skip = d.count
	}
	return d.took(size)
}

// httpChunk passes over a chunk and the line end after it (RFC 9112, 7.1).
func (p *Preamble) httpChunk(s side, text []byte, size int) Step {
	d := &p.dirs[s]
	digits, _, _ := bytes.Cut(text, []byte{';'})
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 32)
	if err == nil && int(n) > p.exchanges.maxBodies()-int(d.passed) {
		p.tooMuch(s)
		return p.foreign(s)
	}
	if err != nil {
		return p.foreign(s)
	}
	r := d.took(size)
	if n == 0 {
		d.stage = httpTrailer
		return r
	}
	d.skip = uint32(n) + uint32(len("\r\n"))
	return r
}
