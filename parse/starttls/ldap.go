package starttls

import "bytes"

// startTLSOID is the requestName of the StartTLS operation (RFC 4511, 4.14.1).
const startTLSOID = "1.3.6.1.4.1.1466.20037"

// Protocol operations that may come before StartTLS (RFC 4511, 4): their tags.
const (
	ldapBind          = 0x60
	ldapBindReply     = 0x61
	ldapSearch        = 0x63
	ldapSearchEntry   = 0x64
	ldapSearchDone    = 0x65
	ldapSearchRefer   = 0x73
	ldapExtended      = 0x77
	ldapExtendedReply = 0x78
	ldapAbandon       = 0x50

	// ldapHead is how much of a message is looked at: it holds a StartTLS
	// request with every length in five bytes, as Active Directory writes them.
	ldapHead = 64
)

// ldapOpens recognises an LDAPMessage, and who sent it, by its operation.
func ldapOpens(data []byte) (protocol, side, int) {
	m, need := ldapMessage(data)
	if need > len(data) {
		return none, client, need
	}
	switch m.op {
	case ldapBind, ldapSearch, ldapExtended, ldapAbandon:
		return ldap, client, 0
	case ldapBindReply, ldapSearchEntry, ldapSearchDone, ldapSearchRefer, ldapExtendedReply:
		return ldap, server, 0
	}
	return none, client, 0
}

// ldap reads an LDAPMessage.
func (p *Preamble) ldap(s side, data []byte) Step {
	d := &p.dirs[s]
	m, need := ldapMessage(data)
	if need > len(data) {
		return d.wait(need)
	}
	d.ready = false
	switch {
	case s == client && m.op == ldapExtended:
		p.asked = p.asked || ldapStartTLS(m.body)
	case s == server && m.op == ldapExtendedReply:
		p.ldapReply(d, m.body)
	case s == client && (m.op == ldapBind || m.op == ldapSearch || m.op == ldapAbandon):
	case s == server && (m.op == ldapBindReply || m.op == ldapSearchEntry || m.op == ldapSearchDone || m.op == ldapSearchRefer):
	default:
		return p.foreign(s)
	}
	return d.tookSome(m.size, data)
}

// ldapStartTLS reports whether an ExtendedRequest is for StartTLS.
func ldapStartTLS(body []byte) bool {
	const requestName = 0x80
	e, need := berHead(body)
	return need <= len(body) && e.tag == requestName && e.length == len(startTLSOID) &&
		bytes.HasPrefix(body[e.head:], []byte(startTLSOID))
}

// ldapReply heeds the resultCode of an ExtendedResponse: an ENUMERATED of one
// byte, 0 for success.
func (p *Preamble) ldapReply(d *direction, body []byte) {
	switch {
	case bytes.HasPrefix(body, []byte{0x0a, 1, 0}):
		d.ready = true
	case p.dirs[client].status != TLS:
		p.asked = false
	}
}

// ldapEnvelope is the outline of an LDAPMessage.
type ldapEnvelope struct {
	size int    // of the whole message
	op   byte   // tag of the protocolOp; 0: this is no LDAPMessage
	body []byte // of the protocolOp, as far as ldapHead reaches
}

// ldapMessage reads the outline (RFC 4511, 4.1.1): SEQUENCE, INTEGER,
// operation. need is how many bytes it takes.
func ldapMessage(data []byte) (m ldapEnvelope, need int) {
	outer, need := berHead(data)
	if need > len(data) || outer.tag != 0x30 || outer.length > maxBytes {
		return m, need
	}
	m.size = outer.head + outer.length
	if need = min(m.size, ldapHead); need > len(data) {
		return m, need
	}
	m.op, m.body = ldapOperation(data[outer.head:need], outer.length)
	return m, need
}

// ldapOperation reads messageID, of one to four bytes, and the head of the
// operation, both within length. The tag is 0 when they are not there.
func ldapOperation(rest []byte, length int) (tag byte, body []byte) {
	const integer = 2
	id, need := berHead(rest)
	if end := id.head + id.length; need > len(rest) || id.tag != integer || id.length < 1 || id.length > 4 || end > len(rest) {
		return 0, nil
	}
	rest, length = rest[id.head+id.length:], length-id.head-id.length
	op, need := berHead(rest)
	if need > len(rest) || op.head+op.length > length {
		return 0, nil
	}
	return op.tag, rest[op.head:]
}

// berElement is a tag and a length in BER, and how many bytes they took.
type berElement struct {
	tag          byte
	head, length int
}

// berHead reads them. A length that is indefinite or has more than four bytes
// comes back as one that fits nowhere.
func berHead(data []byte) (e berElement, need int) {
	if len(data) < 2 {
		return e, 2
	}
	e.tag, e.head, e.length = data[0], 2, int(data[1])
	if e.length < 0x80 {
		return e, 2
	}
	n := e.length & 0x7f
	if n == 0 || n > 4 {
		e.length = maxBytes + 1
		return e, 2
	}
	e.head += n
	if len(data) < e.head {
		return e, e.head
	}
	e.length = 0
	for _, c := range data[2:e.head] {
		e.length = min(e.length<<8|int(c), maxBytes+1)
	}
	return e, e.head
}
