package emit

import "net/netip"

// direction is where a connection goes, by its two addresses alone: addresses
// that the Internet does not route are inside.
type direction uint8

const (
	unknownDirection direction = iota
	inbound
	outbound
	lateral // inside to inside
	passing // outside to outside
	local   // within one host
)

func directionOf(client, server netip.AddrPort) direction {
	switch from, to := inside(client.Addr()), inside(server.Addr()); {
	case !client.IsValid() || !server.IsValid():
		return unknownDirection
	case client.Addr().IsLoopback():
		return local
	case from && to:
		return lateral
	case from:
		return outbound
	case to:
		return inbound
	}
	return passing
}

func inside(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }
