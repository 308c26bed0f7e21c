package starttls

import (
	"bytes"
	"strconv"

	"tlsfloor/parse/upgrade"
	"tlsfloor/parse/upgrade/text"
)

// Bounds of HTTP. Bodies are passed over by their length, and long lines as they
// come: neither is buffered.
const (
	// maxHTTPHeads is how many bytes of header sections and chunk sizes a
	// direction may have. A Kerberos ticket with the groups of its user is a
	// header line of up to 64 kB, and a proxy asks for it more than once.
	maxHTTPHeads = 1 << 20
	// maxOriginHeads and maxOriginBodies are the bounds of header sections and of
	// bodies where nothing shows that the server is a proxy. Most of HTTP is
	// downloads, and following one costs twice what a settled connection does.
	maxOriginHeads  = 128 << 10
	maxOriginBodies = 8 << 10
)

// Stages of a direction in HTTP/1.1.
const (
	httpStart   = iota // request line or status line
	httpFields         // header fields
	httpChunk          // size line of a chunk
	httpTrailer        // after the last chunk
)

// body is what the header section tells about the message body (RFC 9112, 6.3).
type body uint8

const (
	sized    body = 1 << iota // Content-Length; State.Count holds it
	chunked                   // Transfer-Encoding ends in chunked
	endless                   // any other: up to the end of the connection, or unknown
	typed                     // Content-Type
	upgrades                  // Upgrade names TLS (RFC 2817)
	closes                    // Connection: close
)

// request is what a request asks for, as far as it matters to the answer.
type request uint8

const (
	forResource request = iota
	forHead             // HEAD: the answer has no body, whatever its fields say
	forTunnel           // CONNECT
	forUnseen           // the request was not captured
)

// exchanges are the requests that were not answered yet, the oldest in the lowest
// two bits. A server answers in the order of the requests (RFC 9112, 9.3.2).
type exchanges struct {
	asked    uint64
	waiting  int8    // requests without an answer; less than 0: answers that were captured before their requests
	current  request // the one whose header section is being read
	proxied  bool    // a tunnel was asked for, or nothing shows that it was not
	wholeURL bool    // a request names a whole URL, as those to a proxy do (RFC 9112, 3.2.2)
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

// request notes a request. It returns false when too many wait for answers.
func (e *exchanges) request(a request) bool {
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

// answer returns the oldest request that waits, and removes it.
func (e *exchanges) answer() request {
	a := forUnseen
	if e.waiting > 0 {
		a = request(e.asked & 3)
		e.asked >>= 2
	}
	e.waiting = max(e.waiting-1, -maxWaiting)
	return a
}

// http reads one line of a request or an answer (RFC 9112). TLS may follow a CONNECT,
// which asks a proxy for a tunnel (RFC 9110, 9.3.6), and an upgrade of the connection
// itself (RFC 2817). Both may come after other requests, and a proxy with
// authentication is asked again after each refusal.
func (p *Preamble) http(s side, data []byte) Step {
	d := &p.dirs[s]
	line, size := text.ReadLine(&d.State, data, text.MaxLine)
	switch {
	case size == 0:
		return d.wait(0)
	case d.Stage == httpStart && len(line) == 0: // RFC 9112, 2.2
		return d.took(size)
	case d.Stage == httpStart && s == client:
		return p.httpRequest(line, size)
	case d.Stage == httpStart:
		return p.httpStatus(line, size)
	case d.Stage == httpChunk:
		return p.httpChunk(s, line, size)
	case len(line) == 0:
		return p.httpBlank(s, size)
	case d.Stage == httpFields:
		d.httpField(line)
	}
	return d.took(size)
}

// httpRequest reads "CONNECT host:port HTTP/1.1", or another request.
func (p *Preamble) httpRequest(line []byte, size int) Step {
	d, l := &p.dirs[client], text.Cut(line)
	ask := forResource
	switch string(l.Verb) {
	case "CONNECT":
		ask = forTunnel
	case "HEAD":
		ask = forHead
	}
	version := bytes.HasPrefix(l.Rest, []byte("HTTP/1.")) || d.Midline && len(l.Rest) == 0
	if !version || !httpToken(l.Verb) {
		return p.end(client)
	}
	if !p.exchanges.request(ask) {
		p.giveUp(client)
		return p.end(client)
	}
	if host, port, ok := authority(l.Arg); ok && ask == forTunnel {
		p.setTarget(host, port)
	}
	p.exchanges.current = ask
	p.exchanges.wholeURL = p.exchanges.wholeURL || bytes.Contains(l.Arg, []byte("://"))
	return d.httpBegins(size)
}

// httpToken reports whether a word can be a method (RFC 9110, 9.1).
func httpToken(word []byte) bool {
	for _, c := range word {
		if (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(word) > 0
}

// httpBegins consumes the first line of a message.
func (d *direction) httpBegins(size int) Step {
	d.exchanged = true
	d.Stage, d.Count, d.body = httpFields, 0, 0
	return d.took(size)
}

// authority splits "host:port"; an IPv6 address is in brackets.
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
func (p *Preamble) httpStatus(line []byte, size int) Step {
	d := &p.dirs[server]
	l := text.Cut(line)
	code, _ := text.ReplyCode(l.Arg)
	if !bytes.HasPrefix(l.Verb, []byte("HTTP/1.")) || code == 0 {
		return p.foreign(server)
	}
	d.Code = code
	return d.httpBegins(size)
}

// httpField reads the fields that tell how long the body is, and what follows it.
func (d *direction) httpField(line []byte) {
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.Trim(value, " \t")
	switch {
	case text.Is(name, "CONTENT-LENGTH"):
		n, err := strconv.ParseUint(string(value), 10, 63)
		n = min(n, maxPassed+1)
		if err != nil || d.body&sized != 0 && uint32(n) != d.Count {
			d.body |= endless
		}
		d.body |= sized
		d.Count = uint32(n)
	case text.Is(name, "TRANSFER-ENCODING"):
		if i := bytes.LastIndexByte(value, ','); i >= 0 {
			value = bytes.TrimLeft(value[i+1:], " \t")
		}
		d.body |= endless
		if text.Is(value, "CHUNKED") {
			d.body = d.body&^endless | chunked
		}
	case text.Is(name, "CONTENT-TYPE"):
		d.body |= typed
	case text.Is(name, "UPGRADE") && lists(value, "TLS/"):
		d.body |= upgrades
	case text.Is(name, "CONNECTION") && lists(value, "CLOSE"):
		d.body |= closes
	}
}

// lists reports whether an element of a comma-separated list begins with the given
// upper-case word, ignoring its case.
func lists(value []byte, word string) bool {
	for len(value) > 0 {
		element, rest, _ := bytes.Cut(value, []byte{','})
		element = bytes.TrimLeft(element, " \t")
		if len(element) >= len(word) && text.Is(element[:len(word)], word) {
			return true
		}
		value = rest
	}
	return false
}

// httpBlank reads the empty line that ends a header section, or the trailer of a
// chunked body.
func (p *Preamble) httpBlank(s side, size int) Step {
	d := &p.dirs[s]
	switch {
	case d.Stage == httpTrailer:
		d.Stage = httpStart
		return d.took(size)
	case s == client && p.exchanges.current == forTunnel:
		return d.leaveTunnel(size)
	case s == client:
		return p.httpAsked(size)
	}
	return p.httpAnswered(size)
}

// httpAsked ends the header section of a request for a resource. With an Upgrade
// to TLS, a hello may follow after the body.
func (p *Preamble) httpAsked(size int) Step {
	d := &p.dirs[client]
	if d.body&upgrades != 0 {
		p.asked, p.inner = true, upgrade.HTTPUpgrade
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
	case d.Code == 101 && d.body&upgrades != 0: // RFC 2817, 3.3
		p.granted, p.inner = true, upgrade.HTTPUpgrade
		d.Stage = httpStart
		return d.took(size)
	case d.Code == 101:
		return p.foreign(server)
	case d.Code/100 == 1:
		d.Stage = httpStart
		return d.took(size)
	}
	to := p.exchanges.answer()
	bare := d.body&(sized|chunked|endless) == 0 && (to == forTunnel || d.body&typed == 0)
	switch {
	case d.Code/100 == 2 && (to == forTunnel || to == forUnseen && bare):
		// The answer to CONNECT has no body, whatever its fields say. Where the
		// request was not captured, fields about a body show that it was another one.
		p.exchanges.proxied = true
		return d.leaveTunnel(size)
	case to == forHead || d.Code == 204 || d.Code == 304:
		d.body = d.body&^(chunked|endless) | sized
		d.Count = 0
	case bare && (to == forTunnel || to == forUnseen):
		d.body |= sized // a refusal without a length: the client may ask again
	}
	p.httpRefused()
	if d.body&closes != 0 && to != forTunnel {
		return p.foreign(server)
	}
	return p.httpBody(server, size)
}

// httpRefused notes that the server did not accept an Upgrade.
func (p *Preamble) httpRefused() {
	if p.inner == upgrade.HTTPUpgrade && !p.granted && p.dirs[client].status != TLS {
		p.asked, p.inner = false, upgrade.None
	}
}

// httpBody passes over a body. After one that is longer than the bound, or that ends
// with the connection, TLS cannot come.
func (p *Preamble) httpBody(s side, size int) Step {
	d := &p.dirs[s]
	d.Stage = httpStart
	switch {
	case d.body&endless != 0:
		return p.foreign(s)
	case d.body&chunked != 0:
		d.Stage = httpChunk
	case d.body&sized == 0:
		return p.foreign(s)
	case int(d.Count) > p.exchanges.maxBodies()-int(d.passed):
		p.giveUp(s)
		return p.foreign(s)
	default:
		d.skip = d.Count
	}
	return d.took(size)
}

// httpChunk passes over a chunk and the line end after it (RFC 9112, 7.1).
func (p *Preamble) httpChunk(s side, line []byte, size int) Step {
	d := &p.dirs[s]
	digits, _, _ := bytes.Cut(line, []byte{';'})
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 32)
	if err == nil && int(n) > p.exchanges.maxBodies()-int(d.passed) {
		p.giveUp(s)
		return p.foreign(s)
	}
	if err != nil {
		return p.foreign(s)
	}
	r := d.took(size)
	if n == 0 {
		d.Stage = httpTrailer
		return r
	}
	d.skip = uint32(n) + uint32(len("\r\n"))
	return r
}
