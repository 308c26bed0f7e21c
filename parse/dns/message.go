package dns

import (
	"encoding/binary"
	"errors"
)

// The errors of Parse.
var (
	// errShort: the message ends before its header or question does.
	errShort = errors.New("dns: message ends early")
	// errName: the question's name is malformed (RFC 1035, 3.1 and 4.1.4).
	errName = errors.New("dns: malformed name")
	// errQuestions: there is more than one question (RFC 9619).
	errQuestions = errors.New("dns: more than one question")
)

const headerLen = 12 // RFC 1035, 4.1.1

// Type is a resource record type.
type Type uint16

// The types that are read.
const (
	typeA     Type = 1
	typeCNAME Type = 5
	typeAAAA  Type = 28
	SVCB      Type = 64 // RFC 9460
	HTTPS     Type = 65 // RFC 9460
)

// classIN is the Internet class, the only one in which addresses are read.
const classIN = 1

// Message is the header and the question of a DNS message.
type Message struct {
	ID        uint16
	Response  bool
	Opcode    uint8
	Truncated bool // TC: the response was longer than the transport allows
	RCode     uint8

	// HasQuestion tells whether there is a question. QType and QClass are set only
	// then.
	HasQuestion bool
	QType       Type
	QClass      uint16

	promised int // records of the answer section, by the header
	records  int // where they begin
	raw      []byte
}

// Parse reads the header and the question of msg, one whole message without
// the length that precedes it over TCP. It overwrites all of m, which keeps a view
// of msg.
//
// Bytes that are not a DNS message are an error. A message with fewer records than
// its header tells is not.
func Parse(msg []byte, m *Message) error {
	*m = Message{raw: msg}
	if len(msg) < headerLen {
		return errShort
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	m.ID = binary.BigEndian.Uint16(msg)
	m.Response = flags&0x8000 != 0
	m.Opcode = uint8(flags >> 11 & 0xf)
	m.Truncated = flags&0x0200 != 0
	m.RCode = uint8(flags & 0xf)
	m.promised = int(binary.BigEndian.Uint16(msg[6:]))
	m.records = headerLen
	return m.parseQuestion(int(binary.BigEndian.Uint16(msg[4:])))
}

// parseQuestion reads the question section (RFC 1035, 4.1.2).
func (m *Message) parseQuestion(count int) error {
	if count == 0 {
		return nil
	}
	if count > 1 {
		return errQuestions
	}
	end, ok := skipName(m.raw, headerLen)
	if !ok {
		return errName
	}
	if len(m.raw)-end < 4 {
		return errShort
	}
	m.HasQuestion = true
	m.QType = Type(binary.BigEndian.Uint16(m.raw[end:]))
	m.QClass = binary.BigEndian.Uint16(m.raw[end+2:])
	m.records = end + 4
	return nil
}

// AppendQuestion appends the name in the question to dst, in lower case and without
// a trailing dot. When there is no question, or its name cannot be written with dots,
// it returns dst unchanged and false.
func (m *Message) AppendQuestion(dst []byte) (name []byte, ok bool) {
	if !m.HasQuestion {
		return dst, false
	}
	return appendName(dst, m.raw, headerLen)
}

// Framed splits the first message off a TCP stream, in which each follows its
// length in two bytes (RFC 1035, 4.2.2). ok is false when the message is not whole.
// It has at most 65,535 bytes, which bounds what a caller has to buffer.
func Framed(stream []byte) (msg, rest []byte, ok bool) {
	if len(stream) < 2 {
		return nil, stream, false
	}
	end := 2 + int(binary.BigEndian.Uint16(stream))
	if len(stream) < end {
		return nil, stream, false
	}
	return stream[2:end:end], stream[end:], true
}

// record is one resource record of an answer section.
type record struct {
	Type  Type
	Class uint16
	TTL   uint32 // seconds; 0 when the top bit was set (RFC 2181, 8)
	Data  []byte // RDATA: a view into the message

	msg  []byte
	name int // offset of the owner's name
	data int // offset of Data
}

// answers iterates over the answer section of a message.
type answers struct {
	msg  []byte
	off  int
	left int
}

// answers returns the records of the answer section, maxAnswers at most.
func (m *Message) answers() answers {
	return answers{msg: m.raw, off: m.records, left: min(m.promised, maxAnswers)}
}

// next reads the next record into r. It returns false after the last one, and
// where the message is malformed or ends in the middle of a record.
func (a *answers) next(r *record) bool {
	if a.left == 0 {
		return false
	}
	a.left--
	end, ok := skipName(a.msg, a.off)
	if !ok || len(a.msg)-end < 10 {
		a.left = 0
		return false
	}
	fixed := a.msg[end : end+10] // RFC 1035, 4.1.3
	length := int(binary.BigEndian.Uint16(fixed[8:]))
	data := end + 10
	if len(a.msg)-data < length {
		a.left = 0
		return false
	}
	*r = record{
		Type: Type(binary.BigEndian.Uint16(fixed)), Class: binary.BigEndian.Uint16(fixed[2:]),
		TTL: ttl(binary.BigEndian.Uint32(fixed[4:])), Data: a.msg[data : data+length : data+length],
		msg: a.msg, name: a.off, data: data,
	}
	a.off = data + length
	return true
}

func ttl(seconds uint32) uint32 {
	if seconds > 1<<31-1 {
		return 0
	}
	return seconds
}
