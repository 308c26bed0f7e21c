package live

import (
	"net/netip"

	"github.com/google/gopacket/pcap"
)

// Interface is something libpcap can capture from.
type Interface struct {
	Name        string
	Description string // may be empty
	Addresses   []netip.Addr
	Up          bool
	Running     bool
	Loopback    bool
}

// PCAP_IF_ flags of pcap_findalldevs.
const (
	flagLoopback = 1 << iota
	flagUp
	flagRunning
)

// Interfaces lists the interfaces, the likeliest to be wanted first.
func Interfaces() ([]Interface, error) {
	devices, err := pcap.FindAllDevs()
	if err != nil {
		return nil, err
	}
	interfaces := make([]Interface, len(devices))
	for i, d := range devices {
		interfaces[i] = Interface{
			Name:        d.Name,
			Description: d.Description,
			Addresses:   addresses(d.Addresses),
			Up:          d.Flags&flagUp != 0,
			Running:     d.Flags&flagRunning != 0,
			Loopback:    d.Flags&flagLoopback != 0,
		}
	}
	return interfaces, nil
}

func addresses(of []pcap.InterfaceAddress) []netip.Addr {
	var all []netip.Addr
	for _, a := range of {
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			all = append(all, ip.Unmap())
		}
	}
	return all
}
