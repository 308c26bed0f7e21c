package decode_test

import (
	"fmt"
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// unreadText writes what was not read: the kind's letter, the number, the name
// and the count.
func unreadText(s decode.Stats) (list []string) {
	for _, u := range s.Unread() {
		list = append(list, fmt.Sprintf("%c%d %s %d", "EPLU"[u.Kind], u.Number, u.Name(), u.Count))
	}
	return list
}

func TestUnread(t *testing.T) {
	v4, frame := tcp4("x"), wrap.Ethernet(tcp4("x"))
	noise := slices.Repeat([]byte{0xa5}, 200)
	wireGuard := func(kind byte, length int) []byte {
		b := slices.Repeat([]byte{0xa5}, length)
		copy(b, []byte{kind, 0, 0, 0, 1, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0})
		return b
	}
	ethernetLink := capture.LinkEthernet
	tests := []struct {
		name  string
		link  capture.LinkType
		frame []byte
		want  string // of the only entry; "": none
	}{
		{"TCP", ethernetLink, frame, ""},
		{"UDP", ethernetLink, inUDP(53, 5353, noise), ""},
		{"ARP", ethernetLink, arp(), ""},
		{"LLDP", ethernetLink, inEther(0x88cc, noise), ""},
		{"EAPOL", ethernetLink, inEther(0x888e, noise), ""},
		{"LACP", ethernetLink, inEther(0x8809, noise), ""},
		{"PTP", ethernetLink, inEther(0x88f7, noise), ""},
		{"spanning tree", ethernetLink, inEther(38, hex("424203"), noise[:35]), ""},
		{"ARP in a VLAN", ethernetLink, wrap.VLAN(arp(), 5), ""},
		{"MACsec", ethernetLink, inEther(0x88e5, hex("2c00 00000001 0200000000010001"), noise), "E35045 MACsec 1"},
		{"B.A.T.M.A.N.", ethernetLink, inEther(0x4305, noise), "E17157 B.A.T.M.A.N. Advanced 1"},
		{"no registered EtherType", ethernetLink, inEther(0x9998, noise), "E39320  1"},
		{"an EtherType in a VLAN", ethernetLink, wrap.VLAN(inEther(0x9998, noise), 5), "E39320  1"},
		{"an EtherType in VXLAN", ethernetLink, wrap.Ethernet(wrap.VXLAN(outer4, 5, inEther(0x9998, noise))), "E39320  1"},
		{"Raw Frame Relay in GRE", ethernetLink, inIP(47, hex("00006559"), noise), "E25945 Raw Frame Relay 1"},
		{"keepalive of GRE", ethernetLink, inIP(47, hex("00000000")), ""},
		{"CDP in GRE", ethernetLink, inIP(47, hex("00002000"), noise), ""},
		{"MPLS of something else", ethernetLink, inEther(0x8847, hex("00010140"), noise), "E34887 MPLS 1"},
		{"MPLS of spanning tree", ethernetLink, inEther(0x8847, hex("00010140 00000000 0180c2000000 020000000001 0026 424203"), noise[:35]), ""},
		{"MPLS of an associated channel", ethernetLink, inEther(0x8847, hex("00010140 10000021"), noise), ""},
		{"NSH of experiment 1", ethernetLink, inEther(0x894f, hex("0fc202fe000001ff"), noise), "E35151 NSH 1"},
		{"NSH OAM", ethernetLink, inEther(0x894f, hex("2fc20201000001ff"), v4), ""},
		{"Arista, another subtype", ethernetLink, inEther(0xd28b, hex("0002 0010"), noise), "E53899 Arista timestamps 1"},
		{"PPP, compressed", ethernetLink, inEther(0x8864, hex("11000001 0006 00fd 90001234")), "E34827 PPP 1"},
		{"PPP, LCP", ethernetLink, inEther(0x8864, hex("11000001 0006 c021 09010004")), ""},
		{"PPPoE discovery", ethernetLink, inEther(0x8863, noise), ""},
		{"ICMP", ethernetLink, wrap.Ethernet(icmpError(v4)), ""},
		{"ICMPv6", ethernetLink, wrap.Ethernet(icmp6Error(tcp6("x"))), ""},
		{"OSPF", ethernetLink, inIP(89, noise), ""},
		{"VRRP", ethernetLink, inIP(112, noise), ""},
		{"no next header", ethernetLink, changed(tcp6("x"), 6, 59), ""},
		{"ESP", ethernetLink, inIP(50, noise), "P50 ESP 1"},
		{"ESP over IPv6", ethernetLink, changed(tcp6("x"), 6, 50), "P50 ESP 1"},
		{"ESP behind destination options", ethernetLink, wrap.Ethernet(withExtensions(tcp6("x"), 60, hex("3200010400000000"))), "P50 ESP 1"},
		{"ESP in GRE", ethernetLink, wrap.Ethernet(wrap.GRE(outer4, inIP(50, noise)[14:])), "P50 ESP 1"},
		{"IPComp", ethernetLink, inIP(108, noise), "P108 IPComp 1"},
		{"protocol 253", ethernetLink, inIP(253, noise), "P253  1"},
		{"802.11", capture.Link80211, frame, "L105 IEEE802_11 1"},
		{"USER0", 147, frame, "L147 USER0 1"},
		{"LINUX_SLL of 802.11", capture.LinkLinuxSLL, join(hex("0000 0321 0006 0200000000010000 0004"), noise), "L105 IEEE802_11 1"},
		{"LINUX_SLL of netlink", capture.LinkLinuxSLL, join(hex("0000 0338 0000 0000000000000000 0800"), v4), ""},
		{"ESP in UDP", ethernetLink, inUDP(4500, 4500, noise), "U4500 ESP in UDP 1"},
		{"ESP in UDP behind NAT", ethernetLink, inUDP(4500, 31000, noise), "U4500 ESP in UDP 1"},
		{"IKE in UDP", ethernetLink, inUDP(4500, 4500, hex("00000000"), noise), ""},
		{"keepalive of NAT", ethernetLink, inUDP(4500, 4500, hex("ff")), ""},
		{"DNS to a client on port 4500", ethernetLink, inUDP(53, 4500, noise), ""},
		{"WireGuard initiation", ethernetLink, inUDP(40000, 51820, wireGuard(1, 148)), "U51820 WireGuard 1"},
		{"WireGuard response", ethernetLink, inUDP(51820, 40000, wireGuard(2, 92)), "U51820 WireGuard 1"},
		{"WireGuard cookie", ethernetLink, inUDP(51820, 40000, wireGuard(3, 64)), "U51820 WireGuard 1"},
		{"WireGuard data", ethernetLink, inUDP(40000, 51820, wireGuard(4, 96)), "U51820 WireGuard 1"},
		{"WireGuard on another port", ethernetLink, inUDP(41641, 443, wireGuard(4, 96)), "U443 WireGuard 1"},
		{"WireGuard on another tunnel's port", ethernetLink, inUDP(41641, 4500, wireGuard(1, 148)), "U4500 WireGuard 1"},
		{"no length of WireGuard", ethernetLink, inUDP(40000, 51820, wireGuard(1, 147)), ""},
		{"no data of WireGuard", ethernetLink, inUDP(40000, 40001, wireGuard(4, 97)), ""},
		{"no type of WireGuard", ethernetLink, inUDP(40000, 51820, wireGuard(5, 96)), ""},
		{"OpenVPN data", ethernetLink, inUDP(40000, 1194, hex("48000001"), noise), "U1194 OpenVPN 1"},
		{"OpenVPN control", ethernetLink, inUDP(40000, 1194, hex("38"), noise), ""},
		{"GTP version 0", ethernetLink, inUDP(3386, 3386, hex("1eff 00b8"), noise), "U3386 GTP version 0 1"},
		{"GTP', charging", ethernetLink, inUDP(3386, 3386, hex("4ef0"), noise), ""},
		{"ZeroTier", ethernetLink, inUDP(9993, 9993, noise), "U9993 ZeroTier 1"},
		{"Nebula", ethernetLink, inUDP(4242, 4242, hex("1100"), noise), "U4242 Nebula 1"},
		{"GRE in DTLS", ethernetLink, inUDP(9000, 4755, hex("17fefd"), noise), "U4755 GRE in DTLS 1"},
		{"CAPWAP of 802.11", ethernetLink, inUDP(9000, 5247, hex("0010030000000000"), noise), "U5247 CAPWAP 1"},
		{"CAPWAP keepalive", ethernetLink, inUDP(9000, 5247, hex("0010000800000000"), noise), ""},
		{"VXLAN of no Ethernet, with a reserved bit", ethernetLink, inUDP(9000, 4789, hex("0800000100004d00"), noise), "U4789 VXLAN 1"},
		{"VXLAN without a VNI, which no host takes", ethernetLink, inUDP(9000, 4789, hex("0000000000004d00"), frame), ""},
		{"VXLAN-GPE of protocol 9", ethernetLink, inUDP(9000, 4790, hex("0c00000900004d00"), noise), "U4790 VXLAN-GPE 1"},
		{"GRE in UDP of Frame Relay", ethernetLink, inUDP(9000, 4754, hex("00006559"), noise), "U4754 GRE in UDP 1"},
		{"MPLS in UDP of something else", ethernetLink, inUDP(9000, 6635, hex("00010140"), noise), "U6635 MPLS in UDP 1"},
		{"GUE of ESP", ethernetLink, inUDP(9000, 6080, hex("00320000"), noise), "U6080 GUE 1"},
		{"a client on TZSP's port", ethernetLink, inUDP(9000, 37008, noise), ""},
		{"a client on GTP-U's port", ethernetLink, inUDP(9000, 2152, noise), ""},
		{"a client on GENEVE's port", ethernetLink, inUDP(9000, 6081, noise), ""},
		{"VXLAN's port, from DNS", ethernetLink, inUDP(53, 4789, noise), ""},
		{"VXLAN's port, nothing", ethernetLink, inUDP(9000, 4789), ""},
		{"GENEVE of Frame Relay", ethernetLink, inUDP(9000, 6081, hex("0000655900004d00"), noise), "U6081 GENEVE 1"},
		{"GENEVE control", ethernetLink, inUDP(9000, 6081, hex("0080000000004d00"), noise), ""},
		{"VXLAN-GPE OAM", ethernetLink, inUDP(9000, 4790, hex("0d00000100004d00"), noise), ""},
		{"GTP-U echo", ethernetLink, inUDP(2152, 2152, hex("3001000400000000 0e000000")), ""},
		{"GTP-U of something else", ethernetLink, inUDP(2152, 2152, hex("30ff00c800000001"), noise), "U2152 GTP-U 1"},
		{"LISP, encrypted", ethernetLink, inUDP(9000, 4341, hex("8900000100000000"), noise), "U4341 LISP 1"},
		{"TZSP of 802.11", ethernetLink, inUDP(9000, 37008, hex("01000012 01"), noise), "U37008 TZSP 1"},
		{"TZSP keepalive", ethernetLink, inUDP(9000, 37008, hex("01040000")), ""},
		{"L2TP control", ethernetLink, inUDP(1701, 1701, hex("c802 000c 0001 0000 0000 0000")), ""},
		{"L2TP of LCP", ethernetLink, inUDP(1701, 1701, hex("0002 0001 0003 ff03 c021 01010004")), ""},
		{"L2TP of compressed PPP", ethernetLink, inUDP(1701, 1701, hex("0002 0001 0003 ff03 00fd 90001234")), "U1701 L2TP 1"},
		{"Teredo's port", ethernetLink, inUDP(9000, 3544, noise), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decode.New(decode.Options{})
			var p decode.Packet
			f := frameOf(tt.link, tt.frame)
			d.Decode(&f, &p)
			s := d.Stats()
			got, total := unreadText(s), uint64(0)
			for _, n := range s.UnreadFrames {
				total += n
			}
			if tt.want == "" && len(got) != 0 || tt.want != "" && (len(got) != 1 || got[0] != tt.want) || total != uint64(len(got)) {
				t.Errorf("%q, %d in all, want %q", got, total, tt.want)
			}
			if s.CutShort != 0 {
				t.Errorf("%d cut short", s.CutShort)
			}
		})
	}
}

// The most frequent come first, whatever an attacker sends before and between them, and
// all are counted.
func TestUnreadOrder(t *testing.T) {
	d := decode.New(decode.Options{})
	var p decode.Packet
	push := func(frame []byte, times int) {
		f := ethernet(frame)
		for range times {
			d.Decode(&f, &p)
		}
	}
	total := uint64(0)
	for n := 0x600; n <= 0xffff; n++ {
		push(inEther(uint16(n), make([]byte, 60)), 1)
	}
	s := d.Stats()
	for _, n := range s.UnreadFrames {
		total += n
	}
	if total < 60000 || len(s.Unread()) < 64 {
		t.Fatalf("%d counted, %d listed", total, len(s.Unread()))
	}
	push(inIP(50, make([]byte, 60)), 7)
	push(inUDP(4500, 4500, slices.Repeat([]byte{1}, 60)), 9)
	push(inEther(0x4305, make([]byte, 60)), 3)
	push(inEther(0x9998, make([]byte, 60)), 11)
	push(wrap.SNAP(tcp4("x")), 20)
	want := []string{"E39320  12", "U4500 ESP in UDP 9", "P50 ESP 7", "E17157 B.A.T.M.A.N. Advanced 4"}
	s = d.Stats()
	if got := unreadText(s); !slices.Equal(got[:4], want) {
		t.Errorf("%q", got[:5])
	}
	push(inIP(50, make([]byte, 60)), 100)
	if s.Unread()[2].Count != 7 {
		t.Error("Stats changed after they were taken")
	}
}

// Frames that the snapshot length cut before the end of the TCP header are counted, also
// inside tunnels.
func TestCutShort(t *testing.T) {
	v4, frame := tcp4("0123456789"), wrap.Ethernet(tcp4("0123456789"))
	tests := []struct {
		name  string
		frame []byte
	}{
		{"IPv4", frame},
		{"IPv6", wrap.Ethernet(tcp6("0123456789"))},
		{"VLAN", wrap.VLAN(frame, 5)},
		{"MPLS", wrap.MPLS(frame, 5)},
		{"GRE", wrap.Ethernet(wrap.GRE(outer4, v4))},
		{"VXLAN", wrap.Ethernet(wrap.VXLAN(outer4, 5, frame))},
		{"GENEVE", wrap.Ethernet(wrap.GENEVEIP(outer4, 5, v4))},
		{"GTP-U", wrap.Ethernet(wrap.GTPU(outer4, 5, v4))},
		{"TZSP", wrap.Ethernet(wrap.TZSP(outer4, frame))},
		{"LISP", wrap.Ethernet(wrap.LISP(outer4, 5, v4))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for n := range len(tt.frame) - 10 {
				d := decode.New(decode.Options{})
				var p decode.Packet
				f := ethernet(tt.frame[:n:n])
				f.Length = len(tt.frame)
				r := d.Decode(&f, &p)
				if s := d.Stats(); s.CutShort != 1 || s.UnreadFrames != [decode.NumUnreadKinds]uint64{} {
					t.Errorf("%d bytes: %v, %d cut short, %v not read", n, r, s.CutShort, s.UnreadFrames)
				}
			}
		})
	}
	d := decode.New(decode.Options{})
	var p decode.Packet
	for _, whole := range [][]byte{frame, arp(), wrap.Ethernet(icmpError(v4)), wrap.Ethernet(wrap.UDP(addr4a, addr4b, make([]byte, 100)))} {
		f := ethernet(whole[:54])
		f.Length = 1000
		if len(whole) == len(frame) {
			f.Data = whole
		}
		d.Decode(&f, &p)
	}
	if n := d.Stats().CutShort; n != 0 {
		t.Errorf("%d cut short that were not", n)
	}
}
