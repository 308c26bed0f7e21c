package decode_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// text is longer than a few fragments, and each part of it shows where it belongs.
var text = strings.Repeat("0123456789abcdef", 10)

// decodeAll decodes packets in Ethernet frames, a millisecond apart. It returns the last
// segment or datagram, and how many there were.
func decodeAll(d *decode.Decoder, packets ...[]byte) (last decode.Packet, found int) {
	var p decode.Packet
	for i, packet := range packets {
		f := ethernet(wrap.Ethernet(packet))
		f.Time += int64(i) * 1e6
		if r := d.Decode(&f, &p); r == decode.Segment || r == decode.Datagram {
			found++
			last = p
			last.Payload = slices.Clone(p.Payload)
		}
	}
	return last, found
}

// permutations calls f with every order of the list.
func permutations(list [][]byte, f func([][]byte)) {
	if len(list) < 2 {
		f(list)
		return
	}
	for i := range list {
		rest := slices.Concat(list[:i], list[i+1:])
		permutations(rest, func(order [][]byte) { f(slices.Concat([][]byte{list[i]}, order)) })
	}
}

func TestFragmentsInAnyOrder(t *testing.T) {
	tests := []struct {
		name   string
		packet []byte
		layers string
		src    netip.AddrPort
	}{
		{"IPv4", tcp4(text), "", addr4a},
		{"IPv6", tcp6(text), "", addr6a},
		{"GRE", wrap.GRE(outer4, tcp4(text)), "gre", addr4a},
		{"VXLAN", wrap.VXLAN(outer4, 7, wrap.Ethernet(tcp4(text))), "vxlan:7", addr4a},
		{"VXLAN over IPv6", wrap.VXLAN(outer6, 7, wrap.Ethernet(tcp6(text))), "vxlan:7", addr6a},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := wrap.Fragments(tt.packet, len(tt.packet)/4+44, 1)
			if len(list) < 3 {
				t.Fatalf("%d fragments", len(list))
			}
			permutations(list, func(order [][]byte) {
				d := decode.New(decode.Options{})
				p, found := decodeAll(d, order...)
				if found != 1 || string(p.Payload) != text || p.Anomalies != 0 || layers(&p) != tt.layers {
					t.Fatalf("%d packets, %q, anomalies %b, layers %q", found, p.Payload, p.Anomalies, layers(&p))
				}
				if got := p.Src.Netip(p.V6); got != tt.src.Addr() {
					t.Errorf("source %v", got)
				}
				if s := d.Stats().Fragments; s.Held != 0 || s.HeldBytes != 0 || s.Reassembled != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// Fragments inside a tunnel whose own packets are fragments.
func TestFragmentsInFragments(t *testing.T) {
	var packets [][]byte
	for i, inner := range wrap.Fragments(tcp6(text), 120, 1) {
		packets = append(packets, wrap.Fragments(wrap.GRE(outer4, inner), 80, uint32(i))...)
	}
	p, found := decodeAll(decode.New(decode.Options{}), packets...)
	if found != 1 || string(p.Payload) != text || layers(&p) != "gre" {
		t.Errorf("%d packets, %q, layers %q", found, p.Payload, layers(&p))
	}
}

// The next header of each fragment header is another fragment header.
func TestFragmentHeadersWithoutEnd(t *testing.T) {
	atomic := hex("2c00000000000001")
	headers := make([][]byte, 1000)
	for i := range headers {
		headers[i] = atomic
	}
	if _, r := decodeOne(ethernet(wrap.Ethernet(withExtensions(tcp6("x"), 44, headers...)))); r != decode.Foreign {
		t.Errorf("result %v", r)
	}
}

// piece4 is an IPv4 fragment of TCP: payload bytes from an offset on.
func piece4(offset int, more bool, payload []byte) []byte {
	b := join(tcp4("")[:20], payload)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	field := uint16(offset / 8)
	if more {
		field |= 0x2000
	}
	binary.BigEndian.PutUint16(b[6:], field)
	return b
}

// piece6 is the same of IPv6.
func piece6(next byte, offset int, more bool, payload []byte) []byte {
	h := []byte{next, 0, 0, 0, 0, 0, 0, 1}
	field := uint16(offset)
	if more {
		field |= 1
	}
	binary.BigEndian.PutUint16(h[2:], field)
	b := join(tcp6("")[:40], h, payload)
	b[6] = 44
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return b
}

func TestFragmentAttacks(t *testing.T) {
	segment := tcp4("0123456789abcdefghijklmnopqr")[20:] // 48 bytes
	first, second, third := segment[:24], segment[24:40], segment[40:]
	evil := []byte(strings.Repeat("X", 48))
	whole := string(segment[20:])
	options := wrap.TCP(wrap.Segment{Src: addr4a, Dst: addr4b, Options: make([]byte, 12)}, segment[20:])[20:]
	tests := []struct {
		name      string
		packets   [][]byte
		payload   string
		anomalies decode.Anomaly
	}{
		{"none", [][]byte{piece4(0, true, first), piece4(24, true, second), piece4(40, false, third)}, whole, 0},
		{
			"every fragment twice",
			[][]byte{piece4(0, true, first), piece4(0, true, first), piece4(24, true, second), piece4(24, true, second), piece4(40, false, third)},
			whole, 0,
		},
		{
			"last fragment twice",
			[][]byte{piece4(40, false, third), piece4(40, false, third), piece4(24, true, second), piece4(0, true, first)},
			whole, 0,
		},
		{
			"same place, other bytes",
			[][]byte{piece4(0, true, first), piece4(24, true, second), piece4(24, true, evil[:16]), piece4(40, false, third)},
			whole, decode.FragmentOverlap,
		},
		{
			"first kept, whoever it is",
			[][]byte{piece4(0, true, first), piece4(24, true, evil[:16]), piece4(24, true, second), piece4(40, false, third)},
			whole[:4] + "XXXXXXXXXXXXXXXX" + whole[20:], decode.FragmentOverlap,
		},
		{
			"overlap on both sides",
			[][]byte{piece4(0, true, first), piece4(40, false, third), piece4(16, true, join(evil[:8], second, evil[:8]))},
			whole, decode.FragmentOverlap,
		},
		{
			"inside another",
			[][]byte{piece4(0, true, segment[:40]), piece4(24, true, evil[:8]), piece4(40, false, third)},
			whole, decode.FragmentOverlap,
		},
		{
			"around others",
			[][]byte{piece4(8, true, segment[8:16]), piece4(24, true, segment[24:32]), piece4(0, true, segment[:40]), piece4(40, false, third)},
			whole, decode.FragmentOverlap,
		},
		{
			"two fragments again as one",
			[][]byte{piece4(0, true, first), piece4(24, true, second), piece4(0, true, segment[:40]), piece4(40, false, third)},
			whole, decode.FragmentOverlap,
		},
		{
			"TCP header in two fragments",
			[][]byte{piece4(0, true, segment[:16]), piece4(16, false, segment[16:])},
			whole, decode.FragmentTiny,
		},
		{
			"TCP options in two fragments",
			[][]byte{piece4(0, true, options[:24]), piece4(24, false, options[24:])},
			whole, decode.FragmentTiny,
		},
		{
			"TCP header and options in the first fragment",
			[][]byte{piece4(0, true, options[:32]), piece4(32, false, options[32:])},
			whole, 0,
		},
		{
			"first fragment of eight bytes",
			[][]byte{piece4(8, false, segment[8:]), piece4(0, true, segment[:8])},
			whole, decode.FragmentTiny,
		},
		{
			"not a multiple of eight",
			[][]byte{piece4(0, true, segment[:27]), piece4(24, false, segment[24:])},
			whole, 0,
		},
		{
			"another end, refused",
			[][]byte{piece4(40, false, third), piece4(24, false, evil[:8]), piece4(40, false, evil[:16]), piece4(48, true, evil[:8]), piece4(24, true, second), piece4(0, true, first)},
			whole, decode.FragmentConflict,
		},
		{
			"end before what is there, refused",
			[][]byte{piece4(24, true, second), piece4(8, false, evil[:8]), piece4(0, true, first), piece4(40, false, third)},
			whole, decode.FragmentConflict,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, found := decodeAll(decode.New(decode.Options{}), tt.packets...)
			if found != 1 || string(p.Payload) != tt.payload || p.Anomalies != tt.anomalies {
				t.Errorf("%d packets, %q, anomalies %b; want %q, %b", found, p.Payload, p.Anomalies, tt.payload, tt.anomalies)
			}
		})
	}
}

func TestFragmentsRefused(t *testing.T) {
	tests := []struct {
		name   string
		packet []byte
	}{
		{"empty, more to come (teardrop)", piece4(0, true, nil)},
		{"empty and last", piece4(8, false, nil)},
		{"nothing left of it", piece4(0, true, make([]byte, 7))},
		{"past the longest packet (ping of death)", piece4(65528, false, make([]byte, 8))},
		{"IPv6, past the longest packet", piece6(6, 65528, false, make([]byte, 8))},
		{"IPv6, not a multiple of eight", piece6(6, 0, true, make([]byte, 9))},
		{"IPv6, header cut", piece6(6, 0, true, nil)[:44]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			f := ethernet(wrap.Ethernet(tt.packet))
			if r := d.Decode(&f, &p); r != decode.Malformed {
				t.Errorf("result %v", r)
			}
			if s := d.Stats().Fragments; s.Held != 0 || s.HeldBytes != 0 {
				t.Errorf("held: %+v", s)
			}
		})
	}
}

// A datagram is identified by addresses, protocol, id and network.
func TestFragmentsOfOthers(t *testing.T) {
	a, b := wrap.Fragments(tcp4(text), 100, 1), wrap.Fragments(tcp4(strings.ToUpper(text)), 100, 1)
	udp := wrap.Fragments(wrap.UDP(addr4a, addr4b, []byte(text)), 100, 1)
	back := wrap.Fragments(segment(addr4b, addr4a, text), 100, 1)
	otherID := wrap.Fragments(tcp4(text), 100, 2)
	inVNI := func(list [][]byte, id uint32) (packets [][]byte) {
		for _, p := range list {
			packets = append(packets, wrap.VXLAN(outer4, id, wrap.Ethernet(p)))
		}
		return packets
	}
	v6, v6b := wrap.Fragments(tcp6(text), 120, 1), wrap.Fragments(tcp6(strings.ToUpper(text)), 120, 1)
	lists := [][][]byte{a, udp, back, otherID, inVNI(a, 1), inVNI(b, 2), v6, inVNI(v6, 1), inVNI(v6b, 2)}
	var mixed [][]byte
	for i := range a {
		for _, list := range lists {
			mixed = append(mixed, list[min(i, len(list)-1)])
		}
	}
	d := decode.New(decode.Options{})
	if _, found := decodeAll(d, mixed...); found != len(lists) {
		t.Errorf("%d packets of %d", found, len(lists))
	}
}

// The next header of the first fragment alone counts in IPv6 (RFC 8200, 4.5).
func TestFragmentNextHeader(t *testing.T) {
	segment := tcp6("hello")[40:]
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		list := [][]byte{piece6(6, 0, true, segment[:24]), piece6(59, 24, false, segment[24:])}
		p, found := decodeAll(decode.New(decode.Options{}), list[order[0]], list[order[1]])
		if found != 1 || string(p.Payload) != "hello" || p.Proto != decode.TCP {
			t.Errorf("order %v: %d packets, %q", order, found, p.Payload)
		}
	}
}

// A capture of all interfaces has every packet twice. The second copies must not become
// part of the next datagram with the same id.
func TestFragmentCopiesDoNotLinger(t *testing.T) {
	upper := strings.ToUpper(text)
	a, b := wrap.Fragments(tcp4(text), 140, 0), wrap.Fragments(tcp4(upper), 140, 0)
	for _, tt := range []struct {
		name string
		next [][]byte
		gap  int64 // between the two datagrams
		want []string
	}{
		{"later", b, 1e9, []string{text, upper}},
		{"clock set back", b, -1e9, []string{text, upper}},
		{"at once, as devices do whose id is always 0", b, 0, []string{text, upper}},
		{"the same again, later", a, 1e9, []string{text, text}},
		{"a copy of all of it", a, 0, []string{text}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			var got []string
			for i, fragments := range [][][]byte{a, tt.next} {
				for _, packet := range [][]byte{fragments[0], fragments[0], fragments[1], fragments[1]} {
					f := ethernet(wrap.Ethernet(packet))
					f.Time += int64(i) * tt.gap
					if d.Decode(&f, &p) == decode.Segment {
						got = append(got, string(p.Payload))
					}
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%q", got)
			}
			if s := d.Stats().Fragments; s.Held != 0 || s.Received != 8 || s.Repeated == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// pass decodes n datagrams that are no fragments, at the given time.
func pass(d *decode.Decoder, n int, time int64) {
	var p decode.Packet
	for range n {
		f := ethernet(wrap.Ethernet(wrap.UDP(addr4a, addr4b, nil)))
		f.Time = time
		d.Decode(&f, &p)
	}
}

func TestFragmentsGrowOld(t *testing.T) {
	list := wrap.Fragments(tcp4(text), 140, 1)
	const week = 7 * 24 * 3600e9
	for _, tt := range []struct {
		name   string
		after  int64
		others int // frames that come before the second fragment, at its time
		want   decode.Result
	}{
		{"in time", 29e9, strayFrames, decode.Segment},
		{"too late", 31e9, strayFrames, decode.Foreign},
		{"a wrong time, a minute ahead", 60e9, 0, decode.Segment},
		{"a wrong time, a week ahead", week, 0, decode.Segment},
		{"a wrong time, a week behind", -week, 0, decode.Segment},
		{"clock set back", -1e15, strayFrames, decode.Segment},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			f := ethernet(wrap.Ethernet(list[0]))
			d.Decode(&f, &p)
			f = ethernet(wrap.Ethernet(list[1]))
			f.Time += tt.after
			pass(d, tt.others, f.Time)
			if r := d.Decode(&f, &p); r != tt.want {
				t.Errorf("result %v, want %v", r, tt.want)
			}
		})
	}
}

// A few frames with a wrong time, fragments themselves or not, do not age what is held,
// and do not stop time.
func TestFragmentsAndWrongTimes(t *testing.T) {
	list := wrap.Fragments(tcp4(text), 140, 1)
	stray := wrap.Fragments(tcp6(text), 140, 9)[0]
	const day = 24 * 3600e9
	for _, off := range []int64{60e9, 600e9, day, 400 * day, -60e9, -day, -400 * day} {
		for _, wrong := range [][]byte{wrap.Ethernet(stray), arp(), wrap.Ethernet(wrap.UDP(addr4a, addr4b, nil))} {
			d := decode.New(decode.Options{})
			var p decode.Packet
			decodeAt := func(frame []byte, time int64) decode.Result {
				f := ethernet(frame)
				f.Time = time
				return d.Decode(&f, &p)
			}
			pass(d, 3, 1e18)
			decodeAt(wrap.Ethernet(list[0]), 1e18)
			for i := range 2 * int64(strayFrames) {
				decodeAt(wrong, 1e18+off+i)
				pass(d, 1, 1e18+i*1e6)
			}
			if r := decodeAt(wrap.Ethernet(list[1]), 1e18+1e9); r != decode.Segment {
				t.Errorf("off by %d s: %v", off/1e9, r)
			}
			decodeAt(wrap.Ethernet(list[0]), 1e18+2e9)
			for i := range int64(1000) { // a quiet network, and more wrong times
				pass(d, 1, 1e18+i*10e9)
				if i%8 == 7 {
					decodeAt(wrong, 1e18+off+i*10e9)
				}
			}
			if s := d.Stats().Fragments; s.Held > 1 {
				t.Errorf("off by %d s: %d held", off/1e9, s.Held)
			}
		}
	}
}

// Fragments that the snapshot length cut are joined up to the first hole.
func TestFragmentsCut(t *testing.T) {
	list := wrap.Fragments(tcp4(text), 140, 1)
	if len(list) != 2 {
		t.Fatalf("%d fragments", len(list))
	}
	const cut = 20
	for i := range list {
		d := decode.New(decode.Options{})
		var p decode.Packet
		var r decode.Result
		for j, packet := range list {
			whole := wrap.Ethernet(packet)
			f := ethernet(whole)
			if i == j {
				f.Data = whole[:len(whole)-cut]
			}
			r = d.Decode(&f, &p)
		}
		if r != decode.Segment || !strings.HasPrefix(text, string(p.Payload)) || len(p.Payload)+p.Missing != len(text) {
			t.Errorf("fragment %d cut: %v, %q and %d missing", i, r, p.Payload, p.Missing)
		}
		if p.Missing < cut {
			t.Errorf("fragment %d cut: %d missing", i, p.Missing)
		}
	}
}

// A million fragments that never complete a datagram: the store stays within its bounds,
// and goes on working.
func TestFragmentFlood(t *testing.T) {
	const (
		most      = maxDatagrams
		mostBytes = maxHeldBytes
	)
	d := decode.New(decode.Options{})
	var p decode.Packet
	rounds := 1_000_000
	if testing.Short() {
		rounds /= 10
	}
	packet := piece4(8, true, make([]byte, 1480))
	for i := range rounds {
		binary.BigEndian.PutUint32(packet[12:], uint32(i/7)) // seven fragments a datagram
		binary.BigEndian.PutUint16(packet[6:], 0x2000|uint16(i%7*185))
		f := capture.Frame{Time: 1e18 + int64(i), Data: packet, Length: len(packet), Link: capture.LinkRaw}
		if r := d.Decode(&f, &p); r != decode.Foreign {
			t.Fatalf("fragment %d: %v", i, r)
		}
		if s := d.Stats().Fragments; s.Held > most || s.HeldBytes > mostBytes {
			t.Fatalf("fragment %d: %+v", i, s)
		}
	}
	if s := d.Stats().Fragments; s.Dropped < uint64(rounds/7-most) || s.HeldBytes < mostBytes/2 {
		t.Errorf("%+v", s)
	}
	if _, found := decodeAll(d, wrap.Fragments(tcp6(text), 100, 1)...); found != 1 {
		t.Errorf("%d packets after the flood", found)
	}
}

// A datagram of maximal length, and a post-quantum hello, in the smallest fragments, in
// any order.
func TestSmallestFragments(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	hello := strings.Repeat(text, 12) // 1920 bytes
	tests := []struct {
		name    string
		packets [][]byte
		payload string
		layers  string
		tiny    decode.Anomaly
	}{
		{"IPv4", wrap.Fragments(tcp4(hello), 28, 0), hello, "", decode.FragmentTiny},
		{"IPv6", wrap.Fragments(tcp6(hello), 56, 0), hello, "", decode.FragmentTiny},
		{"IPv4, longest", wrap.Fragments(tcp4(strings.Repeat(text, 408)), 28, 0), strings.Repeat(text, 408), "", decode.FragmentTiny},
		{"IPv6, longest", wrap.Fragments(tcp6(strings.Repeat(text, 408)), 56, 0), strings.Repeat(text, 408), "", decode.FragmentTiny},
		{"VXLAN in fragments", wrap.Fragments(wrap.VXLAN(outer4, 7, wrap.Ethernet(tcp4(hello))), 28, 0), hello, "vxlan:7", 0},
		{"fragments in VXLAN", inVXLAN(wrap.Fragments(tcp6(hello), 56, 0)), hello, "vxlan:7", decode.FragmentTiny},
	}
	for _, tt := range tests {
		for _, order := range []string{"in order", "backwards", "shuffled"} {
			t.Run(tt.name+" "+order, func(t *testing.T) {
				list := slices.Clone(tt.packets)
				switch order {
				case "backwards":
					slices.Reverse(list)
				case "shuffled":
					random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				}
				d := decode.New(decode.Options{})
				p, found := decodeAll(d, list...)
				if found != 1 || string(p.Payload) != tt.payload || p.Anomalies != tt.tiny || layers(&p) != tt.layers {
					t.Errorf("%d packets, %d bytes, anomalies %b, layers %q", found, len(p.Payload), p.Anomalies, layers(&p))
				}
				if s := d.Stats().Fragments; s.Held != 0 || s.Incomplete != 0 || s.Refused != 0 {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

func inVXLAN(list [][]byte) (packets [][]byte) {
	for _, p := range list {
		packets = append(packets, wrap.VXLAN(outer4, 7, wrap.Ethernet(p)))
	}
	return packets
}

// One forged last fragment, before or after the genuine ones: the datagram is delivered
// all the same.
func TestForgedLastFragment(t *testing.T) {
	segment := tcp4(strings.Repeat("0123456789abcdef", 6))[20:] // 116 bytes
	whole := string(segment[20:])
	true3 := [][]byte{piece4(0, true, segment[:40]), piece4(40, true, segment[40:80]), piece4(80, false, segment[80:])}
	evil := []byte(strings.Repeat("X", 48))
	for _, forged := range [][]byte{
		piece4(4000, false, evil),   // far beyond
		piece4(120, false, evil),    // just beyond
		piece4(16, false, evil[:8]), // inside the first
		piece4(64, false, evil[:20]),
	} {
		for at := range len(true3) + 1 {
			permutations(true3, func(order [][]byte) {
				packets := slices.Insert(slices.Clone(order), at, forged)
				d := decode.New(decode.Options{})
				var p decode.Packet
				got := ""
				for _, packet := range packets {
					f := ethernet(wrap.Ethernet(packet))
					if d.Decode(&f, &p) == decode.Segment && len(p.Payload) >= len(got) {
						got = string(p.Payload)
					}
				}
				if got != whole {
					t.Errorf("forged %x at %d of %d: %q", forged[6:8], at, len(order), got)
				}
			})
		}
	}
}

// Datagrams that are never completed are counted, except those of protocols that carry no
// TCP, and those that a forged fragment began.
func TestIncomplete(t *testing.T) {
	list := wrap.Fragments(tcp4(text), 100, 1)
	ping := slices.Clone(wrap.Fragments(tcp4(text), 100, 2)[0])
	ping[9] = 1
	ping6 := piece6(58, 0, true, make([]byte, 80))
	v6 := wrap.Fragments(tcp6(text), 120, 3)
	tests := []struct {
		name    string
		packets [][]byte
		want    uint64
	}{
		{"none", list, 0},
		{"first only", list[:1], 1},
		{"last only", list[len(list)-1:], 1},
		{"IPv6 last only", v6[len(v6)-1:], 1},
		{"two", [][]byte{list[0], v6[0]}, 2},
		{"ICMP", [][]byte{ping}, 0},
		{"ICMPv6", [][]byte{ping6}, 0},
		{"another end", slices.Concat([][]byte{piece4(4000, false, make([]byte, 8))}, fragmentsOf0(text)), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			decodeAll(d, tt.packets...)
			if s := d.Stats().Fragments; s.Incomplete != tt.want {
				t.Errorf("%+v", s)
			}
			d.Clear()
			if s := d.Stats().Fragments; s.Incomplete != tt.want || s.Held != 0 {
				t.Errorf("after Clear: %+v", s)
			}
			decodeAll(d, list...)
			pass(d, 2*strayFrames, 1e18+40e9)
			decodeAll(d, v6...)
			if s := d.Stats().Fragments; s.Incomplete != tt.want {
				t.Errorf("in the end: %+v", s)
			}
		})
	}
}

// fragmentsOf0 is a segment in fragments with id 0, as piece4 has.
func fragmentsOf0(payload string) [][]byte { return wrap.Fragments(tcp4(payload), 100, 0) }

// A datagram that lost a fragment does not mix with the next one of its id.
func TestStaleFragments(t *testing.T) {
	upper := strings.ToUpper(text)
	a, b := wrap.Fragments(tcp4(text), 140, 0), wrap.Fragments(tcp4(upper), 140, 0)
	d := decode.New(decode.Options{})
	var p decode.Packet
	var r decode.Result
	for i, packet := range [][]byte{a[0], b[0], b[1]} {
		f := ethernet(wrap.Ethernet(packet))
		f.Time += int64(i) * 1200e6
		r = d.Decode(&f, &p)
	}
	if r != decode.Segment || string(p.Payload) != upper || p.Anomalies != 0 {
		t.Errorf("result %v, %q, anomalies %b", r, p.Payload, p.Anomalies)
	}
}

// Fragments in a tunnel whose packets come in fragments, too: the frame that completes the
// outer datagram names both, and every frame names the outer one.
func TestTraceNamesDatagrams(t *testing.T) {
	inner := wrap.Fragments(tcp4(text), 100, 7)
	var frames [][]byte
	for i, part := range inner {
		frames = append(frames, wrap.Fragments(wrap.GRE(outer4, part), 64, uint32(100+i))...)
	}
	d := decode.New(decode.Options{})
	var p decode.Packet
	byFrame := make([][]uint32, len(frames))
	found := 0
	for i, packet := range frames {
		f := ethernet(wrap.Ethernet(packet))
		r, list := d.Trace(&f, &p)
		byFrame[i] = slices.Clone(list)
		if r == decode.Segment {
			found++
		}
	}
	outer, innermost := map[uint32]bool{}, map[uint32]bool{}
	for _, list := range byFrame {
		if len(list) == 0 || len(list) > 2 {
			t.Fatalf("%v", byFrame)
		}
		outer[list[0]] = true
		if len(list) == 2 {
			innermost[list[1]] = true
		}
	}
	if last := byFrame[len(byFrame)-1]; found != 1 || len(outer) != len(inner) || len(innermost) != 1 || len(last) != 2 {
		t.Errorf("%d segments: %v", found, byFrame)
	}
	whole := ethernet(wrap.Ethernet(tcp4(text)))
	if r, list := d.Trace(&whole, &p); r != decode.Segment || len(list) != 0 {
		t.Errorf("a whole packet: %v, %v", r, list)
	}
}
