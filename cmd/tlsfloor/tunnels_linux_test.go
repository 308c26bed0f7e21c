package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// TestTunnels runs the program on an interface to which strangers and mirrors send VXLAN:
// datagrams from sockets to the interface's address, on which nothing listens.
func TestTunnels(t *testing.T) {
	binary := buildForNetworks(t)
	t.Run("whose are believed", func(t *testing.T) { testWhoseTunnels(t, binary) })
	t.Run("a flood from one mirror", func(t *testing.T) { testTunnelFlood(t, binary) })
	t.Run("an innocent program", func(t *testing.T) { testInnocentProgram(t, binary) })
}

// tunnelTo opens a socket that sends frames in VXLAN.
func (n *network) tunnelTo(t *testing.T, address string) func(frames ...[]byte) {
	t.Helper()
	var c net.Conn
	var err error
	n.do(func() { c, err = net.Dial("udp", address+":4789") })
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return func(frames ...[]byte) {
		for _, f := range frames {
			// If nothing listens, the next write returns an error.
			if _, err := c.Write(append([]byte{8, 0, 0, 0, 0, 0, 7, 0}, f...)); err != nil {
				_, err = c.Write(append([]byte{8, 0, 0, 0, 0, 0, 7, 0}, f...))
				must(t, err)
			}
		}
	}
}

// A stranger forges a connection between two other hosts, and a mirror sends connections of
// its own host, as AWS Traffic Mirroring does.
func testWhoseTunnels(t *testing.T, binary string) {
	s := newScript(t)
	forged := s.frames(netip.MustParseAddrPort("10.50.0.1:40000"))
	own := s.frames(netip.MustParseAddrPort(thereAddress + ":40000"))
	accused := s.frames(netip.MustParseAddrPort(thereAddress + ":40000")) // in which the sender is the server
	for i, f := range accused {
		accused[i] = readdress(f, map[string]string{thereAddress: "10.50.0.1", "192.0.2.10": thereAddress})
	}
	const clientHello = 2 // after SYN and SYN-ACK
	notBelieved, others := `"cause":"tunnels_not_believed"`, `"cause":"clients_not_believed"`
	for _, k := range []struct {
		name, tunnels string
		frames        [][]byte
		client        string // of the event; empty: there is none
		blind         string
		says          string
	}{
		{"one datagram of a stranger", "", forged[clientHello : clientHello+1], "", notBelieved, "--tunnels own," + thereAddress},
		{"a stranger's whole handshake", "", forged, "", notBelieved, "each sender is believed about its own connections"},
		{"a stranger's whole handshake, in which it is the server", "", accused, "", others, ""},
		{"one datagram of a stranger, all believed", "all", forged[clientHello : clientHello+1], "10.50.0.1", "", "tunnels: all senders are believed"},
		{"a stranger's whole handshake, believed", thereAddress, forged, "10.50.0.1", "", "tunnels: senders in " + thereAddress + "/32 are believed\n"},
		{"a stranger's whole handshake, another believed", "own,10.66.0.0/16", forged, "", notBelieved, "senders in 10.66.0.0/16 are believed, and each other sender about"},
		{"a mirror", "", own, thereAddress, "", ""},
		{"one datagram of a mirror", "", own[clientHello : clientHello+1], thereAddress, "", ""},
		{"a mirror, nobody believed", "none", own, "", notBelieved, "tunnels: no sender is believed"},
		{"a mirror, another believed", "10.66.0.0/16", own, "", notBelieved, ""},
	} {
		for _, workers := range []string{"1", "2"} {
			t.Run(k.name+", "+workers, func(t *testing.T) {
				w, folder := newWire(t), room(t)
				events := filepath.Join(folder, "events")
				cmd := exec.Command(binary, "-v", "--workers", workers, "-o", "file:"+events)
				if k.tunnels != "" {
					cmd.Args = append(cmd.Args, "--tunnels", k.tunnels)
				}
				p := w.watch(t, folder, cmd)
				w.there.tunnelTo(t, hereAddress)(k.frames...)
				p.await("the datagrams are seen", func() bool { return p.askCounts().packets >= len(k.frames) })
				if status := p.stop(); status != exitOK {
					t.Errorf("status %d", status)
				}
				text := string(read(t, events))
				if n := strings.Count(text, `"flagged":true`); n > 1 || (n == 1) != (k.client != "") || k.client != "" && !strings.Contains(text, `"src_ip":"`+k.client+`"`) {
					t.Errorf("events:\n%s", text)
				}
				if strings.Contains(text, "not_believed") != (k.blind != "") || !strings.Contains(text, k.blind) || !strings.Contains(p.said(), k.says) {
					t.Errorf("want %q and %q in\n%s%s", k.blind, k.says, text, p.said())
				}
			})
		}
	}
}

// readdress exchanges IPv4 addresses of an Ethernet frame.
func readdress(frame []byte, to map[string]string) []byte {
	out := append([]byte(nil), frame...)
	for _, at := range []int{14 + 12, 14 + 16} {
		a := netip.AddrFrom4([4]byte(out[at : at+4]))
		if b, ok := to[a.String()]; ok {
			copy(out[at:], netip.MustParseAddr(b).AsSlice())
		}
	}
	return out
}

// A mirrored host that floods does not fill the outputs, and further events are counted.
func testTunnelFlood(t *testing.T, program string) {
	w, folder, s := newWire(t), room(t), newScript(t)
	events := filepath.Join(folder, "events")
	p := w.watch(t, folder, exec.Command(program, "-o", "file:"+events))
	send := w.there.tunnelTo(t, hereAddress)
	if left := 60 - time.Now().Second(); left < 20 {
		time.Sleep(time.Duration(left) * time.Second) // all of it in one minute
	}
	const n = 900
	paced(n, 300, func(i int) {
		frames := s.frames(netip.AddrPortFrom(netip.MustParseAddr(thereAddress), uint16(10000+i)))
		random := frames[2][14+20+20+11:] // another hello each time, or it would be one connection, seen again
		binary.BigEndian.PutUint32(random, uint32(i))
		send(frames...)
	})
	p.await("all are judged", func() bool { return p.askCounts().flagged == n })
	if status := p.stop(); status != exitOK {
		t.Errorf("status %d", status)
	}
	text := string(read(t, events))
	want := fmt.Sprintf(`{"cause":"events_bounded","count":%d,"top":[{"name":"%s","count":%d}],"text":"`, n-tunnelEvents, thereAddress, n-tunnelEvents)
	if written := strings.Count(text, `"flagged":true`); written != tunnelEvents || !strings.Contains(text, want) {
		t.Errorf("%d events written, want %d and %s in\n%s", written, tunnelEvents, want, text[max(0, len(text)-600):])
	}
}

// A datagram with the addresses and ports of a program's connection does not blame that
// program, whoever is believed. Its own handshake does.
func testInnocentProgram(t *testing.T, binary string) {
	n, folder, s := newNetwork(t), room(t), newScript(t)
	n.serve(t, "127.0.0.1:443")
	events := filepath.Join(folder, "events")
	p := n.watchLoopback(t, exec.Command(binary, "--process", "--tunnels", "all"), events)
	client, err := n.violate("127.0.0.1:443")
	must(t, err)
	p.await("the event", func() bool { return linesOf(events) == 1 })
	if text := string(read(t, events)); !strings.Contains(text, fmt.Sprintf(`"process":{"pid":%d,`, os.Getpid())) {
		t.Fatalf("%s has no process: %s", client, text)
	}
	var innocent net.Conn
	n.do(func() { innocent, err = net.Dial("tcp", "127.0.0.1:443") })
	must(t, err)
	defer innocent.Close()
	ends := [2]netip.AddrPort{netip.MustParseAddrPort(innocent.LocalAddr().String()), netip.MustParseAddrPort(innocent.RemoteAddr().String())}
	segment := wrap.TCP(wrap.Segment{Src: ends[0], Dst: ends[1], Seq: 1, Flags: decode.ACK}, s[0].bytes)
	answer := wrap.TCP(wrap.Segment{Src: ends[1], Dst: ends[0], Seq: 1, Flags: decode.RST}, nil)
	n.tunnelTo(t, "127.0.0.1")(wrap.Ethernet(segment), wrap.Ethernet(answer))
	p.await("the forged event", func() bool { p.askCounts(); return p.counts().flagged == 2 })
	if status := p.stop(); status != exitOK {
		t.Errorf("status %d", status)
	}
	text := string(read(t, events))
	if lines := strings.Split(text, "\n"); len(lines) < 2 || !strings.Contains(lines[1], `"tunnels":["vxlan:7"]`) || strings.Contains(lines[1], `"process"`) {
		t.Errorf("events:\n%s", text)
	}
}
