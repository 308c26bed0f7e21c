package proc

import (
	"net"
	"net/netip"
	"os"
	"testing"
)

// TestUDP finds the process of sockets of UDP that are connected, as most clients' are, and
// that are not, as those of many QUIC libraries.
func TestUDP(t *testing.T) {
	f, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	for _, host := range []string{"127.0.0.1", "::1"} {
		server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
		if err != nil {
			t.Skipf("%s: %v", host, err)
		}
		t.Cleanup(func() { server.Close() })
		connected, err := net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connected.Close() })
		free, err := net.ListenUDP("udp", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { free.Close() })
		to := udpEnd(server, host)
		for name, conn := range map[string]*net.UDPConn{"connected": connected, "not connected": free} {
			p, err := f.FindUDP(udpEnd(conn, host), to)
			if err != nil || p.PID != os.Getpid() {
				t.Errorf("%s, %s: %+v, %v", host, name, p, err)
			}
		}
		gone, err := net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr))
		if err != nil {
			t.Fatal(err)
		}
		from := udpEnd(gone, host)
		gone.Close()
		if p, err := f.FindUDP(from, to); err == nil {
			t.Errorf("%s: a closed socket is %+v's", host, p)
		}
		if p, err := f.Find(udpEnd(connected, host), to); err == nil {
			t.Errorf("%s: a connection of TCP is found: %+v", host, p)
		}
	}
}

// udpEnd is a socket's address, with the host's in place of any.
func udpEnd(c *net.UDPConn, host string) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(host), uint16(c.LocalAddr().(*net.UDPAddr).Port))
}
