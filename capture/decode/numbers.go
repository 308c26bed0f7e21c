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
	etherOldQinQ   = 0x9100 // as the next two: tags from before 802.1ad
	etherOldQinQ2  = 0x9200
	etherOldQinQ3  = 0x9300

	etherTRILL      = 0x22f3
	etherEoIP       = 0x6400 // GRE version 1 only
	etherMACsec     = 0x88e5
	etherFabricPath = 0x8903
	etherVNTag      = 0x8926
	etherHSR        = 0x892f
	etherETag       = 0x893f
	etherNSH        = 0x894f
	etherTTag       = 0x8988
	etherArista     = 0xd28b
	etherRTag       = 0xf1c1

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
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoDestination = 60
	protoEtherIP     = 97
	protoL2TP        = 115
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
	protoEthernet    = 143
	protoNSH         = 145
)

// PPP protocol numbers (IANA).
const (
	pppIPv4      = 0x0021
	pppBridging  = 0x0031
	pppIPv6      = 0x0057
	pppMPLS      = 0x0281
	pppMPLSMulti = 0x0283
)

// UDP ports of tunnels (IANA; 8472 is what Linux used before the assignment,
// and still does unless told otherwise; 7932, 30030 and 37008 are defaults of HP,
// Juniper and MikroTik).
const (
	portL2TP     = 1701
	portGTPU     = 2152
	portTeredo   = 3544
	portLISP     = 4341
	portGREInUDP = 4754
	portVXLAN    = 4789
	portVXLANGPE = 4790
	portCAPWAP   = 5247
	portGUE      = 6080
	portGENEVE   = 6081
	portMPLSUDP  = 6635
	portHPERM    = 7932
	portOldVXLAN = 8472
	portJMirror  = 30030
	portTZSP     = 37008
)

// UDP ports of tunnels that are encrypted or not read.
const (
	portOpenVPN     = 1194
	portGTP0        = 3386 // GTP version 0 of GPRS
	portNebula      = 4242
	portIPsecNATT   = 4500
	portGREDTLS     = 4755
	portMPLSUDPDTLS = 6636
	portZeroTier    = 9993
	portWireGuard   = 51820
)

// maxServicePort is the highest port that is registered for a service alone. A
// datagram to or from one has its other port by chance.
const maxServicePort = 1023

// Address families of LINKTYPE_NULL: AF_INET is 2 everywhere, AF_INET6 is 10
// on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD and 30 on Darwin.
const (
	familyIPv4        = 2
	familyIPv6Linux   = 10
	familyIPv6NetBSD  = 24
	familyIPv6FreeBSD = 28
	familyIPv6Darwin  = 30
)
