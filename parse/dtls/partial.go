package dtls

import (
	"slices"
	"unsafe"

	"tlsfloor/parse"
)

const (
	// maxPartials bounds the messages of a direction that are put together at the same
	// time. A ClientHello and the one with the cookie may mix, and so may a ServerHello and
	// the certificate behind it.
	maxPartials = 4
	// maxSpans bounds the pieces of a message between which bytes are missing. A
	// certificate of 256 KiB takes 219 datagrams.
	maxSpans = 256
	// maxSpares and maxSpare bound the memory that is used again, in messages and in bytes
	// of each.
	maxSpares = 64
	maxSpare  = 4 << 10
)

// span is a run of bytes of a message: offset is where they are in it, and at is where they
// are in partial.bytes.
type span struct{ offset, at, length uint32 }

func (s span) end() uint32 { return s.offset + s.length }

// partial is a message that comes in pieces. Its bytes are kept in the order in which they
// came: a fragment that claims to be the last of a long message must not cost its length.
type partial struct {
	typ     parse.HandshakeType
	seq     uint16
	version parse.Version
	total   uint32 // length of the message's body
	wanted  uint32 // how many of its bytes are collected
	have    uint32
	bytes   []byte
	spans   []span // in the order of the message, without overlaps
}

// Pool has memory that the Conversations of one goroutine use again. The zero value is
// ready.
type Pool struct {
	free  []*partial
	whole []byte // a message whose pieces came out of order
}

func (p *partial) size() int {
	return int(unsafe.Sizeof(*p)) + cap(p.bytes) + cap(p.spans)*int(unsafe.Sizeof(span{}))
}

// collect adds a fragment to its message. It reports whether that is complete, and then is
// in it.
func (s *side) collect(f *fragment, body []byte, pool *Pool, it *Item) bool {
	i := s.find(f)
	if i < 0 {
		if int(s.count) == maxPartials {
			s.drop(0, pool)
		}
		i = int(s.count)
		s.partials[i] = pool.take(f, it.Record)
		s.count++
	}
	p := s.partials[i]
	p.add(uint32(f.offset), body)
	if p.have < p.wanted {
		return false
	}
	s.partials[0], s.partials[i] = s.partials[i], s.partials[0]
	s.returned = true
	it.Record = p.version
	it.Message.Body, it.Message.Split, it.Message.Cut = p.beginning(pool), true, p.wanted < p.total
	return true
}

// find returns the index of a fragment's message, or -1. One that claims another length is
// not the same.
func (s *side) find(f *fragment) int {
	return slices.IndexFunc(s.partials[:s.count], func(p *partial) bool {
		return p.seq == f.seq && p.typ == f.typ && p.total == uint32(f.total)
	})
}

// drop forgets a message.
func (s *side) drop(i int, pool *Pool) {
	pool.give(s.partials[i])
	copy(s.partials[i:], s.partials[i+1:s.count])
	s.count--
	s.partials[s.count] = nil
}

func (pool *Pool) take(f *fragment, version parse.Version) *partial {
	if len(pool.free) == 0 {
		pool.free = append(pool.free, new(partial))
	}
	last := len(pool.free) - 1
	p := pool.free[last]
	pool.free = pool.free[:last]
	most := parse.MaxMessage
	if f.typ == parse.TypeCertificate {
		most = parse.MaxCertificateMessage
	}
	*p = partial{
		typ: f.typ, seq: f.seq, version: version, total: uint32(f.total), wanted: uint32(min(f.total, most)),
		bytes: p.bytes[:0], spans: p.spans[:0],
	}
	return p
}

func (pool *Pool) give(p *partial) {
	if len(pool.free) < maxSpares && cap(p.bytes) <= maxSpare {
		pool.free = append(pool.free, p)
	}
}

// add adds the bytes at an offset, except for those that came before.
func (p *partial) add(offset uint32, b []byte) {
	first, end := offset, min(offset+uint32(len(b)), p.wanted)
	for i := 0; offset < end; {
		for i < len(p.spans) && p.spans[i].end() <= offset {
			i++
		}
		stop := end // where the missing bytes end
		if i < len(p.spans) {
			stop = min(end, p.spans[i].offset)
		}
		if stop > offset {
			if !p.put(&i, offset, b[offset-first:stop-first]) {
				return
			}
			offset = stop
		}
		if i < len(p.spans) {
			offset = max(offset, p.spans[i].end())
		}
	}
}

// put adds bytes that are missing in front of span i, and moves i so that it is the same
// span. It reports false if there are too many spans.
func (p *partial) put(i *int, offset uint32, b []byte) bool {
	at := uint32(len(p.bytes))
	if *i > 0 && p.spans[*i-1].end() == offset && p.spans[*i-1].at+p.spans[*i-1].length == at {
		p.spans[*i-1].length += uint32(len(b))
	} else if len(p.spans) < maxSpans {
		p.spans = slices.Insert(p.spans, *i, span{offset, at, uint32(len(b))})
		*i++
	} else {
		return false
	}
	p.bytes = append(p.bytes, b...)
	p.have += uint32(len(b))
	return true
}

// beginning returns the bytes of the message up to the first that is missing: a view, valid
// until the next call for any message of the Pool.
func (p *partial) beginning(pool *Pool) []byte {
	pool.whole = pool.whole[:0]
	for i, s := range p.spans {
		if int(s.offset) != len(pool.whole) {
			break
		}
		b := p.bytes[s.at : s.at+s.length]
		if i == 0 && len(p.spans) == 1 {
			return b
		}
		pool.whole = append(pool.whole, b...)
	}
	return pool.whole
}
