package decode

// UnreadKind says which number names what Decode did not read.
type UnreadKind uint8

const (
	// UnreadEtherType: an EtherType, also one inside a tunnel.
	UnreadEtherType UnreadKind = iota
	// UnreadProtocol: an IP protocol number.
	UnreadProtocol
	// UnreadLink: a link type of the capture (LINKTYPE_).
	UnreadLink
	// UnreadUDPPort: the UDP port of a tunnel whose datagrams were delivered as
	// they are.
	UnreadUDPPort
)

// NumUnreadKinds is one more than the highest UnreadKind.
const NumUnreadKinds = int(UnreadUDPPort) + 1

// maxUnread bounds the list that Stats.Unread returns. Its tail is counted in
// Stats.UnreadFrames all the same.
const maxUnread = 64

// Unread is something that may carry TCP connections, that frames held, and
// that Decode cannot read. Protocols that never carry the IP packets of hosts
// (ARP, LLDP, OSPF and the like) are not counted.
type Unread struct {
	Kind   UnreadKind
	Number uint32
	Count  uint64 // frames

	wireGuard bool // a UDP port, with datagrams that have WireGuard's form
}

// Name returns the registered name of the number ("ESP", "MACsec"), or "". For
// a UDP port it is the name of the protocol that its datagrams look like.
func (u Unread) Name() string {
	switch u.Kind {
	case UnreadEtherType:
		return etherTypeNames[uint16(u.Number)]
	case UnreadProtocol:
		return protocolNames[uint8(u.Number)]
	case UnreadLink:
		return linkTypeNames[uint16(u.Number)]
	}
	if u.wireGuard {
		return "WireGuard"
	}
	return udpPortNames[uint16(u.Number)]
}

// counts has a counter for each 16-bit number, in pages made when the first
// number of a page is counted: whatever numbers an attacker sends, the pages
// are at most 512 KiB, and no number pushes out another one.
type counts [256]*[256]uint64

func (c *counts) add(number uint16) {
	page := c[number>>8]
	if page == nil {
		page = new([256]uint64)
		c[number>>8] = page
	}
	page[number&0xff]++
}

// each calls f with every number that was counted.
func (c *counts) each(f func(number uint32, n uint64)) {
	for high, page := range c {
		if page == nil {
			continue
		}
		for low, n := range page {
			if n != 0 {
				f(uint32(high<<8|low), n)
			}
		}
	}
}

// unread counts what was not read.
type unread struct {
	total     [NumUnreadKinds]uint64
	numbers   [NumUnreadKinds]counts
	wireGuard counts // by port, whatever the port
}

func (u *unread) add(kind UnreadKind, number uint16) {
	u.total[kind]++
	u.numbers[kind].add(number)
}

func (u *unread) addWireGuard(port uint16) {
	u.total[UnreadUDPPort]++
	u.wireGuard.add(port)
}

// list writes the most frequent of what was counted to dst, in falling order,
// and returns how many they are.
func (u *unread) list(dst *[maxUnread]Unread) (n int) {
	for kind := range u.numbers {
		if u.total[kind] == 0 {
			continue
		}
		u.numbers[kind].each(func(number uint32, count uint64) {
			n = insertUnread(dst, n, Unread{Kind: UnreadKind(kind), Number: number, Count: count})
		})
	}
	if u.total[UnreadUDPPort] != 0 {
		u.wireGuard.each(func(number uint32, count uint64) {
			n = insertUnread(dst, n, Unread{Kind: UnreadUDPPort, Number: number, Count: count, wireGuard: true})
		})
	}
	return n
}

// insertUnread puts e where it belongs among the first n of list, of which the
// last is left out when they are too many. Equals stay in the order they came.
func insertUnread(list *[maxUnread]Unread, n int, e Unread) int {
	if n == maxUnread {
		if list[n-1].Count >= e.Count {
			return n
		}
		n--
	}
	i := n
	for ; i > 0 && list[i-1].Count < e.Count; i-- {
		list[i] = list[i-1]
	}
	list[i] = e
	return n + 1
}

// unreadEtherType ends the decoding at an EtherType that has no stage.
func (d *Decoder) unreadEtherType(t uint16) stage {
	if !quietEtherType(t) {
		d.unread.add(UnreadEtherType, t)
	}
	return d.end(Foreign)
}

// unreadProtocol ends the decoding at an IP protocol that has no stage.
func (d *Decoder) unreadProtocol() stage {
	if !quietProtocol(d.protocol) {
		d.unread.add(UnreadProtocol, uint16(d.protocol))
	}
	return d.end(Foreign)
}

// quietEtherType reports whether frames of the EtherType cannot carry the IP
// packets of hosts: address resolution, link control, clocks, storage and field
// buses, network protocols from before IP, and control protocols of GRE.
func quietEtherType(t uint16) bool {
	switch t {
	case 0x0000, 0x00fe, 0x2000, 0x2001, // keepalives, OSI, CDP and NHRP in GRE
		0x0806, 0x8035, // ARP, RARP
		0x0842,         // Wake-on-LAN
		0x2003, 0x2004, // VTP, DTP
		0x22ea, 0x22f0, 0x22f4, 0x8946, // MSRP, AVTP, IS-IS of TRILL
		0x6000, 0x6001, 0x6002, 0x6003, 0x6004, 0x6007, // DEC
		0x8037, 0x8137, 0x8138, 0x809b, 0x80f3, 0x80c4, // IPX, AppleTalk, its ARP, VINES
		0x8808, 0x8809, 0x880c, // MAC control, slow protocols (LACP, OAM), GSMP
		0x8819, 0x8863, // CobraNet, discovery of PPPoE
		0x886d, 0x8870, // probes of teamed cards
		0x887b, 0x88e1, 0x8912, // HomePlug's management
		0x888e, 0x88c7, // EAPOL, pre-authentication
		0x8892, 0x88a4, 0x88ab, 0x88cd, 0x88d8, 0x88dc, 0x88f8, // PROFINET, EtherCAT, POWERLINK, SERCOS, CESoE, NC-SI
		0x8899,                         // loop detection of Realtek's chips
		0x88a2, 0x8906, 0x8914, 0x8915, // AoE, FCoE, FIP, RoCE
		0x88b8, 0x88b9, 0x88ba, // IEC 61850
		0x88ca, 0x88cc, // TIPC, LLDP
		0x88e3, 0x88f5, 0x88f6, 0x88f7, 0x88fb, // MRP, MVRP, MMRP, PTP, PRP
		0x8902, 0x890d, 0x8929, // CFM, TDLS, MIRP
		0x8917, 0x8940, 0xb7ea, // 802.21, ECP, control channel of GRE
		0x9000, 0x9003: // loopback
		return true
	}
	return false
}

// quietProtocol reports whether packets of the IP protocol carry no TCP.
func quietProtocol(p uint8) bool {
	switch p {
	case 1, 2, protoICMPv6, 59, // ICMP, IGMP, no next header
		3, 8, 9, 46, 88, 89, 103, 112, 113, 124, // GGP, EGP, IGP, RSVP, EIGRP, OSPF, PIM, VRRP, PGM, IS-IS
		27, 33, 132, 136, // RDP, DCCP, SCTP, UDP-Lite
		105, 130, 134, 138: // SCPS, SPS, RSVP-E2E-IGNORE, MANET
		return true
	}
	return false
}
