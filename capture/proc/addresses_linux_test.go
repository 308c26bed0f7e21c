package proc

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	var a addresses
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Skip(err)
	}
	for address := range addressSet(interfaces) {
		if !a.has(address) {
			t.Errorf("%v is not local", address)
		}
	}
	for text, want := range map[string]bool{
		"127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true,
		"192.0.2.1": false, "2001:db8::1": false, "0.0.0.0": false,
	} {
		if got := a.has(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if a.has(netip.Addr{}) {
		t.Error("no address is local")
	}
}

func TestAddressSet(t *testing.T) {
	set := addressSet([]net.Addr{
		&net.IPNet{IP: net.IPv4(10, 0, 0, 5), Mask: net.CIDRMask(24, 32)},
		&net.IPNet{IP: net.ParseIP("fe80::1"), Mask: net.CIDRMask(64, 128)},
		&net.TCPAddr{IP: net.IPv4(10, 0, 0, 6)},
	})
	if len(set) != 2 || !set[netip.MustParseAddr("10.0.0.5")] || !set[netip.MustParseAddr("fe80::1")] {
		t.Errorf("%v", set)
	}
	a := addresses{interfaces: set, read: time.Now()}
	if !a.has(netip.MustParseAddr("fe80::1%eth0")) {
		t.Error("a zone hides an address")
	}
}
