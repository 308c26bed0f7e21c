package starttls

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

const (
	socks5Version  = 5
	socks5GSSAPI   = 1 // method (RFC 1961)
	socks5Password = 2 // method (RFC 1929)

	socks5Token = 4 // before a token of GSSAPI: version, type, length in two bytes

	socks5IPv4 = 1
	socks5Name = 3
	socks5IPv6 = 4
)

// How far a direction is.
const (
	socks5Methods = iota // offer, selection
	socks5Auth           // user name and password, status; or tokens
	socks5Request        // request, reply
)

// socks5Speaker corrects who speaks: no client offers no method, and a server
// that chooses GSSAPI, 1, waits for a token, or has one to send.
func socks5Speaker(s side, data []byte) side {
	switch {
	case data[1] == 0, data[1] == socks5GSSAPI && data[2] == 1 && data[3] == 1:
		return server
	case data[1] == socksConnect:
		return client
	}
	return s
}

// socks5 reads one message of SOCKS5 (RFC 1928).
func (p *Preamble) socks5(s side, data []byte) Step {
	if s == server {
		return p.socks5Reply(data)
	}
	d := &p.dirs[client]
	switch {
	case len(data) < opening: // enough to tell an offer from a request
		return d.wait(opening)
	case d.stage == socks5Methods && !socks5Asks(data):
		return p.socks5Offer(data)
	case data[0] == 1 && d.stage == socks5Auth && d.method == socks5GSSAPI:
		return p.socks5Token(client, data)
	case data[0] == 1 && d.stage == socks5Auth:
		return p.socks5Password(data)
	case data[0] == socks5Version && data[1] == socksConnect:
		return p.socks5Target(data)
	}
	return p.foreign(client)
}

// socks5Asks tells a request from an offer of one method, 0, where the capture
// begins after the offer. After such an offer the client waits, or goes on with
// a request: 5.
func socks5Asks(data []byte) bool {
	return data[1] == socksConnect && data[2] == 0 && data[3] != socks5Version
}

func (p *Preamble) socks5Offer(data []byte) Step {
	d := &p.dirs[client]
	size := 2 + int(data[1])
	switch {
	case data[0] != socks5Version || data[1] == 0:
		return p.foreign(client)
	case len(data) < size:
		return d.wait(size)
	}
	d.stage = socks5Auth
	if offer := data[2:size]; d.method == 0 && bytes.IndexByte(offer, socks5Password) < 0 {
		d.method = socks5GSSAPI // until the server says
	}
	return d.took(size)
}

// socks5Token passes over a token of the authentication, or the agreement on the
// protection of what follows (RFC 1961, 3 and 4). With protection, what follows
// is in messages of another type.
func (p *Preamble) socks5Token(s side, data []byte) Step {
	const authentication, agreement = 1, 2
	d := &p.dirs[s]
	switch {
	case len(data) < socks5Token:
		return d.wait(socks5Token)
	case data[0] != 1 || data[1] != authentication && data[1] != agreement:
		return p.foreign(s)
	}
	d.skip, d.deliver = uint32(be16(data[2:])), false
	return d.took(socks5Token)
}

// socks5Password passes a user name and a password (RFC 1929, 2).
func (p *Preamble) socks5Password(data []byte) Step {
	d := &p.dirs[client]
	at := 2 + int(data[1])
	if len(data) < at+1 {
		return d.wait(at + 1)
	}
	size := at + 1 + int(data[at])
	if len(data) < size {
		return d.wait(size)
	}
	d.stage = socks5Request
	return d.took(size)
}

// socks5Target reads a CONNECT request, which ends the client's part.
func (p *Preamble) socks5Target(data []byte) Step {
	d := &p.dirs[client]
	size, ok := socks5Size(data)
	switch {
	case !ok:
		return p.foreign(client)
	case len(data) < size:
		return d.wait(size)
	}
	p.target(socks5Host(data[3:size-2]), binary.BigEndian.Uint16(data[size-2:]))
	return d.leaveTunnel(size)
}

// socks5Size is the length of a request or reply, by its address type and, for
// a name, its length: data has five bytes at least.
func socks5Size(data []byte) (size int, ok bool) {
	const fixed = 4 + 2
	switch data[3] {
	case socks5IPv4:
		return fixed + 4, true
	case socks5IPv6:
		return fixed + 16, true
	case socks5Name:
		return fixed + 1 + int(data[4]), true
	}
	return 0, false
}

// socks5Host writes an address, which begins with its type.
func socks5Host(address []byte) []byte {
	if address[0] == socks5Name {
		return address[2:]
	}
	ip, _ := netip.AddrFromSlice(address[1:])
	return []byte(ip.String())
}

// socks5Reply reads a server's message. After methods other than none, password
// and GSSAPI it is not known what follows.
func (p *Preamble) socks5Reply(data []byte) Step {
	const short = 2
	d := &p.dirs[server]
	switch {
	case len(data) < short:
		return d.wait(short)
	case d.stage == socks5Methods && data[1] == 0 && len(data) < opening: // enough to tell a selection from a reply
		return d.wait(opening)
	}
	switch {
	case d.stage == socks5Methods && data[0] == socks5Version && data[1] == 0 && data[2] == 0:
		return p.socks5Granted(data)
	case d.stage == socks5Methods && data[0] == socks5Version && data[1] == 0:
		d.stage = socks5Request
	case d.stage == socks5Methods && data[0] == socks5Version && data[1] == socks5Password:
		d.stage, p.dirs[client].method = socks5Auth, socks5Password
	case d.stage == socks5Methods && data[0] == socks5Version && data[1] == socks5GSSAPI:
		d.stage, d.method, p.dirs[client].method = socks5Auth, socks5GSSAPI, socks5GSSAPI
	case d.stage == socks5Auth && d.method == socks5GSSAPI && data[0] == socks5Version && data[1] == 0:
		return p.socks5Granted(data)
	case d.stage == socks5Auth && d.method == socks5GSSAPI:
		return p.socks5Token(server, data)
	case d.stage == socks5Auth && data[0] == 1 && data[1] == 0:
		d.stage = socks5Request
	case d.stage == socks5Request && data[0] == socks5Version && data[1] == 0:
		return p.socks5Granted(data)
	default:
		return p.foreign(server)
	}
	return d.took(short)
}

func (p *Preamble) socks5Granted(data []byte) Step {
	d := &p.dirs[server]
	if len(data) < opening {
		return d.wait(opening)
	}
	size, ok := socks5Size(data)
	switch {
	case !ok:
		return p.foreign(server)
	case len(data) < size:
		return d.wait(size)
	}
	return d.leaveTunnel(size)
}
