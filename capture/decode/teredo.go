package decode

// Teredo (RFC 4380, 5.1.1): IPv6 in UDP, with indicators in front of it in
// packets to and from servers.
const (
	teredoAuthentication = 0x0001
	teredoOrigin         = 0x0000
	teredoOriginLength   = 8
	teredoPrefix         = 0x20010000
)

// teredo takes the addresses of Teredo, or a length that matches to the byte:
// relays forward packets of any address.
func (d *Decoder) teredo() (stage, bool) {
	n := teredoIndicators(d.rest)
	b := d.rest[n:]
	if !soundIPv6(b, d.wire()-n) {
		return nil, false
	}
	if !teredoAddresses(b) && !linkLocal(b[8:24]) && ipv6Header+int(u16(b[4:])) != d.wire()-n {
		return nil, false
	}
	return d.inner(n, Layer{Kind: LayerTeredo}, (*Decoder).ipv6)
}

// teredoIndicators returns the length of the authentication header and the
// origin indication, either of which may be missing.
func teredoIndicators(b []byte) (n int) {
	if len(b) >= 4 && u16(b) == teredoAuthentication {
		const nonceAndConfirmation = 9
		n = 4 + int(b[2]) + int(b[3]) + nonceAndConfirmation
	}
	if n+2 <= len(b) && u16(b[n:]) == teredoOrigin {
		n += teredoOriginLength
	}
	return min(n, len(b))
}

// strayTeredo finds Teredo between two clients, which is on no fixed port after
// they have opened their NATs: version 6, a length that matches to the byte and
// a Teredo address are 52 bits that do not agree by chance.
func (d *Decoder) strayTeredo() (stage, bool) {
	b := d.rest
	if len(b) < ipv6Header || b[0]>>4 != 6 || ipv6Header+int(u16(b[4:])) != d.wire() || !teredoAddresses(b) {
		return nil, false
	}
	return d.inner(0, Layer{Kind: LayerTeredo}, (*Decoder).ipv6)
}

// teredoAddresses reports whether either address of the IPv6 header is under
// Teredo's prefix.
func teredoAddresses(h []byte) bool {
	return u32(h[8:]) == teredoPrefix || u32(h[24:]) == teredoPrefix
}

func linkLocal(addr []byte) bool { return u16(addr)&0xffc0 == 0xfe80 }
