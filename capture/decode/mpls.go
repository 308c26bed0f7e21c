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

// mplsPayload guesses what the labels carry, for nothing in the packet says so.
// A first nibble of 4 or 6 is IP by convention (RFC 4928), but also the MAC
// address of an Ethernet pseudowire without a control word (RFC 8469): the
// header behind it must hold up. A nibble of 0 begins a control word (RFC 4385,
// 3), or such an address.
func (d *Decoder) mplsPayload() stage {
	const controlWord = 4
	switch b := d.rest; {
	case soundIP(b, d.wire()):
		return (*Decoder).ip
	case len(b) > controlWord && b[0]>>4 == 0 && soundEthernet(b[controlWord:], d.wire()-controlWord):
		d.rest = b[controlWord:]
		return (*Decoder).ethernet
	case soundEthernet(b, d.wire()):
		return (*Decoder).ethernet
	}
	return d.end(Foreign)
}
