package decode

// maxLabels bounds an MPLS stack. Networks use up to five or six labels.
const maxLabels = 16

// mpls reads a label stack (RFC 3032) to its bottom.
func (d *Decoder) mpls() stage {
	const bottom = 1 << 8
	for range maxLabels {
		h := d.take(4)
		if h == nil {
			return d.end(Malformed)
		}
		if entry := u32(h); entry&bottom != 0 {
			return d.enter(Layer{Kind: LayerMPLS, ID: entry >> 12, HasID: true}, (*Decoder).mplsPayload)
		}
	}
	return d.tooDeep()
}

// mplsInUDP opens MPLS in UDP (RFC 7510) if a label stack and a payload hold up.
func (d *Decoder) mplsInUDP() (stage, bool) {
	if !soundMPLS(d.rest, d.wire()) {
		return nil, false
	}
	return (*Decoder).mpls, true
}

// mplsPayload guesses what the labels carry, for nothing in the packet says so.
// A first nibble of 4 or 6 is IP by convention (RFC 4928), but also the MAC
// address of an Ethernet pseudowire without a control word (RFC 8469): the
// header behind it must hold up. A nibble of 0 begins a control word (RFC 4385,
// 3), or such an address.
func (d *Decoder) mplsPayload() stage {
	const controlWord, associatedChannel = 4, 1 // RFC 4385, 5: no user's traffic
	switch b := d.rest; {
	case soundIP(b, d.wire()):
		return (*Decoder).ip
	case len(b) > controlWord && b[0]>>4 == 0 && soundEthernet(b[controlWord:], d.wire()-controlWord):
		d.rest = b[controlWord:]
		return (*Decoder).ethernet
	case soundEthernet(b, d.wire()):
		return (*Decoder).ethernet
	case d.cut > 0:
		return d.end(Malformed)
	case len(b) > 0 && b[0]>>4 != associatedChannel:
		d.unread.add(UnreadEtherType, etherMPLS)
	}
	return d.end(Foreign)
}

// soundMPLS reports whether b begins with a label stack around a packet or frame
// that holds up.
func soundMPLS(b []byte, wire int) bool {
	for range maxLabels {
		if len(b) < 4 {
			return false
		}
		last := b[2]&1 != 0
		b, wire = b[4:], wire-4
		if last {
			return soundIP(b, wire) || soundEthernet(b, wire) || len(b) > 4 && b[0]>>4 == 0 && soundEthernet(b[4:], wire-4)
		}
	}
	return false
}
