package starttls

import "bytes"

// opening is how many bytes it takes to recognise a protocol.
const opening = 5

// begin recognises the protocol of a direction by its first bytes.
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
	case proto == none:
		return p.strange(s)
	case from != s && !p.swap():
		return p.foreign(s)
	}
	if !p.speak(from, proto) {
		return p.end(from)
	}
	r := p.message(from, data)
	if from != s && p.dirs[from].unknown { // only its first bytes resembled that protocol
		p.flip()
		p.settled = false
	}
	return r
}

// swap exchanges the directions: the captured bytes did not begin with the
// connection, and whoever was heard first was taken for the client.
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

// speak settles what is spoken. One proxy is enough: a second inside the first
// is refused, but the first may be asked again.
func (p *Preamble) speak(s side, proto protocol) bool {
	d := &p.dirs[s]
	switch {
	case proto < httpConnect:
		p.inner = proto
		p.settled = p.settled || proto != lineProtocol && proto != vnc // where both sides may open with the same
		return true
	case p.tunnel == none:
		p.tunnel = proto
	case p.tunnel != httpConnect || proto != httpConnect:
		return false
	}
	d.tunnelled, p.settled = false, true
	return true
}

// recognise tells a protocol, and which side speaks, by the first bytes, of
// which there are at least opening. s is who is thought to speak. need is how
// many bytes it takes to say.
func recognise(s side, data []byte) (proto protocol, from side, need int) {
	if from, ok := mysqlOpens(data); ok {
		return mysql, from, 0
	}
	if from, ok, need := mysqlxOpens(s, data); ok || need > len(data) {
		return mysqlx, from, need
	}
	switch c := data[0]; {
	case c == 0:
		return zeroOpens(s, data)
	case c == 3:
		return rdpOpens(data)
	case c == socks4Version:
		return fourOpens(data)
	case c == socks5Version:
		return socks5, socks5Speaker(s, data), 0
	case c == tdsPrelogin && data[1] <= 1:
		return tds, client, 0
	case c == '0':
		return ldapOpens(data)
	case c == '\r' || c == '\n' || c == '\t' || c == xmlMark[0]:
		return xmlOpens(s, data)
	case c == telnetIAC:
		return telnetOpens(s, data)
	case postgresqlReplies(data):
		return postgresql, server, 0
	case c >= ' ' && c <= '~':
		return textOpens(s, data)
	}
	return none, s, 0
}

// zeroOpens tells apart what begins with a zero byte.
func zeroOpens(s side, data []byte) (protocol, side, int) {
	switch {
	case data[1] == 0 && data[2] == 0 && data[3] == 8:
		return postgresql, client, 0
	case data[1] == 0 && data[3] > 8 && data[4] == 0 && len(data) < postgresqlRequest:
		return none, s, postgresqlRequest
	case data[1] == 0 && data[3] > 8 && postgresqlInClear(data):
		return postgresql, client, 0
	}
	if is, need := nbdOpens(data); is || need > len(data) {
		return nbd, client, need
	}
	if from, ok := openvpnOpens(data); ok {
		return openvpn, from, 0
	}
	if data[1] == socks4Granted {
		return socks4, server, 0
	}
	return none, s, 0
}

// fourOpens tells a SOCKS4 request from a TDS reply by the window byte, which
// TDS never used and which ends an IPv4 address in SOCKS4.
func fourOpens(data []byte) (protocol, side, int) {
	switch {
	case data[1] > 1:
		return none, client, 0
	case len(data) < tdsHeader:
		return none, client, tdsHeader
	case data[7] == 0:
		return tds, server, 0
	}
	return socks4, client, 0
}

// textOpens tells the requests of proxies from a dialogue in lines.
func textOpens(s side, data []byte) (protocol, side, int) {
	switch string(data[:opening]) {
	case "CONNE", "GET /", "GET h", "HEAD ", "POST ", "PUT /", "PUT h", "OPTIO", "DELET", "PATCH", "PROPF":
		return httpConnect, client, 0
	case "HTTP/":
		return httpConnect, server, 0
	case "RFB 0":
		return vnc, s, 0
	case "NBDMA":
		return nbd, server, 0
	case "AMQP\x00", "AMQP\x01", "AMQP\x02", "AMQP\x03":
		return amqp, s, 0
	}
	if is, need := xmppOpens(data); is || need > len(data) {
		return xmpp, s, need
	}
	if bytes.IndexByte(data[:opening], 0) >= 0 {
		return none, s, 0
	}
	return lineProtocol, s, 0
}

// neverTLS knows the commonest protocols that do not upgrade, so that they cost
// one look: SSH, HTTP/2 (RFC 9113, 3.4), DCE/RPC (C706, 12.6.4: a bind or its
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
