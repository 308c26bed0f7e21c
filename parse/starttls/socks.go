package starttls

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

const (
	socks4Version = 4
	socksConnect  = 1

	socks4Fixed   = 8
	socks4Granted = 0x5a

	// maxUser bounds the user id and the name of SOCKS4.
	maxUser = 512
)

// Stages of a SOCKS4 client.
const (
	socks4Request = iota
	socks4User    // a user id, up to a zero byte
	socks4aUser   // the same, and a name comes after it
	socks4aHost   // the name, up to a zero byte
)

// socks4 reads a request or its reply
// (https://www.openssh.com/txt/socks4.protocol, socks4a.protocol).
func (p *Preamble) socks4(s side, data []byte) Step {
	d := &p.dirs[s]
	switch {
	case s == client && d.Stage != socks4Request:
		return p.socks4Text(data)
	case len(data) < socks4Fixed:
		return d.wait(socks4Fixed)
	case s == server && data[0] == 0 && data[1] == socks4Granted:
		return d.leaveTunnel(socks4Fixed)
	case s == server || data[0] != socks4Version || data[1] != socksConnect:
		return p.foreign(s)
	}
	port, address := binary.BigEndian.Uint16(data[2:]), [4]byte(data[4:8])
	if d.Stage = socks4aUser; !socks4Named(address) {
		d.Stage = socks4User
		p.setTarget([]byte(netip.AddrFrom4(address).String()), port)
	}
	d.Count = uint32(port)
	return d.took(socks4Fixed)
}

// socks4Named reports whether an address is 0.0.0.x, x not 0: a name follows then.
func socks4Named(a [4]byte) bool { return a[0]|a[1]|a[2] == 0 && a[3] != 0 }

// socks4Text reads the user id, then the name if there is one.
func (p *Preamble) socks4Text(data []byte) Step {
	d := &p.dirs[client]
	head := data[:min(len(data), maxUser)]
	from := min(int(d.Scanned), len(head))
	i := bytes.IndexByte(head[from:], 0)
	switch {
	case i < 0 && len(head) == maxUser:
		return p.foreign(client)
	case i < 0:
		d.Scanned = uint16(len(head))
		return d.wait(0)
	case d.Stage == socks4aUser:
		d.Stage = socks4aHost
		return d.took(from + i + 1)
	case d.Stage == socks4aHost:
		p.setTarget(head[:from+i], uint16(d.Count))
	}
	return d.leaveTunnel(from + i + 1)
}

const (
	socks5Version  = 5
	socks5GSSAPI   = 1 // method (RFC 1961)
	socks5Password = 2 // method (RFC 1929)

	socks5Token = 4 // before a token of GSSAPI: version, type, length in two bytes

	socks5IPv4 = 1
	socks5Name = 3
	socks5IPv6 = 4
)

// Stages of a direction in SOCKS5.
const (
	socks5Methods = iota // offer, selection
	socks5Auth           // user name and password, status; or tokens
	socks5Request        // request, reply
)

// socks5Speaker corrects which side speaks: a client offers at least one method, and
// after a server's choice of GSSAPI, 1, comes nothing or a token.
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
	case d.Stage == socks5Methods && !socks5Asks(data):
		return p.socks5Offer(data)
	case data[0] == 1 && d.Stage == socks5Auth && d.method == socks5GSSAPI:
		return p.socks5Token(client, data)
	case data[0] == 1 && d.Stage == socks5Auth:
		return p.socks5Password(data)
	case data[0] == socks5Version && data[1] == socksConnect:
		return p.socks5Target(data)
	}
	return p.foreign(client)
}

// socks5Asks tells a request from an offer of one method, number 0, where the
// capture begins after the offer. After such an offer the client waits, or continues
// with a request, which begins with 5.
func socks5Asks(data []byte) bool {
	return data[1] == socksConnect && data[2] == 0 && data[3] != socks5Version
}

// socks5Offer reads the list of methods that a client offers.
func (p *Preamble) socks5Offer(data []byte) Step {
	d := &p.dirs[client]
	size := 2 + int(data[1])
	switch {
	case data[0] != socks5Version || data[1] == 0:
		return p.foreign(client)
	case len(data) < size:
		return d.wait(size)
	}
	d.Stage = socks5Auth
	if offer := data[2:size]; d.method == 0 && bytes.IndexByte(offer, socks5Password) < 0 {
		d.method = socks5GSSAPI // until the server has chosen
	}
	return d.took(size)
}

// socks5Token passes over a token of GSSAPI's authentication, or the negotiation of
// the protection of what follows (RFC 1961, 3 and 4). With protection, what follows
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

// socks5Password passes over a user name and a password (RFC 1929, 2).
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
	d.Stage = socks5Request
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
	p.setTarget(socks5Host(data[3:size-2]), binary.BigEndian.Uint16(data[size-2:]))
	return d.leaveTunnel(size)
}

// socks5Size returns the length of a request or reply, by its address type and, for
// a name, its length. data has at least five bytes.
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

// socks5Host returns a name, or an IP address as text; address begins with its type.
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
	case d.Stage == socks5Methods && data[1] == 0 && len(data) < opening: // enough to tell a selection from a reply
		return d.wait(opening)
	}
	switch {
	case d.Stage == socks5Methods && data[0] == socks5Version && data[1] == 0 && data[2] == 0:
		return p.socks5Granted(data)
	case d.Stage == socks5Methods && data[0] == socks5Version && data[1] == 0:
		d.Stage = socks5Request
	case d.Stage == socks5Methods && data[0] == socks5Version && data[1] == socks5Password:
		d.Stage, p.dirs[client].method = socks5Auth, socks5Password
	case d.Stage == socks5Methods && data[0] == socks5Version && data[1] == socks5GSSAPI:
		d.Stage, d.method, p.dirs[client].method = socks5Auth, socks5GSSAPI, socks5GSSAPI
	case d.Stage == socks5Auth && d.method == socks5GSSAPI && data[0] == socks5Version && data[1] == 0:
		return p.socks5Granted(data)
	case d.Stage == socks5Auth && d.method == socks5GSSAPI:
		return p.socks5Token(server, data)
	case d.Stage == socks5Auth && data[0] == 1 && data[1] == 0:
		d.Stage = socks5Request
	case d.Stage == socks5Request && data[0] == socks5Version && data[1] == 0:
		return p.socks5Granted(data)
	default:
		return p.foreign(server)
	}
	return d.took(short)
}

// socks5Granted reads the reply that grants a request.
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
