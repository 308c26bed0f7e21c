package decode

import "tlsfloor/capture/encap"

// followed enters the layer of a tag, and goes on with the EtherType at the tag's end.
func (d *Decoder) followed(l encap.Layer, tag []byte) stage {
	return d.enter(l, d.lengthOrType(u16(tag[len(tag)-2:])))
}

// skipTag reads a tag of n bytes, the EtherType after it included, and uses only
// that.
func (d *Decoder) skipTag(kind encap.Kind, n int) stage {
	h := d.take(n)
	if h == nil {
		return d.end(Malformed)
	}
	return d.followed(encap.Layer{Kind: kind}, h)
}

// vnTag reads Cisco's VN-Tag: direction, pointer, destination interface (14 bits),
// looped, reserved, version (2 bits), source interface (12 bits). The adapter's
// interface is the destination of frames to it, and the source of frames from it.
func (d *Decoder) vnTag() stage {
	const toAdapter = 1 << 31
	h := d.take(6)
	if h == nil {
		return d.end(Malformed)
	}
	tag := u32(h)
	id := tag & 0xfff
	if tag&toAdapter != 0 {
		id = tag >> 16 & 0x3fff
	}
	return d.followed(encap.Layer{Kind: encap.VNTag, ID: id, HasID: true}, h)
}

// eTag reads the tag of IEEE 802.1BR, 7.5: priority and ingress E-CID (2 bytes),
// two reserved bits, group (2 bits) and base (12 bits) of the E-CID, extensions
// of both E-CIDs (a byte each).
func (d *Decoder) eTag() stage {
	h := d.take(8)
	if h == nil {
		return d.end(Malformed)
	}
	group, base := uint32(h[2]>>4&3), uint32(u16(h[2:])&0xfff)
	return d.followed(encap.Layer{Kind: encap.ETag, ID: group<<20 | uint32(h[5])<<12 | base, HasID: true}, h)
}

// fabricPath reads the tag of Cisco FabricPath: forwarding tag and TTL. The whole
// frame of the host follows.
func (d *Decoder) fabricPath() stage {
	if d.take(2) == nil {
		return d.end(Malformed)
	}
	return d.enter(encap.Layer{Kind: encap.FabricPath}, (*Decoder).ethernet)
}

// trill reads the header of RFC 6325, 3.2: version (2 bits), reserved (2),
// multi-destination (1), length of the options in words (5), hops (6), egress
// and ingress (2 bytes each).
func (d *Decoder) trill() stage {
	h := d.take(6)
	if h == nil || h[0]>>6 != 0 || d.take(4*int(u16(h)>>6&0x1f)) == nil {
		return d.end(Malformed)
	}
	return d.enter(encap.Layer{Kind: encap.TRILL}, (*Decoder).ethernet)
}

// tTag reads the timestamp tag that Cisco switches leave in the frames they
// mirror with ERSPAN: six bytes.
func (d *Decoder) tTag() stage { return d.skipTag(encap.TTag, 8) }

// rTag reads the redundancy tag of IEEE 802.1CB, 7.8: reserved, sequence number.
func (d *Decoder) rTag() stage { return d.skipTag(encap.RTag, 6) }

// hsr reads the tag of IEC 62439-3: path and size, sequence number.
func (d *Decoder) hsr() stage { return d.skipTag(encap.HSR, 6) }

// arista reads the timestamp header of Arista switches (as tcpdump's
// print-arista.c describes it): subtype 1, timescale (a byte), format and
// hardware (4 bits each), and 8 or 6 bytes of time.
func (d *Decoder) arista() stage {
	const timestamp = 1
	h := d.take(4)
	if h == nil {
		return d.end(Malformed)
	}
	if u16(h) != timestamp {
		return d.unreadEtherType(encap.EtherTypeArista)
	}
	switch h[3] >> 4 {
	case 1:
		return d.skipTag(encap.Arista, 8+2)
	case 2:
		return d.skipTag(encap.Arista, 6+2)
	}
	return d.unreadEtherType(encap.EtherTypeArista)
}

// macsec reads the tag of IEEE 802.1AE, 9.3: control and association, short length,
// packet number, and the identifier of the channel, if any. What follows is in clear
// unless one of the flags "encrypted" and "changed text" is set.
func (d *Decoder) macsec() stage {
	const version, channel, encrypted, changed = 0x80, 0x20, 0x08, 0x04
	h := d.take(6)
	if h == nil || h[0]&version != 0 {
		return d.end(Malformed)
	}
	if h[0]&(encrypted|changed) != 0 {
		return d.unreadEtherType(encap.EtherTypeMACsec)
	}
	if h[0]&channel != 0 && d.take(8) == nil {
		return d.end(Malformed)
	}
	return d.skipTag(encap.MACsec, 2)
}

// islAddress reports whether an Ethernet header begins with an address of Cisco's
// Inter-Switch Link.
func islAddress(h []byte) bool {
	return h[0]&^2 == 1 && h[1] == 0 && h[2] == 0x0c && h[3] == 0 && h[4] == 0
}

// isl reads an ISL header after its first 14 bytes, which look like Ethernet's: SNAP
// (3 bytes), upper half of the source address (3), VLAN and a bit for BPDUs (2), index
// (2), reserved (2). The whole frame follows.
func (d *Decoder) isl() stage {
	h := d.take(12)
	if h == nil || h[0] != encap.SAPSNAP || h[1] != encap.SAPSNAP || h[2] != encap.Unnumbered {
		return d.end(Malformed)
	}
	id := uint32(u16(h[6:]) >> 1 & 0x0fff)
	return d.enter(encap.Layer{Kind: encap.VLAN, ID: id, HasID: id != 0}, (*Decoder).ethernet)
}
