package encap

import "strconv"

// Kind is a kind of encapsulation.
type Kind uint8

// The encapsulations, with the name that each has in an event's "tunnels".
const (
	VLAN       Kind = iota + 1 // 802.1Q and 802.1ad; ID is the VLAN id; listed in "vlan", not in "tunnels"
	MPLS                       // "mpls": ID is the bottom label
	PPPoE                      // "pppoe": ID is the session
	GRE                        // "gre": ID is the key, if any
	NVGRE                      // "nvgre": ID is the VSID
	ERSPAN                     // "erspan": ID is the session
	IPIP                       // "ipip": IPv4 in IPv4, IPv6 in IPv6, IPv4 in IPv6
	SixInFour                  // "6in4"
	Teredo                     // "teredo"
	VXLAN                      // "vxlan": ID is the VNI
	GENEVE                     // "geneve": ID is the VNI
	GTPU                       // "gtpu": ID is the TEID
	CiscoMeta                  // "cmd"
	PPTP                       // "pptp": GRE version 1 (RFC 2637); ID is the call
	L2TP                       // "l2tp": ID is the session
	PBB                        // "pbb": 802.1ah; ID is the I-SID
	NSH                        // "nsh": RFC 8300; ID is the service path
	LISP                       // "lisp": ID is the instance, if any
	GUE                        // "gue"
	EtherIP                    // "etherip": RFC 3378, and Ethernet in SRv6 (RFC 8986, 4.9)
	EoIP                       // "eoip": MikroTik; ID is the tunnel
	CAPWAP                     // "capwap"
	TZSP                       // "tzsp": TaZmen Sniffer Protocol
	HPERM                      // "hperm": remote mirroring of HP and Aruba switches
	JMirror                    // "jmirror": Juniper packet mirroring; ID is the mirror
	VNTag                      // "vntag": Cisco; ID is the adapter's virtual interface
	ETag                       // "etag": 802.1BR; ID is the E-CID
	FabricPath                 // "fabricpath": Cisco
	TRILL                      // "trill": RFC 6325
	MACsec                     // "macsec": 802.1AE, where it does not encrypt
	TTag                       // "ttag": Cisco timestamp tag
	Arista                     // "arista": Arista timestamp header
	RTag                       // "rtag": 802.1CB
	HSR                        // "hsr": IEC 62439-3
)

var kindNames = [...]string{
	VLAN: "vlan", MPLS: "mpls", PPPoE: "pppoe", GRE: "gre", NVGRE: "nvgre", ERSPAN: "erspan",
	IPIP: "ipip", SixInFour: "6in4", Teredo: "teredo", VXLAN: "vxlan", GENEVE: "geneve", GTPU: "gtpu",
	CiscoMeta: "cmd", PPTP: "pptp", L2TP: "l2tp", PBB: "pbb", NSH: "nsh", LISP: "lisp", GUE: "gue",
	EtherIP: "etherip", EoIP: "eoip", CAPWAP: "capwap", TZSP: "tzsp", HPERM: "hperm", JMirror: "jmirror",
	VNTag: "vntag", ETag: "etag", FabricPath: "fabricpath", TRILL: "trill", MACsec: "macsec",
	TTag: "ttag", Arista: "arista", RTag: "rtag", HSR: "hsr",
}

// NumKinds is one more than the highest Kind.
const NumKinds = len(kindNames)

// String returns the encapsulation's name, as in an event's "tunnels".
func (k Kind) String() string { return kindNames[k] }

// OfLink reports whether an encapsulation belongs to a link, and not to a network
// or a tunnel: a tag, label or session that may differ between the two directions
// of a connection, and that nobody can send from beyond the link. MPLS that an IP
// packet carries is a tunnel all the same: see Layer.Tunnel.
func (k Kind) OfLink() bool {
	switch k {
	case MPLS, PPPoE, CiscoMeta, VNTag, ETag, FabricPath, TRILL, MACsec, TTag, Arista, RTag, HSR:
		return true
	}
	return false
}

// Layer is one encapsulation around a packet.
type Layer struct {
	ID     uint32
	Kind   Kind
	HasID  bool // false where the protocol has no number, or this header had none
	Tunnel bool // an IP packet carries it, and so it has a sender, who may be anywhere
}

// Network returns what the layer adds to the path that names a packet's network; ok
// is false where it adds nothing. A tunnel counts even if it has no number, or one
// that differs between the directions: whoever sends one datagram to a tunnel's port
// must not be able to put bytes into connections outside the tunnel. A VLAN id of 0
// is a priority tag, not a VLAN (IEEE 802.1Q, 9.6), and its layer has no ID.
func (l Layer) Network() (id uint32, ok bool) {
	switch l.Kind {
	case VLAN, PBB:
		return l.ID, l.HasID
	case VXLAN, GENEVE, NVGRE, LISP:
		return l.ID, true
	}
	return 0, l.Tunnel || !l.Kind.OfLink()
}

// AppendText appends the layer as an event's "tunnels" has it: the name, and after a
// colon the number in decimal if there is one: "vxlan:77".
func (l Layer) AppendText(dst []byte) []byte {
	dst = append(dst, l.Kind.String()...)
	if l.HasID {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(l.ID), 10)
	}
	return dst
}

// String returns what AppendText appends.
func (l Layer) String() string { return string(l.AppendText(nil)) }
