package decode_test

import (
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

type linkFrame struct {
	name   string
	link   capture.LinkType
	frame  []byte
	layers string
}

// linkFrames holds the same segment after every link header.
func linkFrames(payload string) []linkFrame {
	v4, v6 := tcp4(payload), tcp6(payload)
	cooked := func(hardware, protocol string) []byte {
		return hex("0000" + hardware + "0006 0200000000010000" + protocol)
	}
	return []linkFrame{
		{"Ethernet", capture.LinkEthernet, wrap.Ethernet(v4), ""},
		{"Ethernet, but IP packets inside", capture.LinkEthernet, v4, ""},
		{"Ethernet, but IPv6 packets inside", capture.LinkEthernet, v6, ""},
		{"NULL, little-endian", capture.LinkNull, join(hex("02000000"), v4), ""},
		{"NULL, big-endian", capture.LinkNull, join(hex("00000002"), v4), ""},
		{"NULL, IPv6 of Linux", capture.LinkNull, join(hex("0a000000"), v6), ""},
		{"NULL, IPv6 of OpenBSD", capture.LinkNull, join(hex("18000000"), v6), ""},
		{"NULL, IPv6 of FreeBSD", capture.LinkNull, join(hex("0000001c"), v6), ""},
		{"NULL, IPv6 of Darwin", capture.LinkNull, join(hex("1e000000"), v6), ""},
		{"LOOP", capture.LinkLoop, join(hex("00000002"), v4), ""},
		{"RAW", capture.LinkRaw, v4, ""},
		{"RAW, IPv6", capture.LinkRaw, v6, ""},
		{"RAW of BSD", 12, v4, ""},
		{"RAW of OpenBSD", 14, v6, ""},
		{"IPV4", capture.LinkIPv4, v4, ""},
		{"IPV6", capture.LinkIPv6, v6, ""},
		{"PPP", capture.LinkPPP, join(hex("ff030021"), v4), ""},
		{"PPP without address", capture.LinkPPP, join(hex("0057"), v6), ""},
		{"PPP, short protocol", capture.LinkPPP, join(hex("21"), v4), ""},
		{"PPP of MPLS", capture.LinkPPP, join(hex("ff030281 00010140"), v4), "mpls:16"},
		{"PPP_HDLC", capture.LinkPPPHDLC, join(hex("ff030057"), v6), ""},
		{"PPP_HDLC of Cisco", capture.LinkPPPHDLC, join(hex("0f000800"), v4), ""},
		{"C_HDLC", capture.LinkCHDLC, join(hex("0f000800"), v4), ""},
		{"C_HDLC multicast", capture.LinkCHDLC, join(hex("8f0086dd"), v6), ""},
		{"PPP_ETHER", capture.LinkPPPoE, wrap.PPPoE(wrap.Ethernet(v4), 7)[14:], "pppoe:7"},
		{"LINUX_SLL", capture.LinkLinuxSLL, join(cooked("0001", "0800"), v4), ""},
		{"LINUX_SLL of loopback", capture.LinkLinuxSLL, join(cooked("0304", "86dd"), v6), ""},
		{"LINUX_SLL with a VLAN", capture.LinkLinuxSLL, join(cooked("0001", "8100"), hex("00050800"), v4), "vlan:5"},
		{"LINUX_SLL of LLC", capture.LinkLinuxSLL, join(cooked("0001", "0004"), hex("aaaa030000000800"), v4), ""},
		{"LINUX_SLL of a GRE tunnel", capture.LinkLinuxSLL, join(cooked("030a", "0800"), v4), ""},
		{"LINUX_SLL of GRE bridging", capture.LinkLinuxSLL, join(cooked("030a", "6558"), wrap.Ethernet(v4)), ""},
		{"LINUX_SLL2", capture.LinkLinuxSLL2, join(hex("0800 0000 00000002 0001 00 06 0200000000010000"), v4), ""},
		{"LINUX_SLL2 with a VLAN", capture.LinkLinuxSLL2, join(hex("8100 0000 00000002 0001 00 06 0200000000010000 00050800"), v4), "vlan:5"},
		{"NFLOG", capture.LinkNFLOG, join(hex("02000000 0800 0100 08000100 0500 0a00 00000000"), nflogPayload(v4)), ""},
		{"NFLOG, big-endian", capture.LinkNFLOG, join(hex("02000000 0008 0001 08000100"), []byte{0, byte(4 + len(v4)), 0, 9}, v4), ""},
	}
}

func nflogPayload(packet []byte) []byte {
	return join([]byte{byte(4 + len(packet)), 0, 9, 0}, packet)
}

func TestLinkTypes(t *testing.T) {
	for _, tt := range linkFrames("hello") {
		t.Run(tt.name, func(t *testing.T) {
			p, r := decodeOne(frameOf(tt.link, tt.frame))
			if p.V6 {
				wantSegment(t, &p, r, addr6a, addr6b, "hello")
			} else {
				wantSegment(t, &p, r, addr4a, addr4b, "hello")
			}
			if got := layers(&p); got != tt.layers {
				t.Errorf("layers %q, want %q", got, tt.layers)
			}
		})
	}
}

// A frame cut at any byte gives no segment with bytes that were not captured.
func TestLinkTypesCutShort(t *testing.T) {
	for _, tt := range linkFrames("") {
		for n := range tt.frame {
			f := frameOf(tt.link, tt.frame[:n:n])
			if p, r := decodeOne(f); r == decode.Segment || r == decode.Datagram {
				t.Errorf("%s: %v with %d of %d bytes: %q", tt.name, r, n, len(tt.frame), p.Payload)
			}
		}
	}
}

func TestForeignLinks(t *testing.T) {
	tests := []struct {
		name  string
		link  capture.LinkType
		frame []byte
		want  decode.Result
	}{
		{"unknown link type", 147, wrap.Ethernet(tcp4("x")), decode.UnknownLink},
		{"802.11", capture.Link80211, make([]byte, 60), decode.UnknownLink},
		{"ARP", capture.LinkEthernet, arp(), decode.Foreign},
		{"spanning tree", capture.LinkEthernet, join(hex("0180c2000000 020000000001 0026 424203"), make([]byte, 43)), decode.Foreign},
		{"SNAP of Cisco", capture.LinkEthernet, join(hex("01000ccccccc 020000000001 0026 aaaa0300000c2000"), make([]byte, 43)), decode.Foreign},
		{"NULL of another family", capture.LinkNull, join(hex("07000000"), tcp4("x")), decode.Foreign},
		{"LINUX_SLL of netlink", capture.LinkLinuxSLL, join(hex("0000 0338 0000 0000000000000000 0800"), tcp4("x")), decode.Foreign},
		{"PPP of LCP", capture.LinkPPP, hex("ff03c02101010004"), decode.Foreign},
		{"PPPoE discovery", capture.LinkPPPoE, hex("110900000000"), decode.Foreign},
		{"PPPoE version 2", capture.LinkPPPoE, hex("210000000000"), decode.Malformed},
		{"RAW of neither version", capture.LinkRaw, hex("50000000"), decode.Foreign},
		{"NFLOG without a packet", capture.LinkNFLOG, hex("02000000 0800 0100 08000100"), decode.Foreign},
		{"NFLOG, attribute too short", capture.LinkNFLOG, hex("02000000 0300 0100 08000100"), decode.Malformed},
		{"empty", capture.LinkEthernet, nil, decode.Malformed},
		{"empty RAW", capture.LinkRaw, nil, decode.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, r := decodeOne(frameOf(tt.link, tt.frame)); r != tt.want {
				t.Errorf("result %v, want %v", r, tt.want)
			}
		})
	}
}
