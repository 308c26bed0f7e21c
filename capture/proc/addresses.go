package proc

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// addressesEvery is how often the interfaces' addresses are read.
const addressesEvery = 10 * time.Second

// Addresses are those of this host's interfaces, in the network of the process.
// Asking takes no privilege, but a socket of the kernel's routing tables: where
// a sandbox refuses one, what was read before it stays. The zero value is ready;
// any number of goroutines may use it.
type Addresses struct {
	mu         sync.Mutex
	interfaces map[netip.Addr]bool
	read       time.Time
}

// Local reports whether an address is one of this host's. It reads them again
// when they are older than ten seconds.
func (l *Addresses) Local(a netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read.IsZero() || time.Since(l.read) > addressesEvery {
		l.read = time.Now()
		if addresses, err := net.InterfaceAddrs(); err == nil {
			l.interfaces = addressSet(addresses)
		}
	}
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || l.interfaces[a]
}

func addressSet(addresses []net.Addr) map[netip.Addr]bool {
	set := make(map[netip.Addr]bool)
	for _, a := range addresses {
		if prefix, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(prefix.IP); ok {
				set[ip.Unmap()] = true
			}
		}
	}
	return set
}
