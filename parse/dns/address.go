package dns

import (
	"encoding/binary"
	"net/netip"
)

const (
	// MaxAnswers bounds the records of one message that AppendAddresses looks
	// at. Resolvers give a dozen; a hostile message of 64 kB holds 5000.
	MaxAnswers = 128
	// MaxAddresses bounds what AppendAddresses appends for one message.
	MaxAddresses = 128
	// maxHints bounds the addresses of one hint.
	maxHints = 32
	// maxAliases bounds a chain of CNAME records, loops included.
	maxAliases = 16
)

// Address is an address given for the name asked for.
type Address struct {
	Addr netip.Addr
	TTL  uint32 // seconds: the least of the address and the aliases that led to it
}

// AppendAddresses appends to dst the addresses that the answer section gives
// for the name in the question: A and AAAA records, and the hints of SVCB and
// HTTPS records (RFC 9460, 7.3), of that name or of the one its CNAME records
// lead to, in the order of the message. Records of any other name are nobody's
// answer and are passed over.
//
// Nothing is appended for a query, and for a response that reports an error.
// At most MaxAddresses are appended. dst grows by what it needs, nothing else is
// allocated.
func (m *Message) AppendAddresses(dst []Address) []Address {
	if !m.Response || m.Opcode != 0 || m.RCode != 0 || m.QClass != ClassIN {
		return dst
	}
	var c chain
	if !c.follow(m) {
		return dst
	}
	answers, most := m.firstAnswers(), len(dst)+MaxAddresses
	for r := (Record{}); len(dst) < most && answers.Next(&r); {
		if r.Class == ClassIN && isName(c.name(), r.msg, r.name) {
			dst = appendRecord(dst, &r, min(r.TTL, c.ttl))
		}
	}
	return dst[:min(len(dst), most)]
}

// firstAnswers is Answers, bounded.
func (m *Message) firstAnswers() Answers {
	a := m.Answers()
	a.left = min(a.left, MaxAnswers)
	return a
}

// chain is where the aliases of a name lead. It holds its name by value: a slice
// into itself would move it to the heap.
type chain struct {
	buf     [maxText]byte
	length  int    // of the name in buf
	ttl     uint32 // the least TTL on the way
	aliases int
}

func (c *chain) name() []byte { return c.buf[:c.length] }

// follow starts at the question's name and goes to the end of its aliases.
// Records come in order from nearly every server, so that two passes do;
// otherwise each pass makes at least one step, and the steps are bounded.
func (c *chain) follow(m *Message) bool {
	name, ok := m.AppendQuestion(c.buf[:0])
	if !ok {
		return false
	}
	c.length, c.ttl = len(name), 1<<32-1
	for before := -1; before != c.aliases && c.aliases <= maxAliases; {
		before = c.aliases
		if !c.pass(m.firstAnswers()) {
			return false
		}
	}
	return c.aliases <= maxAliases
}

// pass takes the aliases that it meets. It returns false if one of them leads
// to a name that is not one.
func (c *chain) pass(answers Answers) bool {
	for r := (Record{}); c.aliases <= maxAliases && answers.Next(&r); {
		if r.Type != CNAME || r.Class != ClassIN || !isName(c.name(), r.msg, r.name) {
			continue
		}
		name, ok := r.AppendTarget(c.buf[:0])
		if !ok {
			return false
		}
		c.length, c.ttl = len(name), min(c.ttl, r.TTL)
		c.aliases++
	}
	return true
}

// appendRecord appends the addresses that a record holds.
func appendRecord(dst []Address, r *Record, ttl uint32) []Address {
	switch {
	case r.Type == A && len(r.Data) == 4, r.Type == AAAA && len(r.Data) == 16:
		return appendPacked(dst, r.Data, len(r.Data), ttl)
	case r.Type == SVCB, r.Type == HTTPS:
		return appendHints(dst, r.Data, ttl)
	}
	return dst
}

// SvcParamKeys that hold addresses (RFC 9460, 14.3.2).
const (
	ipv4Hint = 4
	ipv6Hint = 6
)

// appendHints appends the addresses in the parameters of an SVCB or HTTPS
// record. The target's name in front of them is not compressed (RFC 9460, 2.2).
func appendHints(dst []Address, data []byte, ttl uint32) []Address {
	if len(data) < 2 {
		return dst
	}
	end, ok := skipName(data, 2)
	if !ok {
		return dst
	}
	last := -1 // keys rise, each comes once (RFC 9460, 2.2)
	for params := data[end:]; len(params) >= 4; {
		key := int(binary.BigEndian.Uint16(params))
		length := int(binary.BigEndian.Uint16(params[2:]))
		if params = params[4:]; len(params) < length || key <= last {
			return dst
		}
		dst = appendParam(dst, key, params[:length], ttl)
		params, last = params[length:], key
	}
	return dst
}

func appendParam(dst []Address, key int, value []byte, ttl uint32) []Address {
	switch key {
	case ipv4Hint:
		return appendPacked(dst, value[:min(len(value), 4*maxHints)], 4, ttl)
	case ipv6Hint:
		return appendPacked(dst, value[:min(len(value), 16*maxHints)], 16, ttl)
	}
	return dst
}

// appendPacked appends addresses of size bytes each. An IPv4-mapped IPv6
// address is appended as the IPv4 address that a client would connect to.
func appendPacked(dst []Address, packed []byte, size int, ttl uint32) []Address {
	for ; len(packed) >= size; packed = packed[size:] {
		if addr, ok := netip.AddrFromSlice(packed[:size]); ok {
			dst = append(dst, Address{Addr: addr.Unmap(), TTL: ttl})
		}
	}
	return dst
}
