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
		{"VXLAN-GPE", ip(wrap.VXLANGPE(outer4, 77, v4)), "vxlan:77", addr4a},
		{"VXLAN-GPE of NSH", ip(wrap.VXLANNSH(outer4, 77, 9, v6)), "vxlan:77 nsh:9", addr6a},
		{"NSH", wrap.NSH(frame, 9), "nsh:9", addr4a},
		{"NSH of Ethernet", wrap.NSHEthernet(wrap.VLAN(frame, 5), 9), "nsh:9 vlan:5", addr4a},
		{"LISP", ip(wrap.LISP(outer6, 77, v4)), "lisp:77", addr4a},
		{"LISP of IPv6", ip(wrap.LISP(outer4, 77, v6)), "lisp:77", addr6a},
		{"LISP-GPE of Ethernet", ip(wrap.LISPGPE(outer4, 77, frame)), "lisp:77", addr4a},
		{"GRE in UDP", ip(wrap.GREInUDP(outer4, 9, v6)), "gre:9", addr6a},
		{"MPLS in UDP", ip(wrap.MPLSInUDP(outer6, v4, 100, 200)), "mpls:200", addr4a},
		{"GUE", ip(wrap.GUE(outer4, v6)), "gue", addr6a},
		{"EtherIP", ip(wrap.EtherIP(outer4, frame)), "etherip", addr4a},
		{"EoIP", ip(wrap.EoIP(outer4, 77, frame)), "eoip:77", addr4a},
		{"TZSP", ip(wrap.TZSP(outer4, frame)), "tzsp", addr4a},
		{"TZSP of a VN-Tag and a VLAN", ip(wrap.TZSP(outer4, wrap.VNTag(wrap.VLAN(frame, 5), 9))), "tzsp vntag:9 vlan:5", addr4a},
		{"HP ERM", ip(wrap.HPERM(outer4, wrap.VLAN(frame, 5))), "hperm vlan:5", addr4a},
		{"Juniper packet mirroring", ip(wrap.JMirror(outer4, 77, v6)), "jmirror:77", addr6a},
		{"CAPWAP", ip(wrap.CAPWAP(outer4, frame)), "capwap", addr4a},
		{"0x9100", wrap.Tag(frame, 0x9100, 5), "vlan:5", addr4a},
		{"0x9200 around 802.1Q", wrap.Tag(wrap.VLAN(frame, 6), 0x9200, 5), "vlan:5 vlan:6", addr4a},
		{"0x9300", wrap.Tag(frame, 0x9300, 5), "vlan:5", addr4a},
		{"VN-Tag", wrap.VNTag(frame, 20), "vntag:20", addr4a},
		{"VN-Tag around a VLAN", wrap.VNTag(wrap.VLAN(ip(v6), 5), 20), "vntag:20 vlan:5", addr6a},
		{"802.1BR", wrap.ETag(wrap.VLAN(frame, 5), 700), "etag:700 vlan:5", addr4a},
		{"FabricPath", wrap.FabricPath(wrap.VLAN(frame, 5)), "fabricpath vlan:5", addr4a},
		{"TRILL", wrap.TRILL(wrap.VLAN(frame, 5)), "trill vlan:5", addr4a},
		{"ISL", wrap.ISL(frame, 5), "vlan:5", addr4a},
		{"MACsec in clear", wrap.MACsec(wrap.VLAN(frame, 5)), "macsec vlan:5", addr4a},
		{"MACsec behind a VLAN", wrap.VLAN(wrap.MACsec(frame), 5), "vlan:5 macsec", addr4a},
		{"Arista timestamp", wrap.Arista(wrap.VLAN(frame, 5)), "arista vlan:5", addr4a},
		{"802.1CB", wrap.RTag(frame), "rtag", addr4a},
		{"HSR", wrap.HSR(wrap.VLAN(frame, 5)), "hsr vlan:5", addr4a},
		{"ERSPAN II with a TTag", ip(wrap.ERSPAN2(outer4, 10, wrap.TTag(frame))), "erspan:10 ttag", addr4a},
		{"ERSPAN II with a TTag and a VLAN", ip(wrap.ERSPAN2(outer4, 10, wrap.VLAN(wrap.TTag(frame), 5))), "erspan:10 vlan:5 ttag", addr4a},
		{"ERSPAN III with Cisco metadata", ip(wrap.ERSPAN3(outer4, 10, wrap.CiscoMeta(wrap.VLAN(frame, 5), 15))), "erspan:10 cmd vlan:5", addr4a},
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

// withoutControlWord removes the four bytes after the only label.
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

// inEther puts a header and payload after an Ethernet header of the type.
func inEther(etherType uint16, parts ...[]byte) []byte {
	b := wrap.Ethernet(tcp4(""))[:12]
	b = binary.BigEndian.AppendUint16(b, etherType)
	return append(b, join(parts...)...)
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
		{"VXLAN with reserved flags", "vxlan:77", inUDP(9, 4789, hex("7a00000000004d00"), frame)},
		{"VXLAN with all reserved bits", "vxlan:77", inUDP(9, 8472, hex("fbffffff00004dff"), frame)},
		{"VXLAN with every bit", "vxlan:77", inUDP(9, 4789, hex("ffffffff00004dff"), frame)},
		{"VXLAN with a reserved bit, of IPv6", "vxlan:77", inUDP(9, 4789, hex("0800000100004d00"), wrap.Ethernet(tcp6("x")))},
		{"VXLAN with a reserved bit, of a VLAN", "vxlan:77 vlan:5", inUDP(9, 4789, hex("0800000000004d01"), wrap.VLAN(frame, 5))},
		{"VXLAN-GPE's bit, but Ethernet", "vxlan:77", inUDP(9, 4789, hex("0c00000100004d00"), frame)},
		{"VXLAN-GPE with version and reserved bits, of IPv4", "vxlan:77", inUDP(9, 4790, hex("1e00ff0100004d80"), v4)},
		{"VXLAN-GPE of NSH with metadata of type 2", "vxlan:77 nsh:1", inUDP(9, 4790, hex("0c00000400004d00 0fc30201000001ff deadbeef"), v4)},
		{"VXLAN-GPE of Ethernet", "vxlan:77", inUDP(9, 4790, hex("0c00000300004d00"), frame)},
		{"VXLAN-GPE of IPv4", "vxlan:77", inUDP(9, 4790, hex("0c00000100004d00"), v4)},
		{"VXLAN-GPE of IPv6", "vxlan:77", inUDP(9, 4790, hex("0c00000200004d00"), tcp6("x"))},
		{"VXLAN-GPE of MPLS", "vxlan:77 mpls:16", inUDP(9, 4790, hex("0c00000500004d00 00010140"), v4)},
		{"GENEVE of IPv4, length left to the card", "geneve:77", inUDP(9, 6081, hex("0000080000004d00"), changed(v4, 2, 0, 0)[14:])},
		{"GENEVE without options", "geneve:77", inUDP(9, 6081, hex("0000655800004d00"), frame)},
		{"GENEVE critical", "geneve:77", inUDP(9, 6081, hex("0040080000004d00"), v4)},
		{"GENEVE with reserved bits", "geneve:77", inUDP(9, 6081, hex("003f655800004d05"), frame)},
		{"GENEVE with an unknown critical option", "geneve:77", inUDP(9, 6081, hex("0240080000004d00 ffffff e1 01020304"), v4)},
		{"GENEVE of NSH", "geneve:77 nsh:1", inUDP(9, 6081, hex("0000894f00004d00 0fc20201000001ff"), v4)},
		{"GRE of NSH", "gre nsh:1", inIP(47, hex("0000894f 0fc20203000001ff"), frame)},
		{"NSH of NSH", "nsh:1 nsh:2", inEther(0x894f, hex("0fc20204000001ff 0fc20201000002ff"), v4)},
		{"NSH of MPLS", "nsh:1 mpls:16", inEther(0x894f, hex("0fc20205000001ff 00010140"), v4)},
		{"NSH in IP", "nsh:1", inIP(145, hex("0fc20201000001ff"), v4)},
		{"Ethernet in IP", "etherip", inIP(143, frame)},
		{"LISP without an instance", "lisp", inUDP(9, 4341, hex("c000000100000000"), v4)},
		{"LISP-GPE of IPv4", "lisp:5", inUDP(9, 4341, hex("0c00000100000500"), v4)},
		{"LISP-GPE of NSH", "lisp nsh:1", inUDP(9, 4341, hex("0400000400000000 0fc20201000001ff"), v4)},
		{"GRE in UDP without options", "gre", inUDP(9, 4754, hex("00000800"), v4)},
		{"GRE in UDP with everything, of Ethernet", "gre:5", inUDP(9, 4754, hex("b0006558 00000000 00000005 00000001"), frame)},
		{"GRE in UDP of MPLS", "gre mpls:16", inUDP(9, 4754, hex("00008847 00010140"), v4)},
		{"GRE in UDP of ERSPAN", "erspan:10", inUDP(9, 4754, hex("100088be 00000001 1000000a 00000000"), frame)},
		{"GRE of Cisco metadata", "gre cmd", inIP(47, hex("00008909 0800 0101 0001 000f"), v4)},
		{"MPLS in UDP of Ethernet", "mpls:16", inUDP(9, 6635, hex("00010140 00000000"), frame)},
		{"GUE with a field", "gue", inUDP(9, 6080, hex("01040000 00000000"), v4)},
		{"GUE version 1", "gue", inUDP(9, 6080, v4)},
		{"EoIP", "eoip:258", inIP(47, hex("20016400 0037 0201"), frame)},
		{"TZSP without tags but the end", "tzsp", inUDP(9, 37008, hex("01000001 01"), frame)},
		{"TZSP, packet for transmit", "tzsp", inUDP(9, 37008, hex("01010001 3c06 020000000001 0000 01"), frame)},
		{"Juniper packet mirroring of PPP", "jmirror:1", inUDP(9, 30030, hex("00000001 00000002"), ppp)},
		{"CAPWAP from the controller, with a radio address", "capwap", inUDP(5247, 9, hex("0020001000000000 0602000000000100"), frame)},
		{"VN-Tag to the adapter", "vntag:20", inEther(0x8926, hex("80140000 0800"), v4)},
		{"802.1BR with group and extension", "etag:1118208", inEther(0x893f, hex("e123 1000 0511 0800"), v4)},
		{"Arista, 48 bits UTC", "arista", inEther(0xd28b, hex("0001 0120 010203040506 0800"), v4)},
		{"Arista, 64 bits TAI, R3", "arista", inEther(0xd28b, hex("0001 0011 0102030405060708 0800"), v4)},
		{"MACsec without a channel", "macsec", inEther(0x88e5, hex("0000 00000001 0800"), v4)},
		{"PPP bridging", "pppoe:1", inEther(0x8864, hex("11000001 003b 0031 0001"), frame)},
		{"PPP bridging with a LAN id", "pppoe:1", inEther(0x8864, hex("11000001 003f 0031 4001 00000005"), frame)},
		{"L2TP of bridging", "l2tp:3", inUDP(9, 1701, hex("0002 0001 0003 0031 0001"), frame)},
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
		{"VXLAN with a reserved bit, of nothing known", inUDP(9, 4789, hex("0800000100004d00"), make([]byte, 60))},
		{"VXLAN with the last byte, of nothing known", inUDP(9, 4789, hex("0800000000004d01"), make([]byte, 60))},
		{"VXLAN of nothing", inUDP(9, 4789, hex("0800000000004d00"))},
		{"VXLAN-GPE of NSH", inUDP(9, 4790, hex("0c00000400004d00"), make([]byte, 60))},
		{"VXLAN-GPE of IPv4 that is not", inUDP(9, 4790, hex("0c00000100004d00"), make([]byte, 60))},
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
		{"VXLAN with a reserved bit, of IPv4's type and no more", inUDP(9, 4789, hex("0800000100004d00"), hex("020000000001 020000000002 0800 4500"), make([]byte, 40))},
		{"GENEVE with a reserved bit, of no Ethernet", inUDP(9, 6081, hex("0000655800004d01"), make([]byte, 60))},
		{"VXLAN-GPE of protocol 9", inUDP(9, 4790, hex("0c00000900004d00"), v4)},
		{"VXLAN-GPE of NSH version 1", inUDP(9, 4790, hex("0c00000400004d00 4fc20201000001ff"), v4)},
		{"VXLAN-GPE of NSH, too long", inUDP(9, 4790, hex("0c00000400004d00 0fff0201000001ff"), v4)},
		{"VXLAN-GPE of NSH, metadata of type 3", inUDP(9, 4790, hex("0c00000400004d00 0fc20301000001ff"), v4)},
		{"LISP, encrypted", inUDP(9, 4341, hex("8900000100000000"), v4)},
		{"LISP of something else", inUDP(9, 4341, hex("8000000100000000"), frame)},
		{"LISP-GPE of protocol 9", inUDP(9, 4341, hex("0400000900000000"), v4)},
		{"LISP from the port", inUDP(4341, 9, hex("8000000100000000"), v4)},
		{"GRE in UDP, version 1", inUDP(9, 4754, hex("00010800"), v4)},
		{"GRE in UDP, reserved bits", inUDP(9, 4754, hex("00080800"), v4)},
		{"GRE in UDP of Ethernet that is not", inUDP(9, 4754, hex("00006558"), make([]byte, 60))},
		{"GRE in UDP, cut in its fields", inUDP(9, 4754, hex("30000800 00000001 0000"))},
		{"MPLS in UDP without a bottom", inUDP(9, 6635, hex("00010040"))},
		{"MPLS in UDP of something else", inUDP(9, 6635, hex("00010140"), make([]byte, 60))},
		{"GUE, control", inUDP(9, 6080, hex("20040000"), v4)},
		{"GUE of another protocol", inUDP(9, 6080, hex("00060000"), v4)},
		{"TZSP version 2", inUDP(9, 37008, hex("02000001 01"), frame)},
		{"TZSP of 802.11", inUDP(9, 37008, hex("01000012 01"), frame)},
		{"TZSP keepalive", inUDP(9, 37008, hex("01040000"))},
		{"TZSP, tags without end", inUDP(9, 37008, hex("01000001 0aff"), frame)},
		{"TZSP, tag of no length", inUDP(9, 37008, hex("01000001 0a"))},
		{"TZSP of something else", inUDP(9, 37008, hex("01000001 01"), make([]byte, 60))},
		{"DNS to TZSP's port", inUDP(53, 37008, dns)},
		{"HP ERM of something else", inUDP(9, 7932, make([]byte, 80))},
		{"Juniper packet mirroring of something else", inUDP(9, 30030, make([]byte, 80))},
		{"CAPWAP of 802.11", inUDP(9, 5247, hex("0010030000000000"), frame)},
		{"CAPWAP, DTLS", inUDP(9, 5247, hex("0100000000000000"), frame)},
		{"CAPWAP, fragment", inUDP(9, 5247, hex("0010008000000000"), frame)},
		{"CAPWAP, header too long", inUDP(9, 5247, hex("00f8000000000000"), frame)},
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

// VLANs, tunnels and virtual networks are part of Packet.Network; labels and keys are not.
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
			frame, wrap.VLAN(frame, 0), wrap.MPLS(frame, 5), wrap.PPPoE(frame, 5),
			wrap.VNTag(frame, 5), wrap.ETag(frame, 5), wrap.FabricPath(frame), wrap.TTag(frame),
		} {
			if got := network(f); got != none {
				t.Errorf("network %v", got)
			}
		}
	})
	t.Run("the tunnel, but not its number", func(t *testing.T) {
		for _, in := range []func(id uint32) []byte{
			func(id uint32) []byte { return ip(wrap.GREKeyed(outer4, id, tcp4("x"))) },
			func(id uint32) []byte { return ip(wrap.GTPU(outer4, id, tcp4("x"))) },
			func(id uint32) []byte { return ip(wrap.ERSPAN2(outer4, uint16(id), frame)) },
		} {
			if a, b := network(in(5)), network(in(6)); a != b || a == none {
				t.Errorf("networks %v and %v", a, b)
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
			ip(wrap.NVGRE(outer4, 5, frame)), wrap.PBB(frame, 5), ip(wrap.VXLAN(outer4, 0, frame)), ip(wrap.LISP(outer4, 5, tcp4("x"))),
			wrap.QinQ(frame, 5, 6), wrap.QinQ(frame, 6, 5), wrap.QinQ(frame, 5, 5), deep,
			wrap.VLAN(deep, 5), wrap.QinQ(deep, 5, 6), wrap.QinQ(deep, 6, 5), wrap.QinQ(deep, 5, 5),
			under(wrap.VLAN(frame, 5)), under(wrap.QinQ(frame, 5, 6)), under(wrap.QinQ(frame, 6, 5)),
			under(wrap.QinQ(frame, 5, 5)), under(wrap.QinQ(frame, 6, 6)),
			ip(wrap.MPLSInUDP(outer4, tcp4("x"), 5)), // of the link it is not, there
		} {
			n := network(f)
			if other, ok := seen[n]; ok {
				t.Errorf("frames %d and %d are both in %v", i, other, n)
			}
			seen[n] = i
		}
	})
}

// One layer more than maxLayers is not decoded, and counted.
func TestTooDeep(t *testing.T) {
	frame := wrap.Ethernet(tcp4("x"))
	d := decode.New(decode.Options{})
	var p decode.Packet
	for depth := 1; depth <= maxLayers+1; depth++ {
		frame = wrap.VLAN(frame, uint16(depth))
		f := ethernet(frame)
		want := decode.Segment
		if depth > maxLayers {
			want = decode.Foreign
		}
		if r := d.Decode(&f, &p); r != want || int(p.NumLayers) != min(depth, maxLayers) {
			t.Errorf("depth %d: result %v, %d layers", depth, r, p.NumLayers)
		}
	}
	if n := d.Stats().TooDeep; n != 1 {
		t.Errorf("%d counted as too deep", n)
	}
}

// A wrapped segment that ends early, at any byte, is not delivered.
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
	for r := range decode.Result(len(decode.Stats{}.Results)) {
		seen[r.String()] = true
	}
	if len(seen) != len(decode.Stats{}.Results) || seen[""] {
		t.Errorf("%v", seen)
	}
}
