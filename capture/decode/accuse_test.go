package decode_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// TestOddFragmentsNameTheirConnection: with the last packet of each list, fragments that
// contradict each other name their connection, although they make no segment. Others do
// not.
func TestOddFragmentsNameTheirConnection(t *testing.T) {
	segment4, segment6 := tcp4(text)[20:], tcp6(text)[40:]
	evil := []byte(strings.Repeat("X", 24))
	otherPort := slices.Clone(segment4[:24])
	binary.BigEndian.PutUint16(otherPort, 50505)
	badHeader := slices.Clone(segment4)
	badHeader[12] = 0x10 // four bytes
	const conflict, overlap = decode.FragmentConflict, decode.FragmentOverlap
	for name, tt := range map[string]struct {
		packets [][]byte
		want    decode.Anomaly
		ports   [2]uint16 // 0: those of the segment
	}{
		"nothing odd":                        {[][]byte{piece4(0, true, segment4[:24])}, 0, [2]uint16{}},
		"two ends":                           {[][]byte{piece4(0, true, segment4[:24]), piece4(64, false, evil), piece4(96, false, evil)}, conflict, [2]uint16{}},
		"two ends, IPv6":                     {[][]byte{piece6(6, 0, true, segment6[:24]), piece6(6, 64, false, evil), piece6(6, 96, false, evil)}, conflict, [2]uint16{}},
		"two ends, no ports":                 {[][]byte{piece4(24, true, segment4[24:48]), piece4(64, false, evil), piece4(96, false, evil)}, 0, [2]uint16{}},
		"the ports come last":                {[][]byte{piece4(64, false, evil), piece4(96, false, evil), piece4(0, true, segment4[:24])}, conflict, [2]uint16{}},
		"an overlap":                         {[][]byte{piece4(0, true, segment4[:24]), piece4(16, true, evil)}, overlap, [2]uint16{}},
		"told once":                          {[][]byte{piece4(0, true, segment4[:24]), piece4(16, true, evil), piece4(48, true, evil)}, 0, [2]uint16{}},
		"told of each":                       {[][]byte{piece4(0, true, segment4[:24]), piece4(16, true, evil), piece4(96, false, evil), piece4(200, false, evil)}, conflict, [2]uint16{}},
		"other ports in a second first one":  {[][]byte{piece4(0, true, segment4[:24]), piece4(0, true, otherPort)}, overlap, [2]uint16{50505, 443}},
		"other ports, and they come first":   {[][]byte{piece4(0, true, otherPort), piece4(0, true, segment4[:24])}, overlap, [2]uint16{}},
		"an end within the header":           {[][]byte{piece4(0, true, segment4[:24]), piece4(8, false, evil[:8])}, conflict | overlap, [2]uint16{}},
		"a header that is none":              {[][]byte{piece4(0, true, badHeader[:24]), piece4(24, true, evil), piece4(24, true, segment4[24:48]), piece4(48, false, badHeader[48:])}, overlap, [2]uint16{}},
		"UDP":                                {udpPieces(evil), 0, [2]uint16{}},
		"a tunnel's own packet":              {tunnelPieces(evil), 0, [2]uint16{}},
		"in a tunnel":                        {inVXLAN([][]byte{piece4(0, true, segment4[:24]), piece4(16, true, evil)}), overlap, [2]uint16{}},
		"in a tunnel whose packet was odd":   {inOddGRE(piece4(0, true, segment4[:24])), overlap, [2]uint16{}},
		"whole, in a tunnel that was odd":    {inOddGRE(wrap.UDP(addr4a, addr4b, evil)), overlap, [2]uint16{}},
		"not IP, in a tunnel that was odd":   {inOddGRE(make([]byte, 40)), 0, [2]uint16{}},
		"behind what is whole, next":         {[][]byte{piece4(0, true, segment4[:24]), piece4(24, false, segment4[24:]), piece4(0, true, otherPort)}, 0, [2]uint16{}},
		"behind what is whole, part of that": {[][]byte{piece4(0, true, segment4[:24]), piece4(24, false, segment4[24:]), piece4(24, true, evil)}, conflict, [2]uint16{}},
		"behind what is whole, beyond it":    {[][]byte{piece4(0, true, segment4[:24]), piece4(24, false, segment4[24:]), piece4(800, true, evil)}, conflict, [2]uint16{}},
	} {
		t.Run(name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			var r decode.Result
			for i, packet := range tt.packets {
				f := ethernet(wrap.Ethernet(packet))
				f.Time += int64(i) * 1e6
				r = d.Decode(&f, &p)
			}
			if r == decode.Segment || p.Anomalies != tt.want {
				t.Fatalf("%v, anomalies %b, want %b", r, p.Anomalies, tt.want)
			}
			if tt.want == 0 || r == decode.Datagram {
				return
			}
			src, dst := addr4a, addr4b
			if p.V6 {
				src, dst = addr6a, addr6b
			}
			if tt.ports[0] != 0 {
				src = netip.AddrPortFrom(src.Addr(), tt.ports[0])
			}
			if got := netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort); got != src || p.Proto != decode.TCP || len(p.Payload) != 0 {
				t.Errorf("from %v, want %v", got, src)
			}
			if got := netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort); got != dst {
				t.Errorf("to %v, want %v", got, dst)
			}
		})
	}
}

func udpPieces(evil []byte) [][]byte {
	list := wrap.Fragments(wrap.UDP(addr4a, addr4b, make([]byte, 80)), 44, 0)
	second := slices.Clone(list[1])
	copy(second[20:], evil)
	return [][]byte{list[0], list[1], second}
}

func tunnelPieces(evil []byte) [][]byte {
	list := wrap.Fragments(wrap.VXLAN(outer4, 7, wrap.Ethernet(tcp4(text))), 84, 0)
	second := slices.Clone(list[1])
	copy(second[20:], evil)
	return [][]byte{list[0], list[1], second}
}

// inOddGRE puts a packet into a tunnel whose own packet has fragments that overlap.
func inOddGRE(packet []byte) [][]byte {
	list := wrap.Fragments(wrap.GRE(outer4, packet), 36, 9)
	return slices.Insert(list, 1, list[0], piece(list[0], 8))
}

// piece returns a fragment without its last n bytes.
func piece(fragment []byte, n int) []byte {
	f := slices.Clone(fragment[:len(fragment)-n])
	binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
	return f
}
