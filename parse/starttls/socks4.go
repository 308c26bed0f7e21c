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

// How far the client is.
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
	case s == client && d.stage != socks4Request:
		return p.socks4Text(data)
	case len(data) < socks4Fixed:
		return d.wait(socks4Fixed)
	case s == server && data[0] == 0 && data[1] == socks4Granted:
		return d.leaveTunnel(socks4Fixed)
	case s == server || data[0] != socks4Version || data[1] != socksConnect:
		return p.foreign(s)
	}
	port, address := binary.BigEndian.Uint16(data[2:]), [4]byte(data[4:8])
	if d.stage = socks4aUser; !socks4Named(address) {
		d.stage = socks4User
		p.target([]byte(netip.AddrFrom4(address).String()), port)
	}
	d.count = uint32(port)
	return d.took(socks4Fixed)
}

// socks4Named reports an address 0.0.0.x, x not 0: the name comes later.
func socks4Named(a [4]byte) bool { return a[0]|a[1]|a[2] == 0 && a[3] != 0 }

// socks4Text reads the user id, then the name if there is one.
func (p *Preamble) socks4Text(data []byte) Step {
	d := &p.dirs[client]
	head := data[:min(len(data), maxUser)]
	from := min(int(d.scanned), len(head))
	i := bytes.IndexByte(head[from:], 0)
	switch {
	case i < 0 && len(head) == maxUser:
		return p.foreign(client)
	case i < 0:
		d.scanned = uint16(len(head))
		return d.wait(0)
	case d.stage == socks4aUser:
		d.stage = socks4aHost
		return d.took(from + i + 1)
	case d.stage == socks4aHost:
		p.target(head[:from+i], uint16(d.count))
	}
	return d.leaveTunnel(from + i + 1)
}
