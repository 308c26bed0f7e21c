package names

// Network is where a packet was seen: what it was wrapped in, outermost first.
// The zero value is a packet in nothing. Two are equal when they are the same
// path, exactly so for up to four tags and tunnels; what is deeper is folded
// into the last element, which never equals one that was not folded.
//
// Names are kept by network. A DNS answer names flows that were seen in the
// network that carried it, and no others: one datagram to the port of a tunnel
// would otherwise name every flow, and two mirrored networks that use the same
// addresses would mix their names. It has to be the whole path, not only the
// virtual network's number: a GRE packet has none, and can be sent by anyone.
type Network [4]uint32

// An element is the kind in its top byte, below two bits that are said here, and
// a number of 24 bits.
const (
	tag    = 1 << 31
	folded = 1 << 30
)

// AddTag adds a tag of the link, such as a VLAN's, inside of what there is. kind,
// less than 64, tells sorts of tags apart.
func (n *Network) AddTag(kind uint8, id uint32) { n.add(tag | uint32(kind)<<24 | id&0xffffff) }

// AddTunnel adds a tunnel inside of what there is. kind is more than 0 and less
// than 64, and tells protocols apart. id is 0 where the protocol has no number
// that is the same in both directions.
func (n *Network) AddTunnel(kind uint8, id uint32) { n.add(uint32(kind)<<24 | id&0xffffff) }

func (n *Network) add(element uint32) {
	for i := range n {
		if n[i] == 0 {
			n[i] = element
			return
		}
	}
	last := &n[len(n)-1]
	h := (*last ^ element>>16) * 0x85ebca6b // a multiply-xorshift round: the order matters
	h = (h ^ h>>13 ^ element) * 0xc2b2ae35
	*last = folded | (h^h>>16)&^(tag|folded)
}

// tunnels is the network without its tags. The two directions of an exchange
// may have different tags, or one of them none: SPAN ports, packet brokers and
// routers leave such captures. Who can send tagged frames is on the link itself.
func (n Network) tunnels() (without Network) {
	if n == (Network{}) {
		return n
	}
	for _, element := range n {
		if element != 0 && element&tag == 0 {
			without.add(element)
		}
	}
	return without
}

// networks is a set of networks that errs towards having one: bits by a fixed
// hash, so that who makes up networks costs no memory.
type networks [64]uint64

func (s *networks) bit(n Network) (word *uint64, mask uint64) {
	h := uint64(14695981039346656037) // FNV-1a, by words
	for _, element := range n {
		h = (h ^ uint64(element)) * 1099511628211
	}
	return &s[h>>58], 1 << (h >> 52 & 63)
}

func (s *networks) add(n Network) {
	word, mask := s.bit(n)
	*word |= mask
}

func (s *networks) has(n Network) bool {
	word, mask := s.bit(n)
	return *word&mask != 0
}
