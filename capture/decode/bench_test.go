package decode_test

import (
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// arp is a request, padded to the shortest Ethernet frame.
func arp() []byte {
	b := make([]byte, 60)
	copy(b, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01")
	return b
}

func benchmarkFrames() []namedFrame {
	v4, v6 := tcp4("x"), tcp6("x")
	fragment := wrap.Fragments(wrap.UDP(addr4a, addr4b, make([]byte, 1000)), 600, 1)[0]
	return []namedFrame{
		{"ethernet ipv4 tcp", wrap.Ethernet(v4)},
		{"ethernet ipv6 tcp", wrap.Ethernet(v6)},
		{"vlan ipv4 tcp", wrap.VLAN(wrap.Ethernet(v4), 5)},
		{"qinq ipv4 tcp", wrap.QinQ(wrap.Ethernet(v4), 5, 6)},
		{"vxlan ipv4 tcp", wrap.Ethernet(wrap.VXLAN(outer4, 77, wrap.Ethernet(v4)))},
		{"geneve ipv4 tcp", wrap.Ethernet(wrap.GENEVEIP(outer4, 0, v4))},
		{"udp", wrap.Ethernet(wrap.UDP(addr4a, addr4b, make([]byte, 100)))},
		{"arp", arp()},
		{"fragment held already", wrap.Ethernet(fragment)},
	}
}

type namedFrame struct {
	name string
	data []byte
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range benchmarkFrames() {
		b.Run(c.name, func(b *testing.B) {
			d := decode.New(decode.Options{})
			f := capture.Frame{Time: 1, Data: c.data, Length: len(c.data), Link: capture.LinkEthernet, Source: "eth0"}
			var p decode.Packet
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(&f, &p)
			}
		})
	}
}

// Decoding must not allocate: one allocation takes longer than decoding a packet.
func TestDecodeDoesNotAllocate(t *testing.T) {
	for _, c := range append(benchmarkFrames(), deepestNest()) {
		t.Run(c.name, func(t *testing.T) {
			d := decode.New(decode.Options{VXLANPorts: []uint16{5000}})
			f := capture.Frame{Time: 1, Data: c.data, Length: len(c.data), Link: capture.LinkEthernet}
			var p decode.Packet
			d.Decode(&f, &p)
			if n := testing.AllocsPerRun(50, func() { d.Decode(&f, &p) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// deepestNest is wrapped in as many layers as are taken off.
func deepestNest() namedFrame {
	p := wrap.Teredo(outer4, teredoTCP("x"))
	p = wrap.GTPU(outer4, 1, wrap.GRE(outer6, p))
	p = wrap.IPIP(outer4, wrap.VXLAN(outer6, 1, wrap.MPLS(wrap.Ethernet(p), 9)))
	return namedFrame{"deepest nest", wrap.QinQ(wrap.Ethernet(p), 1, 2)}
}
