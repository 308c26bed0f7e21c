package emit

import "net/netip"

// appendAddrText writes an address without its zone, which means something on
// one host only.
func appendAddrText(dst []byte, a netip.Addr) []byte { return a.WithZone("").AppendTo(dst) }

func appendAddr(dst []byte, key string, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return dst
	}
	return append(appendAddrText(append(appendKey(dst, key), '"'), a.Addr()), '"')
}

// ipVersion is four or six, by the address; empty: there is none.
func ipVersion(a netip.AddrPort, four, six string) string {
	switch {
	case !a.IsValid():
		return ""
	case a.Addr().Is4():
		return four
	}
	return six
}
