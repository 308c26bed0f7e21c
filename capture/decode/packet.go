package decode

import (
	"net/netip"

	"tlsfloor/capture/defrag"
	"tlsfloor/capture/encap"
)

// maxLayers bounds how many VLAN tags and tunnels a packet may be wrapped in.
// Mirrored cloud traffic needs three. Without a bound, an attacker could make one
// packet cost any time.
const maxLayers = 8

// Packet is the innermost TCP segment or UDP datagram of a frame. Decode overwrites
// every field whose description has no condition.
type Packet struct {
	// Time is the frame's capture time in nanoseconds since the Unix epoch.
	Time int64
	// Payload is what follows the TCP or UDP header: a view into the frame, or into
	// the decoder's buffer when the packet came in fragments. It is valid until the
	// next call to Decode.
	Payload []byte
	// Missing counts payload bytes that were on the wire but not captured, because of
	// the snapshot length. They follow Payload.
	Missing int
	// Source is the frame's Source.
	Source string

	Src, Dst         Addr
	Network          Network
	SrcPort, DstPort uint16
	Proto            uint8 // TCP or UDP
	V6               bool  // the innermost IP header is IPv6
	Word             Word
	SenderV6         bool // Sender is from an IPv6 header; valid when Sender is
	// Anomalies are those of the fragments that the packet came in. With a result
	// that is neither Segment nor Datagram, they belong to a TCP segment that is not
	// complete, and may never be. Its connection is then named by Src, Dst, SrcPort,
	// DstPort, V6, Network, Word and Layers, and Payload is empty.
	Anomalies Anomaly

	// TCP only.
	Flags    uint8
	Seq, Ack uint32 // Ack is valid when Flags has ACK
	// Lane tells connections apart that have the same addresses and ports. Decode leaves it:
	// it is for who knows the protocol. UDP only.
	Lane uint16

	// Sender is who sent the tunnel around the packet: the source of the IP header
	// that carries it. Of nested tunnels it is the outermost one's, unless that is
	// believed about everything and the next one's is not. It is valid unless Word is
	// LinkWord.
	Sender Addr

	// NumLayers is how many elements of Layers are valid, outermost first.
	NumLayers uint8
	Layers    [maxLayers]encap.Layer
}

// Addr is an IP address without a pointer, so that the garbage collector need not
// look at flow keys. An IPv4 address is held in its IPv4-mapped form (RFC 4291,
// 2.5.5.2); Packet.V6 distinguishes it from an IPv6 address that looks the same.
type Addr [16]byte

// Netip converts the address. v6 says that it came from an IPv6 header.
func (a Addr) Netip(v6 bool) netip.Addr {
	n := netip.AddrFrom16(a)
	if v6 {
		return n
	}
	return n.Unmap()
}

// The transports that Decode delivers, by their IP protocol numbers (RFC 5237).
const (
	TCP = 6
	UDP = 17
)

// TCP flags, in the bit positions of RFC 9293, 3.1.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	urg
)

// Anomaly is a set of oddities of the fragments that a packet came in, as bits.
type Anomaly = defrag.Anomaly

// The anomalies.
const (
	FragmentOverlap  = defrag.Overlap
	FragmentTiny     = defrag.Tiny
	FragmentConflict = defrag.Conflict
)

// Result is what Decode made of a frame.
type Result uint8

const (
	// Foreign: not TCP or UDP over IP, or a fragment of an incomplete packet.
	Foreign Result = iota
	// Segment: p holds a TCP segment.
	Segment
	// Datagram: p holds a UDP datagram.
	Datagram
	// UnknownLink: the frame's link type is not one that Decode reads.
	UnknownLink
	// Malformed: a header contradicts itself or ends early.
	Malformed
	// Disbelieved: it came in a tunnel whose sender is not believed about it. See
	// Trust.
	Disbelieved
)

var resultNames = [...]string{
	Foreign: "foreign", Segment: "segment", Datagram: "datagram",
	UnknownLink: "unknown_link", Malformed: "malformed", Disbelieved: "disbelieved",
}

// numResults is one more than the highest Result.
const numResults = len(resultNames)

// String names the result as metrics do.
func (r Result) String() string { return resultNames[r] }

// Network distinguishes flows that have the same addresses and ports but are in
// different networks. It is the path of VLANs and tunnels around a packet, outermost
// first, with the ids of virtual networks (VXLAN, GENEVE, NVGRE, PBB, LISP). Numbers
// that may differ between the two directions of one connection (GTP-U, GRE keys,
// ERSPAN sessions) are left out, and so are the tags and labels of a link: see
// encap.Layer.Network. Layers after the fourth are hashed into the last element.
type Network [4]uint32

// reset is written element by element because the compiler makes two stores of that;
// it makes a copy by way of the stack of an assignment of Network{}.
func (n *Network) reset() { n[0], n[1], n[2], n[3] = 0, 0, 0, 0 }

// add puts the nth layer of a path into the Network. The kind in the top byte keeps
// VLAN 5 and VNI 5 apart.
func (n *Network) add(nth int, k encap.Kind, id uint32) {
	id |= uint32(k) << 24
	if last := len(n) - 1; nth <= last {
		n[nth] = id
	} else {
		n[last] = fold(n[last], id)
	}
}

// fold mixes two numbers so that their order matters (a multiply-xorshift round). Two
// networks that differ only after the fourth id are equal by chance once in four
// billion.
func fold(a, b uint32) uint32 {
	h := (a ^ b>>16) * 0x85ebca6b
	h = (h ^ h>>13 ^ b) * 0xc2b2ae35
	return h ^ h>>16
}
