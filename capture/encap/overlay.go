package encap

// VXLAN header flags (RFC 7348; draft-smith-vxlan-group-policy;
// draft-ietf-nvo3-vxlan-gpe).
const (
	vxlanHeader    = 8
	vxlanGroup     = 0x80
	vxlanVNI       = 0x08
	vxlanGPE       = 0x04
	vxlanOAM       = 0x01 // with vxlanGPE
	vxlanGroupBits = 0x48 // of the second byte: don't learn, policy applied
)

// vxlan requires the flag for a VNI. All other bits are to be ignored (RFC 7348, 5),
// but after a header that has reserved ones set the payload has to be plausible.
func vxlan(b []byte, wire int) (t Tunnel, ok bool) {
	if len(b) < vxlanHeader || b[0]&vxlanVNI == 0 {
		return Tunnel{}, false
	}
	inner, ok := InnerEthernet, len(b) >= vxlanHeader+14
	if u32(b) != vxlanVNI<<24 || b[7] != 0 {
		inner, ok = vxlanExtended(b, wire)
	}
	return Tunnel{Layer: Layer{Kind: VXLAN, ID: u32(b[4:]) >> 8, HasID: true}, Header: vxlanHeader, Inner: inner}, ok
}

// vxlanExtended returns what follows a header that has more than the flag for a VNI.
func vxlanExtended(b []byte, wire int) (inner Inner, ok bool) {
	payload, wire := b[vxlanHeader:], wire-vxlanHeader
	inner, regular := vxlanPayload(b)
	if regular {
		ok = inner.plausible(payload, wire)
	} else {
		ok = inner.strictlyPlausible(payload, wire)
	}
	if !ok { // the bits of the extension are reserved ones without it
		inner, ok = InnerEthernet, b[0]&vxlanGPE != 0 && plausibleEthernet(payload, wire)
	}
	return inner, ok
}

// vxlanPayload returns what follows the header, and whether every reserved bit is
// zero, except those of the group policy and generic protocol extensions.
func vxlanPayload(b []byte) (inner Inner, regular bool) {
	if b[0] == vxlanVNI|vxlanGroup {
		return InnerEthernet, b[1]&^vxlanGroupBits|b[7] == 0
	}
	if b[0]&vxlanGPE != 0 {
		return ofNextProtocol(b[3]), b[0] == vxlanVNI|vxlanGPE && b[1]|b[2]|b[7] == 0
	}
	return InnerEthernet, false
}

// geneve reads RFC 8926, 3.4. Options are skipped, also critical ones and those of an
// AWS Gateway Load Balancer. Reserved bits are ignored, but after a header that has
// them set the payload has to be plausible.
func geneve(b []byte, wire int) (t Tunnel, ok bool) {
	const header, reserved = 8, 0x3f // of the second byte
	if len(b) < header || b[0]>>6 != 0 {
		return Tunnel{}, false
	}
	n := header + 4*int(b[0]&0x3f)
	if n > len(b) || !geneveOptionsFit(b[header:n]) {
		return Tunnel{}, false
	}
	inner, payload, wire := ofEtherType(u16(b[2:])), b[n:], wire-n
	ok = inner.plausible(payload, wire)
	if ok && b[1]&reserved|b[7] != 0 {
		ok = inner.strictlyPlausible(payload, wire)
	}
	return Tunnel{Layer: Layer{Kind: GENEVE, ID: u32(b[4:]) >> 8, HasID: true}, Header: n, Inner: inner}, ok
}

// geneveOptionsFit reports whether the options' lengths add up (RFC 8926, 3.5).
func geneveOptionsFit(b []byte) bool {
	for len(b) >= 4 {
		n := 4 + 4*int(b[3]&0x1f)
		if n > len(b) {
			return false
		}
		b = b[n:]
	}
	return len(b) == 0
}

const lispEncrypted = 0x03 // RFC 8061, 5

// lisp opens LISP data packets (RFC 9300, 5.1), which carry IP, and those with the
// generic protocol extension (RFC 9305, 3), which carry what it names.
func lisp(b []byte, wire int) (t Tunnel, ok bool) {
	const header, instance, generic = 8, 0x08, 0x04
	if len(b) < header || b[0]&lispEncrypted != 0 {
		return Tunnel{}, false
	}
	t = Tunnel{Layer: Layer{Kind: LISP}, Header: header, Inner: InnerIP}
	if b[0]&instance != 0 {
		t.Layer.ID, t.Layer.HasID = u32(b[4:])>>8, true
	}
	payload, wire := b[header:], wire-header
	if b[0]&generic == 0 {
		return t, plausibleIP(payload, wire)
	}
	t.Inner = ofNextProtocol(b[3])
	return t, t.Inner.strictlyPlausible(payload, wire)
}

// gue opens Generic UDP Encapsulation (draft-ietf-intarea-gue). Version 0 has a
// header of four bytes, as many words as that says, and an IP protocol. Version 1 is
// the IP packet itself.
func gue(b []byte, wire int) (t Tunnel, ok bool) {
	const header, control, words = 4, 0x20, 0x1f
	if len(b) < header {
		return Tunnel{}, false
	}
	t = Tunnel{Layer: Layer{Kind: GUE}, Inner: InnerIP}
	if plausibleIP(b, wire) {
		return t, true
	}
	t.Header = header + 4*int(b[0]&words)
	if b[0]>>6 != 0 || b[0]&control != 0 || t.Header > len(b) {
		return Tunnel{}, false
	}
	payload, wire := b[t.Header:], wire-t.Header
	return t, b[1] == ProtoIPv4 && plausibleIPv4(payload, wire) || b[1] == ProtoIPv6 && plausibleIPv6(payload, wire)
}
