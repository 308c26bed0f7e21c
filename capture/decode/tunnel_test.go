package decode_test

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/decode/wrap"
)

// Every encapsulation, around the same segment.
func TestTunnels(t *testing.T) {
	const hello = "hello"
	v4, v6, frame := tcp4(hello), tcp6(hello), wrap.Ethernet(tcp4(hello))
	ip := func(packet []byte) []byte { return wrap.Ethernet(packet) }
	tests := []struct {
		name   string
		frame  []byte
		layers string
		src    netip.AddrPort
	}{
		{"none", frame, "", addr4a},
		{"none, IPv6", ip(v6), "", addr6a},
		{"LLC and SNAP", wrap.SNAP(v4), "", addr4a},
		{"802.1Q", wrap.VLAN(frame, 5), "vlan:5", addr4a},
		{"802.1Q, IPv6", wrap.VLAN(ip(v6), 5), "vlan:5", addr6a},
		{"802.1Q priority tag", wrap.VLAN(frame, 0), "vlan", addr4a},
		{"802.1Q around SNAP", wrap.VLAN(wrap.SNAP(v4), 5), "vlan:5", addr4a},
		{"802.1ad", wrap.QinQ(frame, 100, 5), "vlan:100 vlan:5", addr4a},
		{"802.1Q twice", wrap.VLAN(wrap.VLAN(frame, 5), 100), "vlan:100 vlan:5", addr4a},
		{"MPLS", wrap.MPLS(frame, 100), "mpls:100", addr4a},
		{"MPLS stack", wrap.MPLS(ip(v6), 100, 200, 300), "mpls:300", addr6a},
		{"MPLS pseudowire with control word", wrap.MPLSEthernet(frame, 100), "mpls:100", addr4a},
		{"MPLS pseudowire", withoutControlWord(wrap.MPLSEthernet(frame, 100)), "mpls:100", addr4a},
		{"PPPoE", wrap.PPPoE(frame, 7), "pppoe:7", addr4a},
		{"PPPoE, IPv6", wrap.PPPoE(ip(v6), 7), "pppoe:7", addr6a},
		{"PPPoE in QinQ", wrap.QinQ(wrap.PPPoE(frame, 7), 1, 2), "vlan:1 vlan:2 pppoe:7", addr4a},
		{"PBB", wrap.PBB(frame, 70000), "pbb:70000", addr4a},
		{"Cisco metadata", wrap.CiscoMeta(frame, 15), "cmd", addr4a},
		{"Cisco metadata around a VLAN", wrap.CiscoMeta(wrap.VLAN(frame, 5), 15), "cmd vlan:5", addr4a},
		{"IP in IP", ip(wrap.IPIP(outer4, v4)), "ipip", addr4a},
		{"4in6", ip(wrap.IPIP(outer6, v4)), "ipip", addr4a},
		{"IPv6 in IPv6", ip(wrap.IPIP(outer6, v6)), "ipip", addr6a},
		{"6in4", ip(wrap.IPIP(outer4, v6)), "6in4", addr6a},
		{"GRE", ip(wrap.GRE(outer4, v4)), "gre", addr4a},
		{"GRE over IPv6", ip(wrap.GRE(outer6, v6)), "gre", addr6a},
		{"GRE with key", ip(wrap.GREKeyed(outer4, 9, v4)), "gre:9", addr4a},
		{"GRE bridging", ip(wrap.GREBridge(outer4, frame)), "gre", addr4a},
		{"NVGRE", ip(wrap.NVGRE(outer4, 5000, frame)), "nvgre:5000", addr4a},
		{"ERSPAN I", ip(wrap.ERSPAN1(outer4, frame)), "erspan", addr4a},
		{"ERSPAN II", ip(wrap.ERSPAN2(outer4, 10, frame)), "erspan:10", addr4a},
		{"ERSPAN III", ip(wrap.ERSPAN3(outer4, 10, frame)), "erspan:10", addr4a},
		{"ERSPAN II around a VLAN", ip(wrap.ERSPAN2(outer4, 10, wrap.VLAN(frame, 5))), "erspan:10 vlan:5", addr4a},
		{"PPTP", ip(wrap.PPTP(outer4, 77, v4)), "pptp:77", addr4a},
		{"L2TP", ip(wrap.L2TP(outer4, 3, v4)), "l2tp:3", addr4a},
		{"Teredo", ip(wrap.Teredo(outer4, teredoTCP(hello))), "teredo", addrTeredo},
		{"VXLAN", ip(wrap.VXLAN(outer4, 77, frame)), "vxlan:77", addr4a},
		{"VXLAN over IPv6", ip(wrap.VXLAN(outer6, 77, frame)), "vxlan:77", addr4a},
		{"VXLAN of IPv6 in a VLAN", ip(wrap.VXLAN(outer4, 77, wrap.VLAN(ip(v6), 5))), "vxlan:77 vlan:5", addr6a},
		{"GENEVE", ip(wrap.GENEVE(outer4, 78, frame)), "geneve:78", addr4a},
		{"GENEVE of an AWS load balancer", ip(wrap.GENEVEIP(outer4, 0, v4)), "geneve:0", addr4a},
		{"GENEVE of IPv6", ip(wrap.GENEVEIP(outer4, 0, v6)), "geneve:0", addr6a},
		{"GTP-U", ip(wrap.GTPU(outer4, 0xcafe, v4)), "gtpu:51966", addr4a},
		{"VXLAN in VXLAN", ip(wrap.VXLAN(outer4, 1, ip(wrap.VXLAN(outer6, 2, frame)))), "vxlan:1 vxlan:2", addr4a},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, r := decodeOne(ethernet(tt.frame))
			dst := addr4b
			if tt.src.Addr().Is6() {
				dst = addr6b
			}
			wantSegment(t, &p, r, tt.src, dst, hello)
			if got := layers(&p); got != tt.layers {
				t.Errorf("layers %q, want %q", got, tt.layers)
			}
		})
	}
}

// withoutControlWord takes the four bytes after the only label out.
func withoutControlWord(frame []byte) []byte {
	const at = 14 + 4
	return append(frame[:at:at], frame[at+4:]...)
}

// inUDP puts a tunnel's header and payload into a datagram from and to ports.
func inUDP(src, dst uint16, parts ...[]byte) []byte {
	var payload []byte
	for _, p := range parts {
		payload = append(payload, p...)
	}
	return wrap.Ethernet(wrap.UDP(netip.AddrPortFrom(outer4.Src, src), netip.AddrPortFrom(outer4.Dst, dst), payload))
}

// inIP puts a header and payload into an IPv4 packet of the protocol.
func inIP(proto uint8, parts ...[]byte) []byte {
	b := wrap.IPIP(outer4, tcp4(""))[:20]
	for _, p := range parts {
		b = append(b, p...)
	}
	b[9] = proto
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return wrap.Ethernet(b)
}

func hex(s string) []byte {
	b := make([]byte, 0, len(s)/2)
	s = strings.ReplaceAll(s, " ", "")
	for ; len(s) >= 2; s = s[2:] {
		b = append(b, nibble(s[0])<<4|nibble(s[1]))
	}
	return b
}

func nibble(c byte) byte { return byte(strings.IndexByte("0123456789abcdef", c)) }

// The header forms that the wrap package does not build.
func TestTunnelVariants(t *testing.T) {
	v4, frame, teredo := tcp4("x"), wrap.Ethernet(tcp4("x")), teredoTCP("x")
	ppp := append(hex("ff03 0021"), v4...)
	tests := []struct {
		name, layers string
		frame        []byte
	}{
		{"VXLAN on Linux's old port", "vxlan:77", inUDP(9, 8472, hex("0800000000004d00"), frame)},
		{"VXLAN on a port of the options", "vxlan:77", inUDP(9, 5000, hex("0800000000004d00"), frame)},
		{"VXLAN with group policy", "vxlan:77", inUDP(9, 4789, hex("8848123400004d00"), frame)},
		{"VXLAN-GPE of Ethernet", "vxlan:77", inUDP(9, 4790, hex("0c00000300004d00"), frame)},
		{"VXLAN-GPE of IPv4", "vxlan:77", inUDP(9, 4790, hex("0c00000100004d00"), v4)},
		{"VXLAN-GPE of IPv6", "vxlan:77", inUDP(9, 4790, hex("0c00000200004d00"), tcp6("x"))},
		{"VXLAN-GPE of MPLS", "vxlan:77 mpls:16", inUDP(9, 4790, hex("0c00000500004d00 00010140"), v4)},
		{"GENEVE of IPv4, length left to the card", "geneve:77", inUDP(9, 6081, hex("0000080000004d00"), changed(v4, 2, 0, 0)[14:])},
		{"GENEVE without options", "geneve:77", inUDP(9, 6081, hex("0000655800004d00"), frame)},
		{"GENEVE critical", "geneve:77", inUDP(9, 6081, hex("0040080000004d00"), v4)},
		{"GTP-U without options", "gtpu:1", inUDP(2152, 2152, hex("30ff002900000001"), v4)},
		{"GTP-U with sequence number", "gtpu:1", inUDP(9, 2152, hex("32ff002d00000001 00010000"), v4)},
		{"GTP-U from the port", "gtpu:1", inUDP(2152, 9, hex("30ff002900000001"), v4)},
		{"GTP-U of Ethernet", "gtpu:1", inUDP(9, 2152, hex("30ff003700000001"), frame)},
		{"Teredo without indicators", "teredo", inUDP(3544, 9, teredo)},
		{"Teredo of other addresses", "teredo", inUDP(9, 3544, tcp6("x"))},
		{"Teredo with a trailer", "teredo", inUDP(9, 3544, teredo, []byte{4, 2, 0, 0})},
		{"Teredo with authentication", "teredo", inUDP(9, 3544, hex("00010000 0102030405060708 00"), teredo)},
		{"Teredo with both", "teredo", inUDP(9, 3544, hex("00010203 6162 636465 0102030405060708 00 0000 3fff c0a80001"), teredo)},
		{"Teredo between clients", "teredo", inUDP(40000, 40001, teredo)},
		{"L2TP short header", "l2tp:3", inUDP(1701, 1701, hex("0002 0001 0003"), ppp)},
		{"L2TP with sequence and offset", "l2tp:3", inUDP(1701, 9, hex("0a02 0001 0003 0000 0001 0002 abcd"), ppp)},
		{"L2TP, PPP without address, short protocol", "l2tp:3", inUDP(9, 1701, hex("0002 0001 0003 21"), v4)},
		{"L2TPv3 over UDP", "l2tp:3", inUDP(9, 1701, hex("00030000 00000003"), frame)},
		{"L2TPv3 over UDP with cookie and sublayer", "l2tp:3", inUDP(9, 1701, hex("00030000 00000003 0102030405060708 40000001"), frame)},
		{"L2TPv3 of PPP", "l2tp:3", inUDP(9, 1701, hex("00030000 00000003"), ppp)},
		{"GRE of PPP", "gre", inIP(47, hex("0000880b"), ppp)},
		{"L2TPv3 over IP", "l2tp:3", inIP(115, hex("00000003 00000000"), frame)},
		{"GRE with checksum", "gre", inIP(47, hex("80000800 00000000"), v4)},
		{"GRE with everything", "gre:5", inIP(47, hex("f0000800 00000000 00000005 00000001 08000004 0a000001 00000000"), v4)},
		{"GRE of MPLS", "gre mpls:16", inIP(47, hex("00008847 00010140"), v4)},
		{"GRE bridging with key and sequence", "gre:5", inIP(47, hex("30006558 00000005 00000001"), frame)},
		{"GRE of WCCP", "gre", inIP(47, hex("0000883e"), v4)},
		{"GRE of WCCP version 2", "gre", inIP(47, hex("0000883e 00010203"), v4)},
		{"PPTP with acknowledgement", "pptp:7", inIP(47, hex("3081880b 002d0007 00000001 00000001"), ppp)},
		{"ERSPAN III without subheader", "erspan:10", inIP(47, hex("100022eb 00000001 2000000a 00000000 00000000"), frame)},
		{"ERSPAN III of IP", "erspan:10", inIP(47, hex("100022eb 00000001 2000000a 00000000 00000800"), v4)},
		{"MPLS in IP", "mpls:16", inIP(137, hex("00010140"), v4)},
		{"AH", "", inIP(51, hex("06040000 00000001 00000001 000000000000000000000000"), v4[20:])},
		{"LLC with the IP service access point", "", append(hex("020000000001020000000002 002c 060603"), v4...)},
		{"IEEE 802.1H", "", append(hex("020000000001020000000002 0031 aaaa030000f80800"), v4...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p decode.Packet
			f := ethernet(tt.frame)
			r := decode.New(decode.Options{VXLANPorts: []uint16{5000}}).Decode(&f, &p)
			if r != decode.Segment || string(p.Payload) != "x" || p.Seq != seq {
				t.Errorf("result %v, payload %q", r, p.Payload)
			}
			if got := layers(&p); got != tt.layers {
				t.Errorf("layers %q, want %q", got, tt.layers)
			}
		})
	}
}

// A datagram on a tunnel's port that is no such tunnel is still a datagram.
func TestNotTunnels(t *testing.T) {
	frame, v4 := wrap.Ethernet(tcp4("x")), tcp4("x")
	dns := hex("0800 0100 0001 0000 0000 0000 0377777703636f6d0000010001")
	tests := []struct {
		name  string
		frame []byte
	}{
		{"DNS from VXLAN's port", inUDP(4789, 53, dns)},
		{"DNS to VXLAN's port", inUDP(53, 4789, dns)},
		{"DNS to GENEVE's port", inUDP(53, 6081, dns)},
		{"DNS from GTP-U's port", inUDP(2152, 53, dns)},
		{"VXLAN without a VNI", inUDP(9, 4789, hex("0000000000004d00"), frame)},
		{"VXLAN with a reserved bit", inUDP(9, 4789, hex("0800000100004d00"), frame)},
		{"VXLAN with the last byte", inUDP(9, 4789, hex("0800000000004d01"), frame)},
		{"VXLAN of nothing", inUDP(9, 4789, hex("0800000000004d00"))},
		{"VXLAN-GPE of NSH", inUDP(9, 4790, hex("0c00000400004d00"), frame)},
		{"VXLAN-GPE of IPv4 that is not", inUDP(9, 4790, hex("0c00000100004d00"), frame)},
		{"GENEVE version 1", inUDP(9, 6081, hex("4000655800004d00"), frame)},
		{"GENEVE, options too long", inUDP(9, 6081, hex("3f00655800004d00"), frame)},
		{"GENEVE, option past the options", inUDP(9, 6081, hex("0100655800004d00 00000001"), frame)},
		{"GENEVE of something else", inUDP(9, 6081, hex("0000080600004d00"), frame)},
		{"GTP-U echo", inUDP(9, 2152, hex("3001002900000001"), v4)},
		{"GTP-U version 2", inUDP(9, 2152, hex("50ff002900000001"), v4)},
		{"GTP-U, length too long", inUDP(9, 2152, hex("30ffff2900000001"), v4)},
		{"GTP-U, extension without end", inUDP(9, 2152, hex("34ff002d00000001 00000085"), v4)},
		{"GTP-U, extension of no length", inUDP(9, 2152, hex("34ff003100000001 00000085 00000000"), v4)},
		{"GTP-U, extension past the end", inUDP(9, 2152, hex("34ff003100000001 00000085 ff000000"), v4)},
		{"GTP-U of something else", inUDP(9, 2152, hex("30ff000400000001 ffffffff"))},
		{"Teredo port, no IPv6", inUDP(9, 3544, v4)},
		{"Teredo port, neither its addresses nor its length", inUDP(9, 3544, tcp6("x"), []byte{0})},
		{"Teredo port, authentication too long", inUDP(9, 3544, hex("0001ffff 00"))},
		{"IPv6 in UDP on no port of Teredo's", inUDP(9, 9, tcp6("x"))},
		{"Teredo with a byte too many, on no port of Teredo's", inUDP(9, 9, teredoTCP("x"), []byte{0})},
		{"L2TP control", inUDP(1701, 1701, hex("c802 000c 0001 0000 0000 0000"))},
		{"L2TP of LCP", inUDP(1701, 1701, hex("0002 0001 0003 ff03 c021 01010004"))},
		{"L2TP, length too long", inUDP(1701, 1701, hex("4002 ffff 0001 0003 ff03 0021"), v4)},
		{"L2TP, offset without its length", inUDP(1701, 1701, hex("0202 0001 0003"))},
		{"L2TP version 1", inUDP(1701, 1701, hex("0001 0001 0003 ff03 0021"), v4)},
		{"L2TPv3 of nothing known", inUDP(1701, 1701, hex("00030000 00000003"), make([]byte, 60))},
		{"empty on a tunnel's port", inUDP(9, 4789)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, r := decodeOne(ethernet(tt.frame))
			if r != decode.Datagram || p.Proto != decode.UDP || p.NumLayers != 0 {
				t.Fatalf("result %v, layers %q", r, layers(&p))
			}
			if len(p.Payload) != len(tt.frame)-14-20-8 {
				t.Errorf("%d bytes of %d", len(p.Payload), len(tt.frame)-42)
			}
		})
	}
}

// VLANs and virtual networks tell flows apart; labels and keys do not.
func TestNetwork(t *testing.T) {
	frame := wrap.Ethernet(tcp4("x"))
	ip := wrap.Ethernet
	network := func(frame []byte) decode.Network {
		p, r := decodeOne(ethernet(frame))
		if r != decode.Segment {
			t.Fatalf("result %v", r)
		}
		return p.Network
	}
	none := decode.Network{}
	t.Run("left out", func(t *testing.T) {
		for _, f := range [][]byte{
			frame, wrap.VLAN(frame, 0), wrap.MPLS(frame, 5), ip(wrap.GREKeyed(outer4, 5, tcp4("x"))),
			ip(wrap.GTPU(outer4, 5, tcp4("x"))), wrap.PPPoE(frame, 5), ip(wrap.ERSPAN2(outer4, 5, frame)),
		} {
			if got := network(f); got != none {
				t.Errorf("network %v", got)
			}
		}
	})
	t.Run("told apart", func(t *testing.T) {
		under := func(frame []byte) []byte { // four more tags around
			return wrap.QinQ(wrap.QinQ(frame, 1, 2), 3, 4)
		}
		deep := under(frame)
		seen := map[decode.Network]int{none: -1}
		for i, f := range [][]byte{
			wrap.VLAN(frame, 5), ip(wrap.VXLAN(outer4, 5, frame)), ip(wrap.GENEVE(outer4, 5, frame)),
			ip(wrap.NVGRE(outer4, 5, frame)), wrap.PBB(frame, 5), ip(wrap.VXLAN(outer4, 0, frame)),
			wrap.QinQ(frame, 5, 6), wrap.QinQ(frame, 6, 5), wrap.QinQ(frame, 5, 5), deep,
			wrap.VLAN(deep, 5), wrap.QinQ(deep, 5, 6), wrap.QinQ(deep, 6, 5), wrap.QinQ(deep, 5, 5),
			under(wrap.VLAN(frame, 5)), under(wrap.QinQ(frame, 5, 6)), under(wrap.QinQ(frame, 6, 5)),
			under(wrap.QinQ(frame, 5, 5)), under(wrap.QinQ(frame, 6, 6)),
		} {
			n := network(f)
			if other, ok := seen[n]; ok {
				t.Errorf("frames %d and %d are both in %v", i, other, n)
			}
			seen[n] = i
		}
	})
}

// One layer more than MaxLayers is not decoded, and counted.
func TestTooDeep(t *testing.T) {
	frame := wrap.Ethernet(tcp4("x"))
	d := decode.New(decode.Options{})
	var p decode.Packet
	for depth := 1; depth <= decode.MaxLayers+1; depth++ {
		frame = wrap.VLAN(frame, uint16(depth))
		f := ethernet(frame)
		want := decode.Segment
		if depth > decode.MaxLayers {
			want = decode.Foreign
		}
		if r := d.Decode(&f, &p); r != want || int(p.NumLayers) != min(depth, decode.MaxLayers) {
			t.Errorf("depth %d: result %v, %d layers", depth, r, p.NumLayers)
		}
	}
	if n := d.Stats().TooDeep; n != 1 {
		t.Errorf("%d counted as too deep", n)
	}
}

// A wrapped segment that ends early, at whatever byte, is none.
func TestTunnelsCutShort(t *testing.T) {
	for i, frame := range wrappedFrames() {
		for n := range len(frame) - 1 { // the last byte is the segment's only one
			p, r := decodeOne(ethernet(slices.Clip(frame[:n])))
			if r == decode.Segment {
				t.Errorf("frame %d: %v with %d of %d bytes, layers %q", i, r, n, len(frame), layers(&p))
			}
		}
	}
}

func TestResultNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range decode.Result(decode.NumResults) {
		seen[r.String()] = true
	}
	if len(seen) != decode.NumResults || seen[""] {
		t.Errorf("%v", seen)
	}
}
