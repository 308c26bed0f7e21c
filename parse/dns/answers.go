package dns

import "encoding/binary"

// Record is one resource record of an answer section.
type Record struct {
	Type  Type
	Class uint16
	TTL   uint32 // seconds; 0 where the top bit was set (RFC 2181, 8)
	Data  []byte // RDATA: a view into the message

	msg  []byte
	name int // offset of the owner's name
	data int // offset of Data
}

// AppendOwner appends the name the record belongs to, as AppendQuestion does.
func (r *Record) AppendOwner(dst []byte) (name []byte, ok bool) {
	return appendName(dst, r.msg, r.name)
}

// AppendTarget appends the name that a CNAME record points to, as
// AppendQuestion does.
func (r *Record) AppendTarget(dst []byte) (name []byte, ok bool) {
	if r.Type != CNAME {
		return dst, false
	}
	return appendName(dst, r.msg, r.data)
}

// Answers walks the answer section of a message.
type Answers struct {
	msg  []byte
	off  int
	left int
}

// Answers returns the records of the answer section, from the first on.
func (m *Message) Answers() Answers {
	return Answers{msg: m.raw, off: m.records, left: m.answers}
}

// Next reads the next record into r. It returns false after the last one, and
// where the message ends in the middle of one or is malformed.
func (a *Answers) Next(r *Record) bool {
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
	*r = Record{
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
