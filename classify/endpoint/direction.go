package endpoint

import "net/netip"

// Direction is the direction of a connection, by its two addresses alone. Addresses
// that the Internet does not route are inside.
type Direction uint8

// The directions.
const (
	Unknown Direction = iota
	Inbound
	Outbound
	Lateral // inside to inside
	Passing // outside to outside
	Local   // within one host
)

// DirectionOf returns the direction of the connection of a client to a server.
func DirectionOf(client, server netip.AddrPort) Direction {
	from, to := isInside(client.Addr()), isInside(server.Addr())
	switch {
	case !client.IsValid() || !server.IsValid():
		return Unknown
	case client.Addr().IsLoopback():
		return Local
	case from && to:
		return Lateral
	case from:
		return Outbound
	case to:
		return Inbound
	}
	return Passing
}

func isInside(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() }
