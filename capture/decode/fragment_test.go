package decode_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/decode/wrap"
)

// text is longer than a few fragments and says of each byte where it belongs.
var text = strings.Repeat("0123456789abcdef", 10)

// decodeAll decodes packets in Ethernet frames, a millisecond apart, and
// returns the last packet that was for us, with how many were.
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

// A fragment header says that the datagram begins with another one, and so on.
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
			whole, 0,
		},
		{
			"end before what is there, refused",
			[][]byte{piece4(24, true, second), piece4(8, false, evil[:8]), piece4(0, true, first), piece4(40, false, third)},
			whole, 0,
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

// What a datagram is called by: addresses, protocol, id and network.
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

// The first fragment alone says what an IPv6 datagram is (RFC 8200, 4.5).
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

// Every packet of a capture of all interfaces is there twice. What is left over
// must not become part of the next datagram with the same id.
func TestFragmentCopiesDoNotLinger(t *testing.T) {
	a, b := wrap.Fragments(tcp4(text), 140, 1), wrap.Fragments(tcp4(strings.ToUpper(text)), 140, 1)
	for _, tt := range []struct {
		name string
		gap  int64 // between the two datagrams
		want []string
	}{
		{"later", 1e9, []string{text, strings.ToUpper(text)}},
		{"clock set back", -1e9, []string{text, strings.ToUpper(text)}},
		{"a copy of all of it", 0, []string{text}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			var got []string
			for _, fragments := range [][][]byte{a, b} {
				for _, packet := range [][]byte{fragments[0], fragments[0], fragments[1], fragments[1]} {
					f := ethernet(wrap.Ethernet(packet))
					if &fragments[0][0] == &b[0][0] {
						f.Time += tt.gap
					}
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

func TestFragmentsGrowOld(t *testing.T) {
	list := wrap.Fragments(tcp4(text), 140, 1)
	for _, tt := range []struct {
		name  string
		after int64
		want  decode.Result
	}{
		{"in time", 29e9, decode.Segment},
		{"too late", 31e9, decode.Foreign},
		{"clock set back", -1e15, decode.Segment},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			f := ethernet(wrap.Ethernet(list[0]))
			d.Decode(&f, &p)
			f = ethernet(wrap.Ethernet(list[1]))
			f.Time += tt.after
			if r := d.Decode(&f, &p); r != tt.want {
				t.Errorf("result %v, want %v", r, tt.want)
			}
		})
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

// A million fragments that never become whole: the store stays within its
// bounds, and goes on working.
func TestFragmentFlood(t *testing.T) {
	const (
		most      = decode.MaxDatagrams
		mostBytes = decode.MaxHeldBytes
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

// One datagram in the smallest fragments is given up; one of the longest size
// in small ones is not.
func TestFragmentsOfOneDatagram(t *testing.T) {
	long := tcp4(strings.Repeat(text, 400)) // 64,000 bytes
	d := decode.New(decode.Options{})
	if p, found := decodeAll(d, wrap.Fragments(long, 576, 1)...); found != 1 || len(p.Payload) != 64000 {
		t.Errorf("%d packets, %d bytes", found, len(p.Payload))
	}
	if _, found := decodeAll(d, wrap.Fragments(long, 28, 1)...); found != 0 {
		t.Errorf("%d packets of 8-byte fragments", found)
	}
	if s := d.Stats().Fragments; s.Dropped == 0 || s.Held > 1 {
		t.Errorf("%+v", s)
	}
}
