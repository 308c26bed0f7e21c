package starttls

import (
	"bytes"
	"strconv"
)

// How far a direction is in HTTP/1.1.
const (
	httpStart   = iota // request line or status line
	httpFields         // header fields
	httpChunk          // size line of a chunk
	httpTrailer        // after the last chunk
)

// http reads one line of a CONNECT request or of an answer to one (RFC 9110,
// 9.3.6; RFC 9112). An answer that refuses has a body, and the client may ask
// again on the same connection: proxies with authentication do it twice.
func (p *Preamble) http(s side, data []byte) Step {
	d := &p.dirs[s]
	text, size := d.readLine(data, maxLine)
	if size == 0 {
		return d.wait(0)
	}
	switch {
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

// httpRequest reads "CONNECT host:port HTTP/1.1".
func (p *Preamble) httpRequest(text []byte, size int) Step {
	d := &p.dirs[client]
	l := cut(text)
	if string(l.verb) != "CONNECT" || !bytes.HasPrefix(l.rest, []byte("HTTP/1.")) {
		return p.foreign(client)
	}
	if host, port, ok := authority(l.arg); ok {
		p.target(host, port)
	}
	d.stage, d.count, d.chunked = httpFields, 0, false
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
	d.stage, d.code, d.count, d.chunked = httpFields, code, 0, false
	return d.took(size)
}

// httpField keeps what says how long the body is.
func (d *direction) httpField(text []byte) {
	name, value, _ := bytes.Cut(text, []byte{':'})
	value = bytes.Trim(value, " \t")
	switch {
	case is(name, "CONTENT-LENGTH"):
		n, err := strconv.ParseUint(string(value), 10, 16)
		if err != nil || n > maxBytes {
			n = maxBytes
		}
		d.count = uint32(n)
	case is(name, "TRANSFER-ENCODING"):
		d.chunked = is(value, "CHUNKED")
	}
}

// httpBlank ends the header fields, or the trailer of a chunked body.
func (p *Preamble) httpBlank(s side, size int) Step {
	d := &p.dirs[s]
	switch {
	case s == client:
		return d.leaveTunnel(size)
	case d.stage == httpFields && d.code/100 == 2:
		return p.httpGranted(size)
	case d.stage == httpFields && d.chunked:
		d.stage = httpChunk
		return d.took(size)
	case d.stage == httpFields && d.code/100 != 1:
		d.skip = d.count
	}
	d.stage = httpStart
	return d.took(size)
}

// httpGranted ends a 2xx answer. To CONNECT it has no body, whatever its fields
// say. When the request was not seen, fields that speak of one show that
// it was another request: what follows may be anybody's file.
func (p *Preamble) httpGranted(size int) Step {
	d := &p.dirs[server]
	if !p.dirs[client].begun && !p.dirs[client].tunnelled && (d.count > 0 || d.chunked) {
		return p.foreign(server)
	}
	return d.leaveTunnel(size)
}

// httpChunk passes a chunk and the line end after it (RFC 9112, 7.1).
func (p *Preamble) httpChunk(s side, text []byte, size int) Step {
	d := &p.dirs[s]
	digits, _, _ := bytes.Cut(text, []byte{';'})
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 16)
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
