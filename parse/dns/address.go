package dns

import (
	"encoding/binary"
	"net/netip"
)

const (
	// MaxAnswers bounds the records of one message that AppendAddresses looks
	// at: as many aliases and addresses as it takes, and their signatures
	// (RFC 4034, 3). A hostile message of 64 kB holds 5000 records.
	MaxAnswers = 64
	// MaxAddresses bounds what AppendAddresses appends for one message. S3 gives
	// 8 addresses, and the largest round-robin sets some 30.
	MaxAddresses = 32
	// maxHints bounds the addresses of one hint.
	maxHints = 32
	// maxAliases bounds the CNAME records of a message, and so a chain of them.
	maxAliases = 16
	// maxComparisons bounds the names that are compared to follow the aliases.
	// One comparison finds each in the order in which servers send them, and 65
	// are enough for eight in reverse order. Without a bound, 16 of them with
	// names as long as names get cost 257 comparisons of 255 bytes.
	maxComparisons = 72
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
	owner := ownerMatcher{name: c.name()}
	answers, most := m.firstAnswers(), len(dst)+MaxAddresses
	for r := (Record{}); len(dst) < most && answers.Next(&r); {
		if r.Class == ClassIN && holdsAddresses(r.Type) && owner.matches(&r) {
			dst = appendRecord(dst, &r, min(r.TTL, c.ttl))
		}
	}
	return dst[:min(len(dst), most)]
}

// ownerMatcher compares the owners of records with one name.
type ownerMatcher struct {
	name  []byte
	known uint16 // a compression pointer that leads to name; 0: none is known
}

// matches reports whether name is the owner of r. The records of one name all
// point to the same place in the message, so that only the first is compared.
func (o *ownerMatcher) matches(r *Record) bool {
	at := binary.BigEndian.Uint16(r.msg[r.name:]) // the record's fixed part follows: there are two bytes
	if at>>8 >= pointer && at == o.known {
		return true
	}
	if !isName(o.name, r.msg, r.name) {
		return false
	}
	if at>>8 >= pointer {
		o.known = at
	}
	return true
}

func holdsAddresses(t Type) bool {
	return t == A || t == AAAA || t == SVCB || t == HTTPS
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
	aliases [maxAliases]alias
	count   int // of aliases
}

// alias is a CNAME record: where in the message its owner and its target lie.
type alias struct {
	owner, target int
	ttl           uint32
}

func (c *chain) name() []byte { return c.buf[:c.length] }

// follow starts at the question's name and goes to the end of its aliases. It
// returns false where that is not reached within the bounds, and where an alias
// leads to a malformed name.
func (c *chain) follow(m *Message) bool {
	name, ok := m.AppendQuestion(c.buf[:0])
	if !ok || !c.collect(m.firstAnswers()) {
		return false
	}
	c.length, c.ttl = len(name), 1<<32-1
	followed, compared := 0, 0
	for at, misses := 0, 0; misses < c.count; at = (at + 1) % c.count {
		if compared++; compared > maxComparisons {
			return false
		}
		if a := &c.aliases[at]; !isName(c.name(), m.raw, a.owner) {
			misses++
		} else if followed++; followed > maxAliases || !c.step(m, a) {
			return false
		} else {
			misses = 0
		}
	}
	return true
}

// collect finds the CNAME records. It returns false if there are too many.
func (c *chain) collect(answers Answers) bool {
	for r := (Record{}); answers.Next(&r); {
		if r.Type != CNAME || r.Class != ClassIN {
			continue
		}
		if c.count == maxAliases {
			return false
		}
		c.aliases[c.count] = alias{r.name, r.data, r.TTL}
		c.count++
	}
	return true
}

// step goes to where an alias leads.
func (c *chain) step(m *Message, a *alias) bool {
	name, ok := appendName(c.buf[:0], m.raw, a.target)
	c.length, c.ttl = len(name), min(c.ttl, a.ttl)
	return ok
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
