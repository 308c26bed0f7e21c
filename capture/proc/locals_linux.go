package proc

import "net/netip"

// maxConnected bounds the addresses that connects came from.
const maxConnected = 1024

// locals are addresses of this host: those of its interfaces, and those that
// connects came from, which may be a container's.
type locals struct {
	interfaces Addresses
	connected  map[netip.Addr]bool
}

func (l *locals) add(a netip.Addr) {
	if l.connected == nil || len(l.connected) >= maxConnected {
		l.connected = make(map[netip.Addr]bool)
	}
	l.connected[a] = true
}

func (l *locals) has(a netip.Addr) bool { return l.connected[a] || l.interfaces.Local(a) }
