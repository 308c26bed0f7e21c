package decode

// LISP data packets (RFC 9300, 5.1), and the generic protocol extension (RFC
// 9305, 3).
const (
	lispHeader    = 8
	lispInstance  = 0x08
	lispGPE       = 0x04
	lispEncrypted = 0x03 // RFC 8061, 5
)

// lisp opens IP packets, and with the extension whatever it names.
func (d *Decoder) lisp() (stage, bool) {
	b := d.rest
	if len(b) < lispHeader || b[0]&lispEncrypted != 0 {
		return nil, false
	}
	layer := Layer{Kind: LayerLISP}
	if b[0]&lispInstance != 0 {
		layer.ID, layer.HasID = u32(b[4:])>>8, true
	}
	inner, wire := b[lispHeader:], d.wire()-lispHeader
	if b[0]&lispGPE == 0 {
		if !soundIP(inner, wire) {
			return nil, false
		}
		return d.inner(lispHeader, layer, (*Decoder).ip)
	}
	next, ok := soundlyCarried(nextProtocol(b[3]), inner, wire)
	if !ok {
		return nil, false
	}
	return d.inner(lispHeader, layer, next)
}

// gue opens Generic UDP Encapsulation (draft-ietf-intarea-gue): version 0 has a
// header of four bytes and as many words as it says, and an IP protocol; version
// 1 is the IP packet itself.
func (d *Decoder) gue() (stage, bool) {
	const header, control, words = 4, 0x20, 0x1f
	b := d.rest
	if len(b) < header {
		return nil, false
	}
	layer := Layer{Kind: LayerGUE}
	if soundIP(b, d.wire()) {
		return d.inner(0, layer, (*Decoder).ip)
	}
	n := header + 4*int(b[0]&words)
	if b[0]>>6 != 0 || b[0]&control != 0 || n > len(b) {
		return nil, false
	}
	switch inner, wire := b[n:], d.wire()-n; {
	case b[1] == protoIPv4 && soundIPv4(inner, wire), b[1] == protoIPv6 && soundIPv6(inner, wire):
		return d.inner(n, layer, (*Decoder).ip)
	}
	return nil, false
}
