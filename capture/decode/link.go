package decode

import (
	"encoding/binary"
	"math/bits"
	"tlsfloor/capture/encap"

	"tlsfloor/capture"
)

// LINKTYPE_RAW has other numbers in files of BSD systems, which write the number of
// their DLT_RAW.
const (
	linkRawBSD     capture.LinkType = 12
	linkRawOpenBSD capture.LinkType = 14
)

const (
	linkFrameRelay capture.LinkType = 107
	linkPrism      capture.LinkType = 119
)

func linkStage(t capture.LinkType) stage {
	switch t {
	case capture.LinkEthernet:
		return (*Decoder).ethernet
	case capture.LinkLinuxSLL:
		return (*Decoder).cooked
	case capture.LinkLinuxSLL2:
		return (*Decoder).cooked2
	case capture.LinkNull, capture.LinkLoop:
		return (*Decoder).loopback
	case capture.LinkRaw, linkRawBSD, linkRawOpenBSD:
		return (*Decoder).ip
	case capture.LinkIPv4:
		return (*Decoder).ipv4
	case capture.LinkIPv6:
		return (*Decoder).ipv6
	case capture.LinkPPP, capture.LinkPPPHDLC:
		return (*Decoder).serial
	case capture.LinkCHDLC:
		return (*Decoder).ciscoHDLC
	case capture.LinkPPPoE:
		return (*Decoder).pppoe
	case capture.LinkNFLOG:
		return (*Decoder).nflog
	}
	return func(d *Decoder) stage {
		d.unread.add(UnreadLink, uint16(t))
		return d.end(UnknownLink)
	}
}

// loopback reads the address family of LINKTYPE_NULL, which is in the byte order of
// the capturing host, and of LINKTYPE_LOOP, which is defined as big-endian.
func (d *Decoder) loopback() stage {
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	family := u32(h)
	if family > 0xffff {
		family = bits.ReverseBytes32(family)
	}
	switch family {
	case familyIPv4:
		return (*Decoder).ipv4
	case familyIPv6Linux, familyIPv6NetBSD, familyIPv6FreeBSD, familyIPv6Darwin:
		return (*Decoder).ipv6
	}
	return d.end(Foreign)
}

// cooked reads LINKTYPE_LINUX_SLL.
func (d *Decoder) cooked() stage {
	h := d.take(16)
	if h == nil {
		return d.end(Malformed)
	}
	return d.cookedProtocol(u16(h[2:]), u16(h[14:]))
}

// cooked2 reads LINKTYPE_LINUX_SLL2.
func (d *Decoder) cooked2() stage {
	h := d.take(20)
	if h == nil {
		return d.end(Malformed)
	}
	return d.cookedProtocol(u16(h[8:]), u16(h[0:]))
}

// Values of ARPHRD_ (linux/if_arp.h) for which the protocol field of a cooked header
// is not an EtherType, and one value of that field (linux/if_ether.h).
const (
	hardwareFrameRelay = 770
	hardwareGRE        = 778
	hardware80211      = 801
	hardwarePrism      = 802
	hardwareRadiotap   = 803
	hardwareNetlink    = 824
	protocolLLC        = 4
)

func (d *Decoder) cookedProtocol(hardware, protocol uint16) stage {
	switch hardware {
	case hardwareNetlink:
		return d.end(Foreign)
	case hardwareFrameRelay:
		return d.unreadHardware(linkFrameRelay)
	case hardware80211:
		return d.unreadHardware(capture.Link80211)
	case hardwarePrism:
		return d.unreadHardware(linkPrism)
	case hardwareRadiotap:
		return d.unreadHardware(capture.LinkRadiotap)
	case hardwareGRE:
		if protocol == encap.EtherTypeBridging {
			return (*Decoder).ethernet
		}
	}
	if protocol == protocolLLC {
		return (*Decoder).llc
	}
	return d.etherType(protocol)
}

// unreadHardware ends the decoding of a cooked frame. Its hardware has a link type of
// its own, which is not read.
func (d *Decoder) unreadHardware(t capture.LinkType) stage {
	d.unread.add(UnreadLink, uint16(t))
	return d.end(Foreign)
}

// NFLOG (https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html): a header of
// four bytes, then attributes in the byte order of the host. One of them is the packet.
const (
	nflogHeader  = 4
	nflogPayload = 9
)

func (d *Decoder) nflog() stage {
	h := d.take(nflogHeader)
	if h == nil || h[1] != 0 {
		return d.end(Malformed)
	}
	for len(d.rest) >= 4 {
		size, kind := nflogAttribute(d.rest)
		if size < 4 || size > d.wire() {
			return d.end(Malformed)
		}
		if kind == nflogPayload {
			d.limit(size)
			d.rest = d.rest[4:]
			return (*Decoder).ip
		}
		if d.take((size+3)&^3) == nil {
			break
		}
	}
	return d.end(Foreign)
}

// nflogAttribute reads the size and type of an attribute. All types fit in one byte,
// so the other byte is zero, and its place tells the byte order.
func nflogAttribute(b []byte) (size int, kind uint16) {
	if b[2] == 0 {
		return int(u16(b)), u16(b[2:])
	}
	return int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint16(b[2:])
}

// Address families of LINKTYPE_NULL: AF_INET is 2 everywhere, AF_INET6 is 10
// on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD and 30 on Darwin.
const (
	familyIPv4        = 2
	familyIPv6Linux   = 10
	familyIPv6NetBSD  = 24
	familyIPv6FreeBSD = 28
	familyIPv6Darwin  = 30
)
