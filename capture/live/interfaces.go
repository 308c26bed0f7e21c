package live

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/gopacket/pcap"
)

// Interface is a network interface, or something else that libpcap captures from.
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

// Interfaces returns all interfaces in the order of libpcap, which puts those first that
// are most likely to be wanted.
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

// noInterface returns an error with the names of the interfaces that are up.
func noInterface() error {
	all, err := Interfaces()
	if err != nil {
		return errNoInterface
	}
	var up []string
	for _, i := range all {
		if i.Up {
			up = append(up, i.Name)
		}
	}
	return fmt.Errorf("%w; there are: %s", errNoInterface, strings.Join(up, ", "))
}

func exists(name string) bool {
	all, err := Interfaces()
	if err != nil {
		return true
	}
	for _, i := range all {
		if i.Name == name {
			return true
		}
	}
	return false
}
