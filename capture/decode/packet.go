package decode

import (
	"net/netip"

	"tlsfloor/capture/defrag"
)

// MaxLayers bounds how many VLAN tags and tunnels a packet may be wrapped in.
// Mirrored cloud traffic needs three; an attacker would nest without end.
const MaxLayers = 8

// Addr is an IP address without a pointer, so that flow keys made of it cost
// the garbage collector nothing. An IPv4 address is held in its IPv4-mapped
// form (RFC 4291, 2.5.5.2); Packet.V6 tells it from a real IPv6 one.
type Addr [16]byte

// Netip converts the address. v6 says that it came from an IPv6 header.
func (a Addr) Netip(v6 bool) netip.Addr {
	n := netip.AddrFrom16(a)
	if v6 {
		return n
	}
	return n.Unmap()
}

// Proto is an IP protocol number (RFC 5237).
type Proto uint8

// The transports that Decode delivers.
const (
	TCP Proto = 6
	UDP Proto = 17
)

// TCP flags, in the bit positions of RFC 9293, 3.1.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// LayerKind is an encapsulation around the innermost IP packet.
type LayerKind uint8

// The encapsulations, with the name each has in an event's "tunnels".
const (
	LayerVLAN       LayerKind = iota + 1 // 802.1Q and 802.1ad; ID is the VLAN id; listed in "vlan", not in "tunnels"
	LayerMPLS                            // "mpls": ID is the bottom label
	LayerPPPoE                           // "pppoe": ID is the session
	LayerGRE                             // "gre": ID is the key, if any
	LayerNVGRE                           // "nvgre": ID is the VSID
	LayerERSPAN                          // "erspan": ID is the session
	LayerIPIP                            // "ipip": IPv4 in IPv4, IPv6 in IPv6, IPv4 in IPv6
	Layer6in4                            // "6in4"
	LayerTeredo                          // "teredo"
	LayerVXLAN                           // "vxlan": ID is the VNI
	LayerGENEVE                          // "geneve": ID is the VNI
	LayerGTPU                            // "gtpu": ID is the TEID
	LayerCiscoMeta                       // "cmd"
	LayerPPTP                            // "pptp": GRE version 1 (RFC 2637); ID is the call
	LayerL2TP                            // "l2tp": ID is the session
	LayerPBB                             // "pbb": 802.1ah; ID is the I-SID
	LayerNSH                             // "nsh": RFC 8300; ID is the service path
	LayerLISP                            // "lisp": ID is the instance, if any
	LayerGUE                             // "gue"
	LayerEtherIP                         // "etherip": RFC 3378, and Ethernet in SRv6 (RFC 8986, 4.9)
	LayerEoIP                            // "eoip": MikroTik; ID is the tunnel
	LayerCAPWAP                          // "capwap"
	LayerTZSP                            // "tzsp": TaZmen Sniffer Protocol
	LayerHPERM                           // "hperm": remote mirroring of HP and Aruba switches
	LayerJMirror                         // "jmirror": Juniper packet mirroring; ID is the mirror
	LayerVNTag                           // "vntag": Cisco; ID is the adapter's virtual interface
	LayerETag                            // "etag": 802.1BR; ID is the E-CID
	LayerFabricPath                      // "fabricpath": Cisco
	LayerTRILL                           // "trill": RFC 6325
	LayerMACsec                          // "macsec": 802.1AE, where it does not encrypt
	LayerTTag                            // "ttag": Cisco timestamp tag
	LayerArista                          // "arista": Arista timestamp header
	LayerRTag                            // "rtag": 802.1CB
	LayerHSR                             // "hsr": IEC 62439-3
)

// Layer is one encapsulation. HasID is false where the protocol carries no
// number, or carried none here. Tunnel says that an IP packet carries it: it has a
// sender, who may be anywhere, and MPLS in UDP is one where MPLS on a link is not.
type Layer struct {
	ID     uint32
	Kind   LayerKind
	HasID  bool
	Tunnel bool
}

// Network tells apart flows whose addresses and ports agree but that live in
// different networks: the path of VLANs and tunnels around a packet, outermost
// first, with the ids of virtual networks (VXLAN, GENEVE, NVGRE, PBB, LISP).
// Numbers that may differ between the two directions of one connection (GTP-U,
// GRE keys, ERSPAN sessions) are left out, and so are the tags and labels of a
// link (MPLS, PPPoE, VN-Tag, 802.1BR). Beyond four, layers are folded into the
// last element.
type Network [4]uint32

// Anomaly is a set of oddities of the fragments that a packet came in, as bits.
type Anomaly = defrag.Anomaly

// The anomalies.
const (
	FragmentOverlap  = defrag.Overlap
	FragmentTiny     = defrag.Tiny
	FragmentConflict = defrag.Conflict
)

// Packet is the innermost TCP segment or UDP datagram of a frame. Decode
// overwrites every field that is documented without a condition.
type Packet struct {
	// Time is the frame's capture time in nanoseconds since the Unix epoch.
	Time int64
	// Payload is what follows the TCP or UDP header: a view into the frame, or
	// into the decoder's reassembly buffer when the packet came in fragments.
	// Either way it is valid until the next call to Decode.
	Payload []byte
	// Missing counts payload bytes that were on the wire but not captured (the
	// snapshot length cut them). They follow Payload.
	Missing int
	// Source is the frame's Source.
	Source string

	Src, Dst         Addr
	Network          Network
	SrcPort, DstPort uint16
	Proto            Proto
	V6               bool // the innermost IP header is IPv6
	Word             Word
	SenderV6         bool // Sender is of an IPv6 header; valid as Sender is
	// Anomalies are those of the fragments that the packet came in. With a result
	// that is neither Segment nor Datagram they are of a TCP segment that is not
	// whole, or never will be: Src, Dst, SrcPort, DstPort, V6, Network, Word and
	// Layers name its connection, and Payload is empty.
	Anomalies Anomaly

	// TCP only.
	Flags    uint8
	Seq, Ack uint32 // Ack is valid when Flags has ACK

	// Sender is who sent the tunnel around the packet: the source of the IP header
	// that carries it. Of tunnels in tunnels it is the outermost, unless that is
	// believed about everything and the next is not. It is valid unless Word is
	// LinkWord.
	Sender Addr

	// NumLayers is how many elements of Layers are valid, outermost first.
	NumLayers uint8
	Layers    [MaxLayers]Layer
}

// Result is what Decode made of a frame.
type Result uint8

const (
	// Foreign: not TCP or UDP over IP, or a fragment that waits for others.
	Foreign Result = iota
	// Segment: p holds a TCP segment.
	Segment
	// Datagram: p holds a UDP datagram.
	Datagram
	// UnknownLink: the frame's link type is not one Decode reads.
	UnknownLink
	// Malformed: a header contradicts itself or ends early.
	Malformed
	// Disbelieved: it came in a tunnel whose sender is not believed about it. See
	// Trust.
	Disbelieved
)
