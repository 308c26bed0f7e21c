package connections

import "net/netip"

// Owns are the connections that tlsfloor itself has made, by the journals whose readers tell.
type Owns []*Own

// Take returns the function that reports whether a connection is one of them; nil: nobody
// tells.
func (o Owns) Take() func(client, server netip.AddrPort, hello int64) bool {
	if o == nil {
		return nil
	}
	return func(client, server netip.AddrPort, hello int64) bool {
		for _, journal := range o {
			if journal.Take(Pair{Client: client, Server: server}, hello) {
				return true
			}
		}
		return false
	}
}
