package names

// Network is the path of tags and tunnels around a packet, outermost first. The zero
// value is no tag and no tunnel. Two are equal when the paths are the same. That is
// exact for up to four tags and tunnels; deeper ones are hashed into the last element,
// which never equals one that is not hashed.
//
// Names are kept by network: a DNS answer names only flows in the network in which the
// answer was captured. Otherwise one datagram to the port of a tunnel could name every
// flow, and the names of two mirrored networks with the same addresses would mix. The
// number of the virtual network alone would not do: a GRE packet has none, and anyone
// can send one.
type Network [4]uint32

// An element has two flags in its highest bits, the kind in the next 6, and a number of
// 24 bits.
const (
	tag    = 1 << 31
	folded = 1 << 30
)

// AddTag adds a tag of the link layer, such as a VLAN's, inside the path so far. kind
// is the kind of tag, less than 64.
func (n *Network) AddTag(kind uint8, id uint32) { n.add(tag | uint32(kind)<<24 | id&0xffffff) }

// AddTunnel adds a tunnel inside the path so far. kind is the protocol, more than 0 and
// less than 64. id is 0 when the protocol has no number that is the same in both
// directions.
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

// tunnels returns the network without its tags. The two directions of an exchange may
// have different tags, or only one may have any, in captures of SPAN ports, packet
// brokers and routers. An attacker who can send tagged frames is on the link itself.
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

// networks is a set of networks of constant size: bits by a fixed hash. It may have
// networks that were not added, but never lacks one that was. So networks that an
// attacker makes up take no memory.
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
