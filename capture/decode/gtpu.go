package decode

// GTP-U (3GPP TS 29.281, 5.1).
const (
	gtpuHeader    = 8
	gtpuOptional  = 4 // sequence number, N-PDU number, next extension header type
	gtpuFixed     = 0x30
	gtpuFixedMask = 0xf8 // version 1, GTP rather than GTP', and a spare bit
	gtpuAnyOption = 0x07
	gtpuExtension = 0x04
	gtpuGPDU      = 255
)

func (d *Decoder) gtpu() (stage, bool) {
	b := d.rest
	if len(b) < gtpuHeader || b[0]&gtpuFixedMask != gtpuFixed || b[1] != gtpuGPDU {
		return nil, false
	}
	length := gtpuHeader + int(u16(b[2:]))
	if length > d.wire() {
		return nil, false
	}
	n, ok := gtpuHeaderLength(b[:min(len(b), length)])
	if !ok {
		return nil, false
	}
	next := gtpuPayload(b[n:], length-n)
	if next == nil {
		return nil, false
	}
	d.limit(length)
	return d.inner(n, Layer{Kind: LayerGTPU, ID: u32(b[4:]), HasID: true}, next)
}

// gtpuHeaderLength walks the extension headers: length in four bytes, content,
// type of the next.
func gtpuHeaderLength(b []byte) (n int, ok bool) {
	if b[0]&gtpuAnyOption == 0 {
		return gtpuHeader, true
	}
	n = gtpuHeader + gtpuOptional
	if n > len(b) {
		return 0, false
	}
	if b[0]&gtpuExtension == 0 {
		return n, true
	}
	for b[n-1] != 0 {
		if n >= len(b) || b[n] == 0 {
			return 0, false
		}
		n += 4 * int(b[n])
		if n > len(b) {
			return 0, false
		}
	}
	return n, true
}

// gtpuPayload names the stage for the user's packet: nothing in the header says
// what it is.
func gtpuPayload(b []byte, wire int) stage {
	switch {
	case soundIP(b, wire):
		return (*Decoder).ip
	case soundEthernet(b, wire):
		return (*Decoder).ethernet
	}
	return nil
}
