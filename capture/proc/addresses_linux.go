package proc

import (
	"net"
	"net/netip"
	"time"
)

const (
	// addressesEvery is how often the addresses of the interfaces are read.
	addressesEvery = 10 * time.Second
	// maxConnected bounds the addresses that connects came from.
	maxConnected = 1024
)

// addresses are addresses of this host: those of its interfaces in the network
// namespace of the process, and those that connects came from, which may be a
// container's. Reading them needs no privilege, but a netlink socket of the routing
// tables: where a sandbox refuses one, the last ones stay. The zero value is ready.
type addresses struct {
	interfaces map[netip.Addr]bool
	read       time.Time
	connected  map[netip.Addr]bool
}

// add adds the address that a connect came from.
func (l *addresses) add(a netip.Addr) {
	if l.connected == nil || len(l.connected) >= maxConnected {
		l.connected = make(map[netip.Addr]bool)
	}
	l.connected[a] = true
}

// has reports whether an address is one of this host's.
func (l *addresses) has(a netip.Addr) bool {
	if l.connected[a] {
		return true
	}
	if l.read.IsZero() || time.Since(l.read) > addressesEvery {
		l.read = time.Now()
		if read, err := net.InterfaceAddrs(); err == nil {
			l.interfaces = addressSet(read)
		}
	}
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || l.interfaces[a]
}

func addressSet(read []net.Addr) map[netip.Addr]bool {
	set := make(map[netip.Addr]bool)
	for _, a := range read {
		if prefix, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(prefix.IP); ok {
				set[ip.Unmap()] = true
			}
		}
	}
	return set
}
