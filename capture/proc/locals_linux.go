package proc

import (
	"net"
	"net/netip"
	"time"
)

// locals are addresses of this host: those of its interfaces, and those that
// connects came from, which may be a container's.
type locals struct {
	interfaces map[netip.Addr]bool
	read       time.Time
	connected  map[netip.Addr]bool
}

const (
	// localsEvery is how often the interfaces' addresses are read.
	localsEvery = 10 * time.Second
	// maxLocals bounds the addresses that connects came from.
	maxLocals = 1024
)

func (l *locals) add(a netip.Addr) {
	if l.connected == nil || len(l.connected) >= maxLocals {
		l.connected = make(map[netip.Addr]bool)
	}
	l.connected[a] = true
}

func (l *locals) has(a netip.Addr) bool {
	if l.connected[a] {
		return true
	}
	if time.Since(l.read) > localsEvery {
		l.read = time.Now()
		l.refresh()
	}
	return l.interfaces[a]
}

func (l *locals) refresh() {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return
	}
	l.interfaces = make(map[netip.Addr]bool)
	for _, a := range addresses {
		if prefix, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(prefix.IP); ok {
				l.interfaces[ip.Unmap()] = true
			}
		}
	}
}
