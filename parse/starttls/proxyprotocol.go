package starttls

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"tlsfloor/parse/upgrade"
	"tlsfloor/parse/upgrade/text"
)

// proxySignature opens a version 2 header
// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, 2.2).
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

const (
	maxProxyLine = 107 // version 1, 2.1
	proxyFixed   = 16  // version 2: signature, version and command, family, length
)

// proxyHeader reads a PROXY protocol header at the beginning of the client's
// bytes. It returns false when there is none.
func (p *Preamble) proxyHeader(data []byte) (r Step, is bool) {
	switch d := &p.dirs[client]; {
	case p.proxied >= maxProxyHeaders || data[0] != 'P' && data[0] != '\r':
		return Step{}, false
	case len(data) < opening:
		return d.wait(opening), true
	case bytes.HasPrefix(data, []byte("PROXY")):
		return p.proxyLine(data), true
	case string(data[:opening]) == proxySignature[:opening]:
		return p.proxyBinary(data), true
	}
	return Step{}, false
}

// proxyLine reads version 1: "PROXY TCP4 10.0.0.1 10.0.0.2 40000 443".
func (p *Preamble) proxyLine(data []byte) Step {
	d := &p.dirs[client]
	line, size := text.ReadLine(&d.State, data, maxProxyLine)
	switch {
	case size == 0:
		return d.wait(0)
	case d.Midline:
		return p.foreign(client)
	}
	word := bytes.Split(line, []byte{' '})
	switch {
	case len(word) == 6 && (string(word[1]) == "TCP4" || string(word[1]) == "TCP6"):
		p.setProxied(parseAddr(word[2], word[4]), parseAddr(word[3], word[5]))
	case len(word) < 2 || string(word[1]) != "UNKNOWN":
		return p.foreign(client)
	}
	p.proxied++
	return Step{Consumed: size}
}

func parseAddr(host, port []byte) netip.AddrPort {
	ip, err := netip.ParseAddr(string(host))
	n, err2 := strconv.ParseUint(string(port), 10, 16)
	if err != nil || err2 != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip, uint16(n))
}

// setProxied keeps the addresses of a header, if both are valid.
func (p *Preamble) setProxied(client, server netip.AddrPort) {
	if client.IsValid() && server.IsValid() {
		e := p.newExtra()
		e.client, e.server = client, server
	}
}

// proxyBinary reads version 2. TLVs after the addresses are passed over.
func (p *Preamble) proxyBinary(data []byte) Step {
	const family4, family6 = 0x11, 0x21 // TCP over IPv4, over IPv6
	d := &p.dirs[client]
	if len(data) < proxyFixed {
		return d.wait(proxyFixed)
	}
	length := int(binary.BigEndian.Uint16(data[14:]))
	command := data[12]
	if string(data[:12]) != proxySignature || command&^1 != 0x20 || length > upgrade.MaxBytes {
		return p.foreign(client)
	}
	ip := 0
	switch family := data[13]; {
	case command&1 == 0: // LOCAL: the addresses do not count
	case family == family4:
		ip = 4
	case family == family6:
		ip = 16
	}
	return p.proxyAddresses(data, ip, length)
}

// proxyAddresses reads two addresses of ip bytes each and two ports.
func (p *Preamble) proxyAddresses(data []byte, ip, length int) Step {
	d := &p.dirs[client]
	if size := 2*ip + 4; ip > 0 && length >= size {
		if len(data) < proxyFixed+size {
			return d.wait(proxyFixed + size)
		}
		b := data[proxyFixed : proxyFixed+size]
		from, _ := netip.AddrFromSlice(b[:ip])
		to, _ := netip.AddrFromSlice(b[ip : 2*ip])
		p.setProxied(netip.AddrPortFrom(from, binary.BigEndian.Uint16(b[2*ip:])),
			netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2*ip+2:])))
	}
	p.proxied++
	r := d.tookSome(proxyFixed+length, data)
	d.Begun = false // the connection itself begins now
	return r
}
