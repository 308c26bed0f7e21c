package decode

import "tlsfloor/capture/encap"

// UnreadKind is the kind of number that names what Decode did not read.
type UnreadKind uint8

const (
	// UnreadEtherType: an EtherType, also one inside a tunnel.
	UnreadEtherType UnreadKind = iota
	// UnreadProtocol: an IP protocol number.
	UnreadProtocol
	// UnreadLink: a link type of the capture (LINKTYPE_).
	UnreadLink
	// UnreadUDPPort: the UDP port of a tunnel. Its datagrams were delivered as they
	// are.
	UnreadUDPPort
)

// NumUnreadKinds is one more than the highest UnreadKind.
const NumUnreadKinds = int(UnreadUDPPort) + 1

// maxUnread bounds the list that Stats.Unread returns. Stats.UnreadFrames counts also
// what the list leaves out.
const maxUnread = 64

// Unread is something in frames that may carry TCP connections and that Decode cannot
// read. Protocols that never carry the IP packets of hosts (ARP, LLDP, OSPF and the
// like) are not counted.
type Unread struct {
	Kind   UnreadKind
	Number uint32
	Count  uint64 // frames

	wireGuard bool // the number is a UDP port, and datagrams have WireGuard's form
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
	return encap.PortName(uint16(u.Number))
}

// counts has a counter for each 16-bit number, in pages that are made when their
// first number is counted. Whatever numbers an attacker sends, the pages take at most
// 512 KiB, and no number displaces another one.
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

// list writes the most frequent of what was counted to dst, in descending order, and
// returns how many there are.
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

// insertUnread puts e where it belongs among the first n of list, and returns how many
// there are then. When the list is full, its last element is dropped. Elements with
// equal counts keep their order.
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
	if !encap.EtherTypeWithoutIP(t) {
		d.unread.add(UnreadEtherType, t)
	}
	return d.end(Foreign)
}

// unreadProtocol ends the decoding at an IP protocol that has no stage.
func (d *Decoder) unreadProtocol() stage {
	if !encap.ProtocolWithoutTCP(d.protocol) {
		d.unread.add(UnreadProtocol, uint16(d.protocol))
	}
	return d.end(Foreign)
}

// etherTypeNames are registered names (IEEE, IANA) of EtherTypes that are not read, or
// not in every form.
var etherTypeNames = map[uint16]string{
	0x0805: "X.25", 0x0bad: "Banyan VINES", 0x22eb: "ERSPAN type III", 0x22f3: "TRILL",
	0x4305: "B.A.T.M.A.N. Advanced", 0x6558: "Transparent Ethernet Bridging", 0x6559: "Raw Frame Relay",
	0x876b: "TCP/IP Compression", 0x876c: "IP Autonomous Systems", 0x876d: "Secure Data", 0x880b: "PPP",
	0x8847: "MPLS", 0x8848: "MPLS with upstream-assigned label", 0x884c: "MultiProtocol over ATM",
	0x8864: "PPPoE session", 0x88b5: "IEEE local experimental 1", 0x88b6: "IEEE local experimental 2",
	0x88b7: "IEEE OUI extended", 0x88be: "ERSPAN", 0x88e5: "MACsec", 0x893b: "TRILL fine-grained labels",
	0x8947: "GeoNetworking", 0x894f: "NSH", 0x8988: "Cisco TTag", 0xa0ed: "LoWPAN encapsulation",
	0xd28b: "Arista timestamps", 0xdada: "Distributed Switch Architecture",
}

// protocolNames are the keywords of IANA's registry of IP protocol numbers.
var protocolNames = [256]string{
	0: "HOPOPT", 1: "ICMP", 2: "IGMP", 3: "GGP", 4: "IPv4", 5: "ST", 6: "TCP", 7: "CBT", 8: "EGP", 9: "IGP",
	10: "BBN-RCC-MON", 11: "NVP-II", 12: "PUP", 13: "ARGUS", 14: "EMCON", 15: "XNET", 16: "CHAOS", 17: "UDP",
	18: "MUX", 19: "DCN-MEAS", 20: "HMP", 21: "PRM", 22: "XNS-IDP", 23: "TRUNK-1", 24: "TRUNK-2", 25: "LEAF-1",
	26: "LEAF-2", 27: "RDP", 28: "IRTP", 29: "ISO-TP4", 30: "NETBLT", 31: "MFE-NSP", 32: "MERIT-INP", 33: "DCCP",
	34: "3PC", 35: "IDPR", 36: "XTP", 37: "DDP", 38: "IDPR-CMTP", 39: "TP++", 40: "IL", 41: "IPv6", 42: "SDRP",
	43: "IPv6-Route", 44: "IPv6-Frag", 45: "IDRP", 46: "RSVP", 47: "GRE", 48: "DSR", 49: "BNA", 50: "ESP", 51: "AH",
	52: "I-NLSP", 53: "SWIPE", 54: "NARP", 55: "Min-IPv4", 56: "TLSP", 57: "SKIP", 58: "IPv6-ICMP", 59: "IPv6-NoNxt",
	60: "IPv6-Opts", 62: "CFTP", 64: "SAT-EXPAK", 65: "KRYPTOLAN", 66: "RVD", 67: "IPPC", 69: "SAT-MON", 70: "VISA",
	71: "IPCV", 72: "CPNX", 73: "CPHB", 74: "WSN", 75: "PVP", 76: "BR-SAT-MON", 77: "SUN-ND", 78: "WB-MON",
	79: "WB-EXPAK", 80: "ISO-IP", 81: "VMTP", 82: "SECURE-VMTP", 83: "VINES", 84: "IPTM", 85: "NSFNET-IGP", 86: "DGP",
	87: "TCF", 88: "EIGRP", 89: "OSPFIGP", 90: "Sprite-RPC", 91: "LARP", 92: "MTP", 93: "AX.25", 94: "IPIP",
	95: "MICP", 96: "SCC-SP", 97: "ETHERIP", 98: "ENCAP", 100: "GMTP", 101: "IFMP", 102: "PNNI", 103: "PIM",
	104: "ARIS", 105: "SCPS", 106: "QNX", 107: "A/N", 108: "IPComp", 109: "SNP", 110: "Compaq-Peer", 111: "IPX-in-IP",
	112: "VRRP", 113: "PGM", 115: "L2TP", 116: "DDX", 117: "IATP", 118: "STP", 119: "SRP", 120: "UTI", 121: "SMP",
	122: "SM", 123: "PTP", 124: "ISIS over IPv4", 125: "FIRE", 126: "CRTP", 127: "CRUDP", 128: "SSCOPMCE",
	129: "IPLT", 130: "SPS", 131: "PIPE", 132: "SCTP", 133: "FC", 134: "RSVP-E2E-IGNORE", 135: "Mobility Header",
	136: "UDPLite", 137: "MPLS-in-IP", 138: "manet", 139: "HIP", 140: "Shim6", 141: "WESP", 142: "ROHC",
	143: "Ethernet", 144: "AGGFRAG", 145: "NSH", 146: "Homa", 147: "BIT-EMU",
}

// linkTypeNames are LINKTYPE_ names (https://www.tcpdump.org/linktypes.html),
// without that prefix, of link types that are not read.
var linkTypeNames = map[uint16]string{
	3: "AX25", 6: "IEEE802_5", 7: "ARCNET_BSD", 8: "SLIP", 10: "FDDI", 99: "SYMANTEC_FIREWALL",
	100: "ATM_RFC1483", 105: "IEEE802_11", 106: "ATM_CLIP", 107: "FRELAY", 109: "ENC", 114: "LTALK",
	117: "PFLOG", 119: "IEEE802_11_PRISM", 122: "IP_OVER_FC", 123: "SUNATM", 127: "IEEE802_11_RADIOTAP",
	129: "ARCNET_LINUX", 130: "JUNIPER_MLPPP", 131: "JUNIPER_MLFR", 132: "JUNIPER_ES", 133: "JUNIPER_GGSN",
	134: "JUNIPER_MFR", 135: "JUNIPER_ATM2", 136: "JUNIPER_SERVICES", 137: "JUNIPER_ATM1",
	138: "APPLE_IP_OVER_IEEE1394", 139: "MTP2_WITH_PHDR", 140: "MTP2", 141: "MTP3", 142: "SCCP", 143: "DOCSIS",
	144: "LINUX_IRDA", 147: "USER0", 148: "USER1", 149: "USER2", 150: "USER3", 151: "USER4", 152: "USER5",
	153: "USER6", 154: "USER7", 155: "USER8", 156: "USER9", 157: "USER10", 158: "USER11", 159: "USER12",
	160: "USER13", 161: "USER14", 162: "USER15", 163: "IEEE802_11_AVS", 164: "JUNIPER_MONITOR", 165: "BACNET_MS_TP",
	166: "PPP_PPPD", 167: "JUNIPER_PPPOE", 168: "JUNIPER_PPPOE_ATM", 169: "GPRS_LLC", 174: "JUNIPER_PIC_PEER",
	177: "LINUX_LAPD", 178: "JUNIPER_ETHER", 179: "JUNIPER_PPP", 180: "JUNIPER_FRELAY", 181: "JUNIPER_CHDLC",
	182: "JUNIPER_MFR", 187: "BLUETOOTH_HCI_H4", 189: "USB_LINUX", 192: "PPI", 194: "JUNIPER_VS", 195: "IEEE802_15_4_WITHFCS",
	196: "SITA", 197: "ERF", 200: "JUNIPER_ISM", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 204: "PPP_WITH_DIR",
	205: "C_HDLC_WITH_DIR", 206: "FRELAY_WITH_DIR", 219: "MPLS", 220: "USB_LINUX_MMAPPED", 224: "FC_2",
	226: "IPNET", 227: "CAN_SOCKETCAN", 240: "NETANALYZER", 241: "NETANALYZER_TRANSPARENT", 242: "IPOIB",
	243: "MPEG_2_TS", 249: "USBPCAP", 253: "NETLINK", 254: "BLUETOOTH_LINUX_MONITOR", 258: "PKTAP", 259: "EPON",
	266: "USB_DARWIN", 268: "SDLC", 271: "VSOCK", 272: "NORDIC_BLE", 273: "DOCSIS31_XRA31", 274: "ETHERNET_MPACKET",
	279: "OPENVIZSLA", 280: "EBHSCR", 281: "VPP_DISPATCH", 282: "DSA_TAG_BRCM", 283: "DSA_TAG_BRCM_PREPEND",
	284: "IEEE802_15_4_TAP", 285: "DSA_TAG_DSA", 286: "DSA_TAG_EDSA", 287: "ELEE", 290: "ETW",
}
