package starttls

import (
	"bytes"

	"tlsfloor/parse/upgrade"
	"tlsfloor/parse/upgrade/binary"
	"tlsfloor/parse/upgrade/text"
)

// opening is how many bytes it takes to recognise a protocol, or more.
const opening = binary.Opening

// begin recognises the protocol of a direction by its first bytes, and reads the
// first message.
func (p *Preamble) begin(s side, data []byte) Step {
	switch {
	case len(data) < opening:
		return p.dirs[s].wait(opening)
	case neverTLS(data):
		return p.end(s)
	}
	proto, from, need := recognise(s, data)
	switch {
	case need > len(data):
		return p.dirs[s].wait(need)
	case proto == upgrade.None:
		return p.becomeUnknown(s)
	case from != s && !p.swap():
		return p.foreign(s)
	}
	if !p.setProtocol(from, proto) {
		return p.end(from)
	}
	r := p.message(from, data)
	if from != s && p.dirs[from].unknown { // only its first bytes resembled that protocol
		p.flip()
		p.settled = false
	}
	return r
}

// swap exchanges the directions, when the content shows that the side that was
// captured first is not the client. It returns false when content has already
// shown which side is the client.
func (p *Preamble) swap() bool {
	if p.settled {
		return false
	}
	p.flip()
	p.settled = true
	return true
}

func (p *Preamble) flip() {
	p.dirs[client], p.dirs[server] = p.dirs[server], p.dirs[client]
	p.swapped = !p.swapped
}

// setProtocol notes which protocol a side speaks. It returns false for a second
// proxy inside the tunnel of the first; the first may be asked again.
func (p *Preamble) setProtocol(s side, proto upgrade.Protocol) bool {
	d := &p.dirs[s]
	switch {
	case proto < upgrade.HTTPConnect:
		p.inner = proto
		p.settled = p.settled || proto != upgrade.Lines && proto != upgrade.VNC // both sides of these may begin alike
		return true
	case p.tunnel == upgrade.None:
		p.tunnel = proto
	case p.tunnel != upgrade.HTTPConnect || proto != upgrade.HTTPConnect:
		return false
	}
	d.tunnelled, p.settled = false, true
	return true
}

// recognise tells a protocol, and which side speaks, by the first bytes, of
// which there are at least opening. s is the side that is thought to speak. need is
// how many bytes it takes to tell.
func recognise(s side, data []byte) (proto upgrade.Protocol, from side, need int) {
	if proto, from, need = binary.Recognise(s, data); proto != upgrade.None || need > 0 {
		return proto, from, need
	}
	switch c := data[0]; {
	case c == 0 && data[1] == socks4Granted:
		return upgrade.SOCKS4, server, 0
	case c == socks4Version && data[1] <= 1:
		return upgrade.SOCKS4, client, 0
	case c == socks5Version:
		return upgrade.SOCKS5, socks5Speaker(s, data), 0
	case c == '\r', c == '\n', c == '\t', c == text.ByteOrderMark[0]:
		if is, need := text.OpensXMPP(data); is || need > 0 {
			return upgrade.XMPP, s, need
		}
	case c >= ' ' && c <= '~' && c != '0': // '0' begins LDAP's messages only
		return textOpens(s, data)
	}
	return upgrade.None, s, 0
}

// textOpens tells apart HTTP, XMPP and protocols in lines.
func textOpens(s side, data []byte) (upgrade.Protocol, side, int) {
	switch string(data[:opening]) {
	case "CONNE", "GET /", "GET h", "HEAD ", "POST ", "PUT /", "PUT h", "OPTIO", "DELET", "PATCH", "PROPF":
		return upgrade.HTTPConnect, client, 0
	case "HTTP/":
		return upgrade.HTTPConnect, server, 0
	}
	if is, need := text.OpensXMPP(data); is || need > len(data) {
		return upgrade.XMPP, s, need
	}
	if bytes.IndexByte(data[:opening], 0) >= 0 {
		return upgrade.None, s, 0
	}
	return upgrade.Lines, s, 0
}

// neverTLS recognises the commonest protocols that do not upgrade, so that they
// cost one look: SSH, HTTP/2 (RFC 9113, 3.4), DCE/RPC (C706, 12.6.4: a bind or its
// acknowledgement) and Redis.
func neverTLS(data []byte) bool {
	switch string(data[:opening]) {
	case "SSH-2", "SSH-1", "PRI *":
		return true
	}
	switch data[0] {
	case 5:
		return data[1] <= 1 && (data[2] == 11 || data[2] == 12) && data[3]&3 == 3
	case '*':
		return data[1] >= '1' && data[1] <= '9' && bytes.IndexByte(data[:opening], '\r') > 0
	}
	return false
}
