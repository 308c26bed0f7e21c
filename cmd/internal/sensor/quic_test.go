package sensor

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
)

// udp is a datagram of a recorded capture.
type udp struct {
	time     int64
	src, dst netip.AddrPort
	payload  []byte
}

func (u udp) frame() capture.Frame { return wrapIn(u.time, wrap.UDP(u.src, u.dst, u.payload), nil) }

func udpFrames(list []udp) (frames []capture.Frame) {
	for _, u := range list {
		frames = append(frames, u.frame())
	}
	return frames
}

// readUDP returns the datagrams of a capture.
func readUDP(t testing.TB, name string) (list []udp) {
	t.Helper()
	decoder := decode.New(decode.Options{})
	for _, f := range read(t, name) {
		var p decode.Packet
		if decoder.Decode(&f, &p) == decode.Datagram {
			list = append(list, udp{
				p.Time, netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort),
				slices.Clone(p.Payload),
			})
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no datagrams", name)
	}
	return list
}

// quicCaptures have one connection of QUIC each.
var quicCaptures = []string{
	"quicgo-v1-sni.pcap", "quicgo-v1-classic.pcap", "quicgo-v2-sni.pcap", "quicgo-v1-retry.pcap", "quicgo-v2-retry.pcap",
	"quicgo-negotiation.pcap", "quicgo-lost.pcap", "quicgo-doubled.pcap", "quicgo-reordered.pcap", "quicgo-ipv6.pcap", "quicgo-refused.pcap",
}

// movedAt returns the datagrams of a connection whose client has another port from one on.
func movedAt(all []udp, from int) []udp {
	client := all[0].src
	moved := netip.AddrPortFrom(client.Addr(), client.Port()^1)
	changed := slices.Clone(all)
	for i := from; i < len(changed); i++ {
		if changed[i].src == client {
			changed[i].src = moved
		} else {
			changed[i].dst = moved
		}
	}
	return changed
}

// A connection whose client gets another port in the middle of its handshake stays one
// flow, with the addresses that it had first.
func TestMovedConnection(t *testing.T) {
	for _, name := range quicCaptures {
		all := readUDP(t, name)
		client := all[0].src
		want, _ := eventsOf(t, 1, &memorySource{frames: udpFrames(all)})
		for from := 1; from < min(len(all), 12); from++ {
			if all[from].src != client {
				continue // the server goes on at the new port when it has heard from there
			}
			changed := movedAt(all, from)
			for _, workers := range []int{1, 3} {
				got, _ := eventsOf(t, workers, &memorySource{frames: udpFrames(changed)})
				// Before the first answer, it may be another attempt with other ids.
				if !slices.Equal(got, want) && !(strings.Contains(name, "negotiation") && len(got) == 2) {
					t.Errorf("%s, from datagram %d on, %d workers: got\n%s\nwant\n%s", name, from, workers, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		}
	}
}

// Chromium's own id is empty, and this server's has four bytes: what the server sends to
// the client's other port belongs to the flow because the client was followed there, by
// the eight bytes to which it sends its first datagrams.
func TestMovedWithoutID(t *testing.T) {
	for _, name := range []string{"chromium-http3.pcap", "chromium-http3-v2.pcap"} {
		all := readUDP(t, name)
		want, _ := eventsOf(t, 1, &memorySource{frames: udpFrames(all)})
		const secondOfClient = 2
		for _, workers := range []int{1, 3} {
			got, _ := eventsOf(t, workers, &memorySource{frames: udpFrames(movedAt(all, secondOfClient))})
			if !slices.Equal(got, want) {
				t.Errorf("%s, %d workers: got\n%s\nwant\n%s", name, workers, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// Two connections whose ids are alike by chance do not become one: at least one end has
// to stay where it was.
func TestMovesNeedAnEnd(t *testing.T) {
	all := readUDP(t, "quicgo-v1-sni.pcap")
	other := slices.Clone(all)
	for i := range other {
		for _, end := range []*netip.AddrPort{&other[i].src, &other[i].dst} {
			*end = netip.AddrPortFrom(end.Addr().Next(), end.Port())
		}
	}
	if got, _ := eventsOf(t, 1, &memorySource{frames: udpFrames(append(all, other...))}); len(got) != 2 {
		t.Errorf("%d events", len(got))
	}
}

// A client that uses the same port and ids with several servers has as many connections:
// only the end that sends a datagram may have moved.
func TestSameIDsToOtherServers(t *testing.T) {
	all := readUDP(t, "quicgo-v1-sni.pcap")
	server := all[0].dst
	var list []udp
	for range 3 {
		for _, u := range all {
			if u.src == all[0].src {
				u.dst = server
			} else {
				u.src = server
			}
			list = append(list, u)
		}
		server = netip.AddrPortFrom(server.Addr().Next(), server.Port())
	}
	for _, workers := range []int{1, 3} {
		got, _ := eventsOf(t, workers, &memorySource{frames: udpFrames(list)})
		text := strings.Join(got, "\n")
		if len(got) != 3 || strings.Count(text, `"outcome":"established","reason":"selected`) != 3 {
			t.Errorf("%d workers: got\n%s", workers, text)
		}
	}
}

// betweenEnds returns the datagrams of list with the client and the server of the first of like.
func betweenEnds(list, like []udp) (out []udp) {
	for _, u := range list {
		if u.src == list[0].src {
			u.src, u.dst = like[0].src, like[0].dst
		} else {
			u.src, u.dst = like[0].dst, like[0].src
		}
		out = append(out, u)
	}
	return out
}

// A client may have several connections with a server at once, from one port.
func TestConnectionsAtOnce(t *testing.T) {
	one := readUDP(t, "quicgo-v1-sni.pcap")
	two := betweenEnds(readUDP(t, "quicgo-v1-classic.pcap"), one)
	var list []udp
	for i := range max(len(one), len(two)) {
		list = append(list, one[min(i, len(one)):min(i+1, len(one))]...)
		list = append(list, two[min(i, len(two)):min(i+1, len(two))]...)
	}
	for _, workers := range []int{1, 3} {
		got, _ := eventsOf(t, workers, &memorySource{frames: udpFrames(list)})
		text := strings.Join(got, "\n")
		if len(got) != 2 || strings.Count(text, `"outcome":"established","reason":"selected`) != 2 {
			t.Errorf("%d workers: got\n%s", workers, text)
		}
	}
}

// What somebody else sends between the two ends does not end the client's connection.
func TestForgedInitial(t *testing.T) {
	all := readUDP(t, "quicgo-v1-sni.pcap")
	forged := betweenEnds(readUDP(t, "quicgo-v1-classic.pcap"), all)[0]
	for _, back := range []bool{false, true} {
		if back {
			forged.src, forged.dst = forged.dst, forged.src
		}
		for at := range 4 {
			list := slices.Insert(slices.Clone(all), at, forged)
			got, _ := eventsOf(t, 1, &memorySource{frames: udpFrames(list)})
			if text := strings.Join(got, "\n"); strings.Count(text, `"outcome":"established","reason":"selected`) != 1 {
				t.Errorf("before datagram %d, from the server's side %v: got\n%s", at, back, text)
			}
		}
	}
}

// A NAT may use the port of a connection that has moved for another one.
func TestPortOfMovedConnection(t *testing.T) {
	one := readUDP(t, "quicgo-v1-sni.pcap")
	two := betweenEnds(readUDP(t, "quicgo-v1-classic.pcap"), one)
	client := one[0].src
	moved := netip.AddrPortFrom(client.Addr(), client.Port()^1)
	for _, list := range [][]udp{one[1:], two} {
		for i := range list {
			if list[i].src == client {
				list[i].src = moved
			} else {
				list[i].dst = moved
			}
		}
	}
	got, _ := eventsOf(t, 1, &memorySource{frames: udpFrames(append(one, two...))})
	for i, port := range []uint16{client.Port(), moved.Port()} {
		if len(got) != 2 || !strings.Contains(got[i], fmt.Sprintf(`"src_port":%d`, port)) {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	}
}

// What comes again makes no other event, and another connection with the same ports does.
func TestQUICAgain(t *testing.T) {
	for _, name := range quicCaptures {
		if name == "quicgo-negotiation.pcap" {
			continue // its second hello is taken for that of another connection
		}
		all := readUDP(t, name)
		want, once := eventsOf(t, 1, &memorySource{frames: udpFrames(all)})
		got, twice := eventsOf(t, 1, &memorySource{frames: udpFrames(append(slices.Clone(all), all...))})
		if !slices.Equal(got, want) {
			t.Errorf("%s twice: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if once.ClientHellos != twice.ClientHellos || twice.Copies > 0 {
			t.Errorf("%s: %d hellos once, %d twice, %d copies", name, once.ClientHellos, twice.ClientHellos, twice.Copies)
		}
	}
	first, second := readUDP(t, "quicgo-v1-sni.pcap"), readUDP(t, "quicgo-v1-classic.pcap")
	ends := [2]netip.AddrPort{first[0].src, first[0].dst}
	for cut := range 8 {
		list := slices.Clone(first[:len(first)-cut])
		for _, u := range second {
			if u.src == second[0].src {
				u.src, u.dst = ends[0], ends[1]
			} else {
				u.src, u.dst = ends[1], ends[0]
			}
			list = append(list, u)
		}
		if got, _ := eventsOf(t, 1, &memorySource{frames: udpFrames(list)}); len(got) != 2 {
			t.Errorf("without the last %d datagrams of the first: %d events:\n%s", cut, len(got), strings.Join(got, "\n"))
		}
	}
}

// The server's packets may come first.
func TestQUICServerFirst(t *testing.T) {
	for _, name := range []string{"quicgo-v1-sni.pcap", "quicgo-v2-sni.pcap", "quicgo-ipv6.pcap"} {
		all := readUDP(t, name)
		want := sortedEvents(t, udpFrames(all))
		server := all[0].dst
		slices.SortStableFunc(all, func(a, b udp) int {
			if (a.src == server) == (b.src == server) {
				return 0
			}
			if a.src == server {
				return -1
			}
			return 1
		})
		if got := sortedEvents(t, udpFrames(all)); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// Without the second datagram of a hello, its beginning counts, and the server's answer.
func TestHalfAHelloInQUIC(t *testing.T) {
	var some []udp
	for i, u := range readUDP(t, "quicgo-v1-sni.pcap") {
		if i == 0 || u.src != some[0].src {
			some = append(some, u)
		}
	}
	got, stats := eventsOf(t, 1, &memorySource{frames: udpFrames(some)})
	if len(got) != 1 || !strings.Contains(got[0], `"hello_cut"`) || !strings.Contains(got[0], `"tlsVersion":"TLSv1.3"`) || stats.Incomplete != 1 {
		t.Errorf("%d incomplete hellos: %s", stats.Incomplete, strings.Join(got, "\n"))
	}
}

// With one direction only: a hello and no answer, or nothing that can be opened.
func TestQUICOneDirection(t *testing.T) {
	all := readUDP(t, "quicgo-v1-sni.pcap")
	for d, want := range []int{1, 0} {
		var one []udp
		for _, u := range all {
			if (u.src == all[0].src) == (d == 0) {
				one = append(one, u)
			}
		}
		got, stats := eventsOf(t, 1, &memorySource{frames: udpFrames(one)})
		if len(got) != want || stats.Unseen != (blind.Unseen{OneDirection: 1}) {
			t.Errorf("direction %d: %d events, %+v", d, len(got), stats.Unseen)
		}
	}
}

// What the snapshot length cut off is a blind spot.
func TestQUICCut(t *testing.T) {
	frames := udpFrames(readUDP(t, "quicgo-v1-sni.pcap"))
	for i := range frames {
		frames[i].Data = frames[i].Data[:min(len(frames[i].Data), 200)]
	}
	got, stats := eventsOf(t, 1, &memorySource{frames: frames})
	if len(got) > 0 || stats.Unseen.CutHellos != 1 {
		t.Errorf("%d events, %+v", len(got), stats.Unseen)
	}
}

// Other versions are counted, once for a conversation.
func TestOtherVersionsOfQUIC(t *testing.T) {
	from, to := netip.MustParseAddrPort("10.0.0.5:50000"), netip.MustParseAddrPort("192.0.2.10:443")
	var frames []capture.Frame
	add := func(port uint16, payload string) {
		for i := range int64(3) {
			b := append([]byte(payload), make([]byte, 1250)...)
			frames = append(frames, udp{i, netip.AddrPortFrom(from.Addr(), port), to, b}.frame())
		}
	}
	add(1, "\x0d12345678Q043")
	add(2, "\xc3Q046\x5012345678")
	add(3, "\xc3Q050\x0812345678\x00")
	add(4, "\xc0\x1a\x2a\x3a\x4a\x0812345671\x00")
	add(5, "\xc0\x0a\x0a\x0a\x0a\x0812345672\x00")
	add(6, "\xc0\x1a\x2a\x3a\x4a\x0812345673\x00")
	for _, workers := range []int{1, 3} {
		got, stats := eventsOf(t, workers, &memorySource{frames: frames})
		if len(got) > 0 || stats.GoogleQUIC != 3 {
			t.Errorf("%d events, %d of Google's", len(got), stats.GoogleQUIC)
		}
		spots := stats.Blind().Spots()
		if text := fmt.Sprintf("%d %d %s", len(spots), spots[0].Count, spots[0].Text()); text != "1 3 connections in a version of QUIC that is not read: 0x1a2a3a4a (2), 0x0a0a0a0a (1)" {
			t.Error(text)
		}
	}
}

// A flood of packets that look like Initial ones takes memory up to the bounds, and a
// handshake during it is found.
func TestQUICFlood(t *testing.T) {
	all := readUDP(t, "quicgo-v1-sni.pcap")
	found := 0
	s := newSensor(t, func(f *classify.Finding) {
		if f.Outcome == classify.Established {
			found++
		}
	})
	flood := slices.Clone(all[0].payload)
	var a attacker
	for i := range 20_000 {
		now := all[0].time + int64(i)*1000
		binary.BigEndian.PutUint64(flood[6:], uint64(i))  // its id: it does not open any more
		binary.BigEndian.PutUint32(flood[15:], uint32(i)) // the sender's
		f := udp{now, a.next(), victim, flood}.frame()
		s.Process(&f)
		if i%1000 == 500 && i/1000 < len(all) {
			g := all[i/1000].frame()
			g.Time = now
			s.Process(&g)
		}
	}
	s.flush()
	if found != 1 {
		t.Errorf("%d handshakes were found", found)
	}
	if st := s.Stats(); st.Datagrams.Bytes > 0 || st.Faults > 0 {
		t.Errorf("%+v", st.Datagrams)
	}
}

// Packets of a connection that is decided allocate nothing.
func TestDecidedQUICAllocatesNothing(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	all := readUDP(t, "quicgo-v1-sni.pcap")
	frames := udpFrames(all)
	for i := range frames {
		s.Process(&frames[i])
	}
	last := len(frames) - 1
	if n := testing.AllocsPerRun(100, func() { s.Process(&frames[last]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkQUIC processes a handshake, from frames to a finding.
func BenchmarkQUIC(b *testing.B) {
	s := benchSensor(b, true)
	frames := udpFrames(readUDP(b, "quicgo-v1-classic.pcap"))
	b.ReportAllocs()
	for b.Loop() {
		for i := range frames {
			s.Process(&frames[i])
		}
		s.datagrams.Flush()
		s.datagrams.Clear()
	}
}

// BenchmarkOtherDatagram processes a datagram that is neither QUIC nor DTLS.
func BenchmarkOtherDatagram(b *testing.B) {
	s := benchSensor(b, true)
	f := udp{1, netip.MustParseAddrPort("10.0.0.5:40000"), netip.MustParseAddrPort("192.0.2.10:123"), []byte("\x40 neither, as most are")}.frame()
	for b.Loop() {
		s.Process(&f)
	}
}
