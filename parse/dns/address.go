package dns

import (
	"encoding/binary"
	"net/netip"
)

const (
	// maxAnswers bounds the records that are read of one message: room for the
	// aliases and addresses of a name, and their signatures (RFC 4034, 3). A
	// hostile message of 64 kB has 5,000 records.
	maxAnswers = 64
	// maxAddresses bounds what AppendAddresses appends for one message. S3 has 8
	// addresses in a response, and the largest round-robin sets have some 30.
	maxAddresses = 32
	// maxHints bounds the addresses of one hint.
	maxHints = 32
	// maxAliases bounds the CNAME records of a message.
	maxAliases = 16
	// maxComparisons bounds how many names are compared to follow the aliases. In
	// the order in which servers send them, each alias takes one comparison; eight
	// in reverse order take 65. Without a bound, 16 aliases take up to 257
	// comparisons of 255 bytes.
	maxComparisons = 72
)

// Address is an address of the name in the question.
type Address struct {
	Addr netip.Addr
	TTL  uint32 // seconds: the least of the address's and those of the aliases that led to it
}

// AppendAddresses appends to dst the addresses in the answer section for the name in
// the question: those of A and AAAA records, and the hints of SVCB and HTTPS records
// (RFC 9460, 7.3), of that name or of the one its CNAME records lead to, in the order
// of the message. Records of other names do not count.
//
// For a query, and for a response with an error, nothing is appended. At most
// maxAddresses are appended. Nothing but dst's growth is allocated.
func (m *Message) AppendAddresses(dst []Address) []Address {
	if !m.Response || m.Opcode != 0 || m.RCode != 0 || m.QClass != classIN {
		return dst
	}
	var c chain
	if !c.follow(m) {
		return dst
	}
	owner := ownerMatcher{name: c.name()}
	section, most := m.answers(), len(dst)+maxAddresses
	for r := (record{}); len(dst) < most && section.next(&r); {
		if r.Class == classIN && holdsAddresses(r.Type) && owner.matches(&r) {
			dst = appendRecord(dst, &r, min(r.TTL, c.ttl))
		}
	}
	return dst[:min(len(dst), most)]
}

// ownerMatcher compares the owners of records with one name.
type ownerMatcher struct {
	name  []byte
	known uint16 // a compression pointer to name; 0: none is known
}

// matches reports whether name is the owner of r. As a rule, all records of a name
// have the same compression pointer, so that only the first is compared.
func (o *ownerMatcher) matches(r *record) bool {
	at := binary.BigEndian.Uint16(r.msg[r.name:]) // two bytes are there: the record's fixed part follows the name
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
	return t == typeA || t == typeAAAA || t == SVCB || t == HTTPS
}

// chain follows the aliases of a name. The name is an array in it, because a slice
// of itself would move it to the heap.
type chain struct {
	buf     [maxText]byte
	length  int    // of the name in buf
	ttl     uint32 // the least TTL of the aliases that were followed
	aliases [maxAliases]alias
	count   int // of aliases
}

// alias is a CNAME record: where in the message its owner and its target are.
type alias struct {
	owner, target int
	ttl           uint32
}

func (c *chain) name() []byte { return c.buf[:c.length] }

// follow starts at the question's name and follows its aliases to the last. It
// returns false when that exceeds a bound, or an alias leads to a malformed name.
func (c *chain) follow(m *Message) bool {
	name, ok := m.AppendQuestion(c.buf[:0])
	if !ok || !c.collect(m.answers()) {
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
func (c *chain) collect(section answers) bool {
	for r := (record{}); section.next(&r); {
		if r.Type != typeCNAME || r.Class != classIN {
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

// step makes the target of an alias the current name.
func (c *chain) step(m *Message, a *alias) bool {
	name, ok := appendName(c.buf[:0], m.raw, a.target)
	c.length, c.ttl = len(name), min(c.ttl, a.ttl)
	return ok
}

// appendRecord appends the addresses in a record.
func appendRecord(dst []Address, r *record, ttl uint32) []Address {
	switch {
	case r.Type == typeA && len(r.Data) == 4, r.Type == typeAAAA && len(r.Data) == 16:
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
// record. The target's name before them is not compressed (RFC 9460, 2.2).
func appendHints(dst []Address, data []byte, ttl uint32) []Address {
	if len(data) < 2 {
		return dst
	}
	end, ok := skipName(data, 2)
	if !ok {
		return dst
	}
	last := -1 // keys are in ascending order, without duplicates (RFC 9460, 2.2)
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
