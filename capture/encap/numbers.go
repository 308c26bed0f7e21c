package encap

import "encoding/binary"

// EtherTypes (IEEE 802 Numbers, IANA).
const (
	// MinEtherType is the lowest; a lower number is a length (IEEE 802.3, 3.2.6).
	MinEtherType = 0x0600

	EtherTypeIPv4       = 0x0800
	EtherTypeARP        = 0x0806
	EtherTypeERSPAN3    = 0x22eb // GRE only
	EtherTypeTRILL      = 0x22f3
	EtherTypeEoIP       = 0x6400 // GRE version 1 only
	EtherTypeBridging   = 0x6558 // Transparent Ethernet Bridging; GRE and GENEVE only
	EtherTypeVLAN       = 0x8100
	EtherTypeIPv6       = 0x86dd
	EtherTypePPP        = 0x880b // GRE only
	EtherTypeWCCP       = 0x883e // GRE only
	EtherTypeMPLS       = 0x8847
	EtherTypeMPLSMulti  = 0x8848
	EtherTypePPPoE      = 0x8864
	EtherTypeQinQ       = 0x88a8
	EtherTypeERSPAN     = 0x88be // GRE only
	EtherTypeMACsec     = 0x88e5
	EtherTypePBB        = 0x88e7
	EtherTypeFabricPath = 0x8903
	EtherTypeCiscoMeta  = 0x8909
	EtherTypeVNTag      = 0x8926
	EtherTypeHSR        = 0x892f
	EtherTypeETag       = 0x893f
	EtherTypeNSH        = 0x894f
	EtherTypeTTag       = 0x8988
	EtherTypeOldQinQ    = 0x9100 // as the next two: tags from before 802.1ad
	EtherTypeOldQinQ2   = 0x9200
	EtherTypeOldQinQ3   = 0x9300
	EtherTypeArista     = 0xd28b
	EtherTypeRTag       = 0xf1c1
)

// IP protocol numbers and IPv6 extension headers (IANA).
const (
	ProtoHopByHop    = 0
	ProtoIPv4        = 4
	ProtoIPv6        = 41
	ProtoRouting     = 43
	ProtoFragment    = 44
	ProtoGRE         = 47
	protoESP         = 50
	ProtoAH          = 51
	protoICMPv6      = 58
	ProtoDestination = 60
	ProtoEtherIP     = 97
	ProtoL2TP        = 115
	ProtoMobility    = 135
	ProtoMPLS        = 137
	ProtoHIP         = 139
	ProtoShim6       = 140
	ProtoEthernet    = 143
	ProtoNSH         = 145
)

// PPP protocol numbers (IANA).
const (
	PPPIPv4      = 0x0021
	PPPBridging  = 0x0031
	PPPIPv6      = 0x0057
	PPPMPLS      = 0x0281
	PPPMPLSMulti = 0x0283
)

// EtherTypeWithoutIP reports whether frames of the EtherType cannot carry the IP
// packets of hosts: address resolution, link control, clocks, storage and field
// buses, network protocols from before IP, and control protocols of GRE.
func EtherTypeWithoutIP(t uint16) bool {
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
		0x8892, 0x88a4, 0x88ab, 0x88cd, 0x88d8, 0x88dc, 0x88f8, // PROFINET, EtherTypeCAT, POWERLINK, SERCOS, CESoE, NC-SI
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

// ProtocolWithoutTCP reports whether packets of the IP protocol carry no TCP.
func ProtocolWithoutTCP(p uint8) bool {
	switch p {
	case 1, 2, protoICMPv6, 59, // ICMP, IGMP, no next header
		3, 8, 9, 46, 88, 89, 103, 112, 113, 124, // GGP, EGP, IGP, RSVP, EIGRP, OSPF, PIM, VRRP, PGM, IS-IS
		27, 33, 132, 136, // RDP, DCCP, SCTP, UDP-Lite
		105, 130, 134, 138: // SCPS, SPS, RSVP-E2E-IGNORE, MANET
		return true
	}
	return false
}

// PPPWithoutIP reports whether frames of the PPP protocol carry no IP packets. From
// 0x4000 on they are control protocols (RFC 1661, 2). Multilink, compressed and
// encrypted frames may hold IP.
func PPPWithoutIP(protocol uint16) bool {
	switch protocol {
	case 0x0023, 0x0025, 0x0027, 0x0029, 0x002b, 0x003f: // OSI, XNS, DECnet, AppleTalk, IPX, NetBIOS
		return true
	}
	return protocol >= 0x0201 && protocol != PPPMPLS && protocol != PPPMPLSMulti
}

func u16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func u32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
