package sensor

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// packets builds a connection as IP packets.
type packets struct {
	list [][]byte
	ends [2]netip.AddrPort
	seq  [2]uint32
}

func (c *packets) send(from int, flags uint8, b []byte) {
	s := wrap.Segment{Src: c.ends[from], Dst: c.ends[1-from], Seq: c.seq[from], Ack: c.seq[1-from], Flags: flags}
	c.list = append(c.list, wrap.TCP(s, b))
	c.seq[from] += uint32(len(b))
	if flags&(decode.SYN|decode.FIN) != 0 {
		c.seq[from]++
	}
}

// The first packet of handshakePackets, and the last that tests fragment.
const (
	synPacket  = 0
	lastPacket = 5
)

// handshakePackets is a handshake without anomalies: SYN, SYN-ACK, ACK, two hellos, a
// warning from the client and its FIN.
func handshakePackets(ends [2]netip.AddrPort) [][]byte {
	c := &packets{ends: ends, seq: [2]uint32{1000, 2000}}
	c.send(0, decode.SYN, nil)
	c.send(1, decode.SYN|decode.ACK, nil)
	c.send(0, decode.ACK, nil)
	c.send(0, decode.ACK, clientHelloFor(0x0301))
	c.send(1, decode.ACK, serverHelloFor(0x0301))
	c.send(0, decode.ACK, tlsRecord(21, 1, 112))
	c.send(0, decode.ACK|decode.FIN, nil)
	return c.list
}

// fragment is a fragment of packet with data, at an offset in bytes.
func fragment(packet []byte, from int, more bool, data []byte) []byte {
	const id = 1
	if packet[0]>>4 == 4 {
		f := slices.Concat(packet[:20], data)
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		binary.BigEndian.PutUint16(f[4:], id)
		binary.BigEndian.PutUint16(f[6:], uint16(from/8))
		if more {
			f[6] |= 0x20
		}
		return f
	}
	f := slices.Concat(packet[:40], []byte{packet[6], 0, 0, 0, 0, 0, 0, id}, data)
	f[6] = 44
	binary.BigEndian.PutUint16(f[4:], uint16(len(f)-40))
	binary.BigEndian.PutUint16(f[42:], uint16(from))
	if more {
		f[43] |= 1
	}
	return f
}

// inThree cuts a packet into three fragments: of 8 bytes, of 8, and of the rest.
func inThree(packet []byte) [3][]byte {
	content := packet[20:]
	if packet[0]>>4 == 6 {
		content = packet[40:]
	}
	return [3][]byte{
		fragment(packet, 0, true, content[:8]),
		fragment(packet, 8, true, content[8:16]),
		fragment(packet, 16, false, content[16:]),
	}
}

// TestFragmentsOfAnyPacket sends fragments that overlap or contradict each other, of any
// packet of a connection. Its event has the anomaly, whether the packet can be
// reassembled or not, and no other connection's event has it.
func TestFragmentsOfAnyPacket(t *testing.T) {
	const overlap, conflict, tiny = "ip_fragment_overlap", "ip_fragment_conflict", "ip_fragment_tiny"
	evil := []byte(strings.Repeat("X", 24))
	ends4 := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:40000"), netip.MustParseAddrPort("192.0.2.10:443")}
	ends6 := [2]netip.AddrPort{netip.MustParseAddrPort("[2001:db8::5]:40000"), netip.MustParseAddrPort("[2001:db8::a]:443")}
	attacks := map[string]struct {
		fragments func(packet []byte) [][]byte
		want      []string
	}{
		"none": {func(p []byte) [][]byte { return [][]byte{p} }, nil},
		"twice the same": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[1], f[1], f[0], f[0], f[2], f[2], f[1]}
		}, []string{tiny}},
		"other bytes at one place": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[0], f[1], fragment(p, 8, true, evil[:8]), f[2]}
		}, []string{overlap, tiny}},
		"another end": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[0], fragment(p, 4000, false, evil), f[1], f[2]}
		}, []string{conflict, tiny}},
		"another end, before the ports are known": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{fragment(p, 4000, false, evil), f[2], f[1], f[0]}
		}, []string{conflict, tiny}},
		"other bytes, never reassembled": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[0], f[1], fragment(p, 8, true, evil[:8]), p}
		}, []string{overlap, tiny}},
		"another end, never reassembled": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[0], f[2], fragment(p, 4000, false, evil), p}
		}, []string{conflict, tiny}},
		"two ends, never reassembled, the ports last": {func(p []byte) [][]byte {
			return [][]byte{fragment(p, 4000, false, evil), fragment(p, 2000, false, evil), inThree(p)[0], p}
		}, []string{conflict, tiny}},
		"after the reassembled packet": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[0], f[1], f[2], fragment(p, 8, true, evil[:8])}
		}, []string{conflict, tiny}},
		"beyond the end of the reassembled packet": {func(p []byte) [][]byte {
			f := inThree(p)
			return [][]byte{f[0], f[1], f[2], fragment(p, 4000, false, evil)}
		}, []string{conflict, tiny}},
	}
	tunnels := map[string]struct {
		wrap    func(packet []byte) []byte
		workers int
	}{
		"bare": {wrap.Ethernet, 1},
		"VXLAN": {func(p []byte) []byte {
			return wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: ends4[0].Addr(), Dst: ends4[1].Addr()}, 7, wrap.Ethernet(p)))
		}, 2},
		"VLAN": {func(p []byte) []byte { return wrap.VLAN(wrap.Ethernet(p), 7) }, 3},
	}
	for name, attack := range attacks {
		for which := synPacket; which <= lastPacket; which++ {
			for ip, ends := range map[string][2]netip.AddrPort{"IPv4": ends4, "IPv6": ends6} {
				for tunnel, around := range tunnels {
					t.Run(fmt.Sprintf("%s/packet %d/%s/%s", name, which, ip, tunnel), func(t *testing.T) {
						others := ends
						others[0] = netip.AddrPortFrom(ends[0].Addr(), 40001)
						var frames []capture.Frame
						add := func(packet []byte) {
							b := around.wrap(packet)
							frames = append(frames, capture.Frame{Time: 1e18 + int64(len(frames))*1e6, Data: b, Length: len(b), Link: capture.LinkEthernet, Source: "test"})
						}
						other := handshakePackets(others)
						for i, packet := range handshakePackets(ends) {
							pieces := [][]byte{packet}
							if i == which {
								pieces = attack.fragments(packet)
							}
							for _, p := range append(pieces, other[i]) {
								add(p)
							}
						}
						want := attack.want
						if which == synPacket && strings.Contains(name, "never reassembled") {
							want = nil // there is no connection yet
						}
						events, _ := eventsOf(t, around.workers, &memorySource{frames: frames})
						checkAnomalies(t, events, want)
						flagged, kept, _ := keepRun(t, around.workers, &memorySource{frames: frames}, false)
						if again, _, _ := keepRun(t, 1, &memorySource{frames: kept.frames(t)}, true); !slices.Equal(again, flagged) {
							t.Errorf("kept, and read again: %s\nwant %s", again, flagged)
						}
					})
				}
			}
		}
	}
}

// checkAnomalies checks the anomalies of the client with port 40000, and that the other
// client has none.
func checkAnomalies(t *testing.T, events []string, want []string) {
	t.Helper()
	if len(events) != 2 {
		t.Fatalf("%d events: %s", len(events), events)
	}
	for _, line := range events {
		var event struct {
			Port      int `json:"src_port"`
			Verdict   string
			Anomalies []string
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		expected := want
		if event.Port != 40000 {
			expected = nil
		}
		slices.Sort(event.Anomalies)
		expected = slices.Sorted(slices.Values(expected))
		if event.Verdict != "violation" || !slices.Equal(event.Anomalies, expected) {
			t.Errorf("port %d, %s: anomalies %q, want %q", event.Port, event.Verdict, event.Anomalies, expected)
		}
	}
}
