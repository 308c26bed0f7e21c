package binary

import (
	"bytes"

	"tlsfloor/parse/upgrade"
)

// startTLSOID is the requestName of the StartTLS operation (RFC 4511, 4.14.1).
const startTLSOID = "1.3.6.1.4.1.1466.20037"

// Tags of the LDAP operations that may come before StartTLS (RFC 4511, 4).
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

	// ldapHead is how many bytes of a message are read: enough for a StartTLS
	// request with every length in five bytes, as Active Directory writes them.
	ldapHead = 64
)

// ldapOpens recognises an LDAPMessage, and its sender by the operation.
func ldapOpens(data []byte) (upgrade.Protocol, upgrade.Side, int) {
	m, need := ldapMessage(data)
	if need > len(data) {
		return upgrade.None, upgrade.Client, need
	}
	switch m.op {
	case ldapBind, ldapSearch, ldapExtended, ldapAbandon:
		return upgrade.LDAP, upgrade.Client, 0
	case ldapBindReply, ldapSearchEntry, ldapSearchDone, ldapSearchRefer, ldapExtendedReply:
		return upgrade.LDAP, upgrade.Server, 0
	}
	return upgrade.None, upgrade.Client, 0
}

// LDAP reads an LDAPMessage.
func LDAP(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	m, need := ldapMessage(data)
	if need > len(data) {
		return upgrade.Wait(need)
	}
	d.Ready = false
	e := upgrade.Foreign
	switch {
	case from == upgrade.Client && m.op == ldapExtended:
		e = upgrade.Ask.If(ldapStartTLS(m.body))
	case from == upgrade.Server && m.op == ldapExtendedReply:
		d.Ready = bytes.HasPrefix(m.body, []byte{0x0a, 1, 0}) // resultCode, an ENUMERATED: success
		e = upgrade.Refuse.If(!d.Ready)
	case from == upgrade.Client && (m.op == ldapBind || m.op == ldapSearch || m.op == ldapAbandon):
		e = 0
	case from == upgrade.Server && (m.op == ldapBindReply || m.op == ldapSearchEntry || m.op == ldapSearchDone || m.op == ldapSearchRefer):
		e = 0
	}
	return upgrade.Message{Size: m.size, Event: e}
}

// ldapStartTLS reports whether an ExtendedRequest is for StartTLS.
func ldapStartTLS(body []byte) bool {
	const requestName = 0x80
	e, need := berHead(body)
	return need <= len(body) && e.tag == requestName && e.length == len(startTLSOID) &&
		bytes.HasPrefix(body[e.head:], []byte(startTLSOID))
}

// ldapEnvelope is the outer part of an LDAPMessage.
type ldapEnvelope struct {
	size int    // of the whole message
	op   byte   // tag of the protocolOp; 0: this is no LDAPMessage
	body []byte // of the protocolOp, up to ldapHead
}

// ldapMessage reads the outer part (RFC 4511, 4.1.1): SEQUENCE, INTEGER, operation.
// need is how many bytes it takes.
func ldapMessage(data []byte) (m ldapEnvelope, need int) {
	outer, need := berHead(data)
	if need > len(data) || outer.tag != 0x30 || outer.length > upgrade.MaxBytes {
		return m, need
	}
	m.size = outer.head + outer.length
	if need = min(m.size, ldapHead); need > len(data) {
		return m, need
	}
	m.op, m.body = ldapOperation(data[outer.head:need], outer.length)
	return m, need
}

// ldapOperation reads messageID, of one to four bytes, and the tag and length of the
// operation, both within length. It returns 0 when they are not there.
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

// berElement is a tag and a length in BER, and how many bytes they take.
type berElement struct {
	tag          byte
	head, length int
}

// berHead reads a tag and a length; need is how many bytes that takes. A length that
// is indefinite, or has more than four bytes, is returned as more than
// upgrade.MaxBytes.
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
		e.length = upgrade.MaxBytes + 1
		return e, 2
	}
	e.head += n
	if len(data) < e.head {
		return e, e.head
	}
	e.length = 0
	for _, c := range data[2:e.head] {
		e.length = min(e.length<<8|int(c), upgrade.MaxBytes+1)
	}
	return e, e.head
}
