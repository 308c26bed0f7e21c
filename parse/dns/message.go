package dns

import (
	"encoding/binary"
	"errors"
)

// What can be wrong with a message.
var (
	// ErrShort: the message ends before its header or question does.
	ErrShort = errors.New("dns: message ends early")
	// ErrName: the question's name is not one (RFC 1035, 3.1 and 4.1.4).
	ErrName = errors.New("dns: malformed name")
	// ErrQuestions: there is more than one question (RFC 9619).
	ErrQuestions = errors.New("dns: more than one question")
)

const headerLen = 12 // RFC 1035, 4.1.1

// Type is a resource record type.
type Type uint16

// The types that are read.
const (
	A     Type = 1
	CNAME Type = 5
	AAAA  Type = 28
	SVCB  Type = 64 // RFC 9460
	HTTPS Type = 65 // RFC 9460
)

// ClassIN is the Internet class, the only one in which addresses are read.
const ClassIN = 1

// Message is the header and the question of a DNS message.
type Message struct {
	ID        uint16
	Response  bool
	Opcode    uint8
	Truncated bool // TC: there was more than the transport could carry
	RCode     uint8

	// HasQuestion says whether there is a question. QType and QClass are valid
	// only then.
	HasQuestion bool
	QType       Type
	QClass      uint16

	answers int // how many the header promises
	records int // where they begin
	raw     []byte
}

// Parse reads the header and the question of msg, one whole message without
// the length that precedes it over TCP. m keeps a view of msg and overwrites
// all it held.
//
// Bytes that are not a DNS message give an error; promised records that are not
// there do not: Answers ends where the message does.
func Parse(msg []byte, m *Message) error {
	*m = Message{raw: msg}
	if len(msg) < headerLen {
		return ErrShort
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	m.ID = binary.BigEndian.Uint16(msg)
	m.Response = flags&0x8000 != 0
	m.Opcode = uint8(flags >> 11 & 0xf)
	m.Truncated = flags&0x0200 != 0
	m.RCode = uint8(flags & 0xf)
	m.answers = int(binary.BigEndian.Uint16(msg[6:]))
	m.records = headerLen
	return m.parseQuestion(int(binary.BigEndian.Uint16(msg[4:])))
}

// parseQuestion reads the question section (RFC 1035, 4.1.2).
func (m *Message) parseQuestion(count int) error {
	if count == 0 {
		return nil
	}
	if count > 1 {
		return ErrQuestions
	}
	end, ok := skipName(m.raw, headerLen)
	if !ok {
		return ErrName
	}
	if len(m.raw)-end < 4 {
		return ErrShort
	}
	m.HasQuestion = true
	m.QType = Type(binary.BigEndian.Uint16(m.raw[end:]))
	m.QClass = binary.BigEndian.Uint16(m.raw[end+2:])
	m.records = end + 4
	return nil
}

// AppendQuestion appends the name asked for, in lower case and without a
// trailing dot, to dst. ok is false, and dst as it was, when there is no
// question or its name is not one that can be written with dots.
func (m *Message) AppendQuestion(dst []byte) (name []byte, ok bool) {
	if !m.HasQuestion {
		return dst, false
	}
	return appendName(dst, m.raw, headerLen)
}

// Framed takes the first message off a TCP stream, where each comes behind its
// length in two bytes (RFC 1035, 4.2.2). ok is false when it has not arrived
// whole. A message is at most MaxMessage bytes, which bounds what a caller has
// to hold back.
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

// MaxMessage is the length of the longest message in bytes, without the two
// bytes of length before it.
const MaxMessage = 1<<16 - 1
