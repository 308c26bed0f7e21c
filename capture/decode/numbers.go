package decode

// EtherTypes (IEEE 802 Numbers, IANA).
const (
	etherIPv4      = 0x0800
	etherWCCP      = 0x883e // GRE only
	etherERSPAN3   = 0x22eb // GRE only
	etherBridging  = 0x6558 // Transparent Ethernet Bridging; GRE and GENEVE only
	etherARP       = 0x0806
	etherVLAN      = 0x8100
	etherIPv6      = 0x86dd
	etherPPP       = 0x880b // GRE only
	etherMPLS      = 0x8847
	etherMPLSMulti = 0x8848
	etherPPPoE     = 0x8864
	etherQinQ      = 0x88a8
	etherERSPAN    = 0x88be // GRE only
	etherPBB       = 0x88e7
	etherCiscoMeta = 0x8909
	etherOldQinQ   = 0x9100

	// Below this an Ethernet type field is a length (IEEE 802.3, 3.2.6).
	minEtherType = 0x0600
)

// IP protocol numbers and IPv6 extension headers (IANA).
const (
	protoHopByHop    = 0
	protoIPv4        = 4
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoAH          = 51
	protoDestination = 60
	protoL2TP        = 115
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
)

// PPP protocol numbers (IANA).
const (
	pppIPv4      = 0x0021
	pppIPv6      = 0x0057
	pppMPLS      = 0x0281
	pppMPLSMulti = 0x0283
)

// UDP ports of tunnels (IANA; 8472 is what Linux used before the assignment,
// and still does unless told otherwise).
const (
	portL2TP     = 1701
	portGTPU     = 2152
	portTeredo   = 3544
	portVXLAN    = 4789
	portVXLANGPE = 4790
	portGENEVE   = 6081
	portOldVXLAN = 8472
)

// Address families of LINKTYPE_NULL: AF_INET is 2 everywhere, AF_INET6 is 10
// on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD and 30 on Darwin.
const (
	familyIPv4        = 2
	familyIPv6Linux   = 10
	familyIPv6NetBSD  = 24
	familyIPv6FreeBSD = 28
	familyIPv6Darwin  = 30
)
