package decode_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

var nobody = decode.Trust{Limited: true}

func from(prefixes ...string) decode.Trust {
	t := decode.Trust{Limited: true}
	for _, p := range prefixes {
		t.From = append(t.From, netip.MustParsePrefix(p))
	}
	return t
}

// own believes every sender about its own packets.
var own = decode.Trust{Limited: true, Own: true}

// believed decodes frames with one decoder, and returns the last packet and its
// result.
func believed(t decode.Trust, frames ...[]byte) (p decode.Packet, r decode.Result, s decode.Stats) {
	d := decode.New(decode.Options{Trust: t})
	for _, data := range frames {
		f := ethernet(data)
		r = d.Decode(&f, &p)
	}
	return p, r, d.Stats()
}

// Encapsulations in IP are tunnels, and are read if their sender is believed. Those of the
// link are always read.
func TestWhatIsATunnel(t *testing.T) {
	v4, v6, frame := tcp4("x"), tcp6("x"), wrap.Ethernet(tcp4("x"))
	link := map[string][]byte{
		"nothing": frame, "IPv6": wrap.Ethernet(v6), "SNAP": wrap.SNAP(v4),
		"802.1Q": wrap.VLAN(frame, 5), "802.1ad": wrap.QinQ(frame, 5, 6), "MPLS": wrap.MPLS(frame, 5, 6),
		"MPLS pseudowire": wrap.MPLSEthernet(frame, 5), "PPPoE": wrap.PPPoE(frame, 5), "PBB": wrap.PBB(frame, 5),
		"Cisco metadata": wrap.CiscoMeta(frame, 5), "VN-Tag": wrap.VNTag(frame, 5), "802.1BR": wrap.ETag(frame, 5),
		"FabricPath": wrap.FabricPath(frame), "TRILL": wrap.TRILL(frame), "ISL": wrap.ISL(frame, 5), "MACsec": wrap.MACsec(frame),
		"TTag": wrap.TTag(frame), "Arista": wrap.Arista(frame), "802.1CB": wrap.RTag(frame), "HSR": wrap.HSR(frame),
		"NSH in Ethernet": wrap.NSH(frame, 5),
		"AH":              inIP(51, hex("06040000 00000001 00000001 000000000000000000000000"), v4[20:]),
	}
	for name, data := range link {
		if p, r, s := believed(nobody, data); r != decode.Segment || p.Word != decode.LinkWord || len(s.Disbelieved()) != 0 {
			t.Errorf("%s: %v, word %d", name, r, p.Word)
		}
	}
	e := outer4
	tunnels := map[string][]byte{
		"IP in IP": wrap.IPIP(e, v4), "6in4": wrap.IPIP(e, v6), "GRE": wrap.GRE(e, v4), "GRE bridging": wrap.GREBridge(e, frame),
		"NVGRE": wrap.NVGRE(e, 5, frame), "ERSPAN I": wrap.ERSPAN1(e, frame), "ERSPAN II": wrap.ERSPAN2(e, 5, frame),
		"ERSPAN III": wrap.ERSPAN3(e, 5, frame), "PPTP": wrap.PPTP(e, 5, v4), "L2TP": wrap.L2TP(e, 5, v4),
		"Teredo": wrap.Teredo(e, teredoTCP("x")), "VXLAN": wrap.VXLAN(e, 5, frame), "VXLAN-GPE": wrap.VXLANGPE(e, 5, v4),
		"NSH in VXLAN-GPE": wrap.VXLANNSH(e, 5, 6, v4), "GENEVE": wrap.GENEVE(e, 5, frame), "GENEVE of IP": wrap.GENEVEIP(e, 5, v4),
		"GTP-U": wrap.GTPU(e, 5, v4), "LISP": wrap.LISP(e, 5, v4), "LISP-GPE": wrap.LISPGPE(e, 5, frame),
		"TZSP": wrap.TZSP(e, frame), "HP ERM": wrap.HPERM(e, frame), "Juniper mirroring": wrap.JMirror(e, 5, v4),
		"CAPWAP": wrap.CAPWAP(e, frame), "MPLS in UDP": wrap.MPLSInUDP(e, v4, 5), "GRE in UDP": wrap.GREInUDP(e, 5, v4),
		"GUE": wrap.GUE(e, v4), "EtherIP": wrap.EtherIP(e, frame), "EoIP": wrap.EoIP(e, 5, frame),
		"VXLAN of VXLAN":                   wrap.VXLAN(e, 5, wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: addr4a.Addr(), Dst: addr4b.Addr()}, 6, frame))),
		"MPLS in IP":                       inIP(137, hex("00010140"), v4)[14:],
		"NSH in IP":                        inIP(145, hex("0fc20201000001ff"), v4)[14:],
		"L2TPv3 in IP":                     inIP(115, hex("00000003 00000000"), frame)[14:],
		"Teredo between clients":           inUDP(40000, 40001, teredoTCP("x"))[14:],
		"VXLAN of a VLAN and an MPLS tags": wrap.VXLAN(e, 5, wrap.VLAN(wrap.MPLS(frame, 7), 5)),
	}
	for name, packet := range tunnels {
		for _, data := range [][]byte{wrap.Ethernet(packet), wrap.VLAN(wrap.Ethernet(packet), 5), wrap.MPLS(wrap.Ethernet(packet), 5)} {
			_, r, s := believed(nobody, data)
			if want := (decode.SenderCount{Addr: e.Src, Count: 1}); r != decode.Disbelieved || !slices.Equal(s.Disbelieved(), []decode.SenderCount{want}) {
				t.Errorf("%s: %v, counted %v", name, r, s.Disbelieved())
			}
			if p, r, _ := believed(decode.Trust{}, data); r != decode.Segment || p.Word != decode.SenderWord || p.Sender.Netip(p.SenderV6) != e.Src {
				t.Errorf("%s, all believed: %v, word %d of %v", name, r, p.Word, p.Sender.Netip(p.SenderV6))
			}
		}
	}
}

// The sender of a tunnel is the source of the packet that carries it. Of nested tunnels
// each one's sender has to be believed.
func TestTrustOfSenders(t *testing.T) {
	frame := wrap.Ethernet(tcp4("x"))
	v4, v6 := wrap.Ethernet(wrap.VXLAN(outer4, 7, frame)), wrap.Ethernet(wrap.VXLAN(outer6, 7, frame))
	// The same bytes as 192.0.2.1 in an Addr, in an IPv6 header.
	mapped := wrap.Ethernet(wrap.VXLAN(outer6, 7, frame))
	copy(mapped[14+8:], "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01")
	nested := wrap.Ethernet(wrap.GRE(outer6, wrap.VXLAN(outer4, 7, frame)))
	for _, tt := range []struct {
		name  string
		trust decode.Trust
		frame []byte
		want  decode.Result
	}{
		{"the address", from("192.0.2.1/32"), v4, decode.Segment},
		{"its prefix", from("192.0.2.0/24"), v4, decode.Segment},
		{"all of IPv4", from("0.0.0.0/0"), v4, decode.Segment},
		{"all of IPv4, IPv6", from("0.0.0.0/0"), v6, decode.Disbelieved},
		{"all of IPv6, IPv4", from("::/0"), v4, decode.Disbelieved},
		{"another address", from("192.0.2.3/32"), v4, decode.Disbelieved},
		{"the tunnel's destination", from("192.0.2.2/32"), v4, decode.Disbelieved},
		{"the addresses inside", from("10.0.0.5/32", "52.94.1.2/32"), v4, decode.Disbelieved},
		{"one of several", from("10.0.0.0/8", "192.0.2.0/31"), v4, decode.Segment},
		{"an IPv6 address", from("2001:db8:1::1/128"), v6, decode.Segment},
		{"an IPv6 prefix", from("2001:db8:1::/48"), v6, decode.Segment},
		{"half of an IPv6 address", from("2001:db8:1::/65"), v6, decode.Segment},
		{"another IPv6 prefix", from("2001:db8:2::/48"), v6, decode.Disbelieved},
		{"IPv4 in the form of IPv6", from("192.0.2.1/32"), mapped, decode.Disbelieved},
		{"nested, both", from("2001:db8:1::1/128", "192.0.2.1/32"), nested, decode.Segment},
		{"nested, the outer", from("2001:db8:1::1/128"), nested, decode.Disbelieved},
		{"nested, the inner", from("192.0.2.1/32"), nested, decode.Disbelieved},
	} {
		if _, r, _ := believed(tt.trust, tt.frame); r != tt.want {
			t.Errorf("%s: %v", tt.name, r)
		}
	}
}

// A sender that is believed about its own packets is one of their ends.
func TestOwnWord(t *testing.T) {
	client, server := addr4a.Addr(), addr4b.Addr()
	told := func(sender netip.Addr, inner []byte) []byte {
		return wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: sender, Dst: outer4.Dst}, 7, wrap.Ethernet(inner)))
	}
	between := wrap.UDP(addr4a, addr4b, []byte("datagram"))
	tagged := wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: client, Dst: outer4.Dst}, 7, wrap.VLAN(wrap.MPLS(wrap.Ethernet(tcp4("x")), 7), 5)))
	mapped := tcp6("x") // whose source is that of outer4, byte by byte
	copy(mapped[8:], "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01")
	for _, tt := range []struct {
		name  string
		frame []byte
		want  decode.Result
		word  decode.Word
	}{
		{"by its source", told(client, tcp4("x")), decode.Segment, decode.SourceWord},
		{"by its destination", told(server, tcp4("x")), decode.Segment, decode.DestinationWord},
		{"by a stranger", told(outer4.Src, tcp4("x")), decode.Disbelieved, 0},
		{"by its source, with tags of its link", tagged, decode.Segment, decode.SourceWord},
		{"a datagram by its source", told(client, between), decode.Datagram, decode.SourceWord},
		{"a datagram by a stranger", told(outer4.Src, between), decode.Disbelieved, 0},
		{"in a tunnel in the stranger's", told(outer4.Src, wrap.IPIP(wrap.Ends{Src: client, Dst: server}, tcp4("x"))), decode.Disbelieved, 0},
		{"in a tunnel to itself, which its mirror repeats", told(client, wrap.IPIP(wrap.Ends{Src: outer4.Src, Dst: client}, tcp4("x"))), decode.Disbelieved, 0},
		{"in a tunnel in its own", told(client, wrap.IPIP(wrap.Ends{Src: client, Dst: server}, tcp4("x"))), decode.Disbelieved, 0},
		{"of IPv6 that looks like its IPv4", told(outer4.Src, mapped), decode.Disbelieved, 0},
	} {
		p, r, _ := believed(own, tt.frame)
		if r != tt.want || r != decode.Disbelieved && p.Word != tt.word {
			t.Errorf("%s: %v, word %d", tt.name, r, p.Word)
		}
	}
	both := own
	both.From = []netip.Prefix{netip.PrefixFrom(outer4.Src, 32)}
	if p, r, _ := believed(both, told(outer4.Src, tcp4("x"))); r != decode.Segment || p.Word != decode.SenderWord {
		t.Errorf("believed about everything: %v, word %d", r, p.Word)
	}
	// Mirrors in the tunnel of a gateway load balancer.
	behind := func(sender netip.Addr) []byte {
		return wrap.Ethernet(wrap.GENEVEIP(outer4, 0, told(sender, tcp4("x"))[14:]))
	}
	if p, r, _ := believed(both, behind(client)); r != decode.Segment || p.Word != decode.SourceWord || p.Sender.Netip(p.SenderV6) != client {
		t.Errorf("behind one that is believed: %v, word %d of %v", r, p.Word, p.Sender.Netip(p.SenderV6))
	}
	stranger := netip.MustParseAddr("198.51.100.9")
	_, r, s := believed(both, behind(stranger))
	if want := []decode.SenderCount{{Addr: stranger, Count: 1}}; r != decode.Disbelieved || !slices.Equal(s.Disbelieved(), want) {
		t.Errorf("a stranger behind one that is believed: %v, counted %v", r, s.Disbelieved())
	}
	if p, r, _ := believed(decode.Trust{}, behind(stranger)); r != decode.Segment || p.Sender.Netip(p.SenderV6) != outer4.Src {
		t.Errorf("all believed: %v, the sender is %v", r, p.Sender.Netip(p.SenderV6))
	}
}

// Fragments outside a tunnel and inside, in any order: those that are not believed are
// neither held nor joined, and those of one end are not joined with the other's.
func TestTrustOfFragments(t *testing.T) {
	long := string(make([]byte, 2000))
	client, server := addr4a.Addr(), addr4b.Addr()
	tunnel := func(sender netip.Addr, packet []byte) []byte {
		return wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: sender, Dst: outer4.Dst}, 7, wrap.Ethernet(packet)))
	}
	outside := func(sender netip.Addr) (frames [][]byte) {
		for _, f := range wrap.Fragments(tunnel(sender, tcp4(long))[14:], 1000, 1) {
			frames = append(frames, wrap.Ethernet(f))
		}
		return frames
	}
	inside := func(senders ...netip.Addr) (frames [][]byte) {
		for i, f := range wrap.Fragments(tcp4(long), 1000, 1) {
			frames = append(frames, tunnel(senders[min(i, len(senders)-1)], f))
		}
		return frames
	}
	for _, tt := range []struct {
		name  string
		trust decode.Trust
		list  [][]byte
		want  decode.Result
		count uint64
	}{
		{"outside, all believed", decode.Trust{}, outside(outer4.Src), decode.Segment, 0},
		{"outside, nobody", nobody, outside(outer4.Src), decode.Disbelieved, 1},
		{"outside, its own", own, outside(client), decode.Segment, 0},
		{"outside, a stranger", own, outside(outer4.Src), decode.Disbelieved, 1},
		{"inside, all believed", decode.Trust{}, inside(client, outer4.Src), decode.Segment, 0},
		{"inside, nobody", nobody, inside(outer4.Src), decode.Disbelieved, 3},
		{"inside, its own", own, inside(client), decode.Segment, 0},
		{"inside, the destination's", own, inside(server), decode.Segment, 0},
		{"inside, a stranger", own, inside(outer4.Src), decode.Disbelieved, 3},
		{"inside, the rest by a stranger", own, inside(client, outer4.Src), decode.Disbelieved, 2},
		{"inside, the rest by the other end", own, inside(client, server), decode.Foreign, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, backwards := range []bool{false, true} {
				list := slices.Clone(tt.list)
				if backwards {
					slices.Reverse(list)
				}
				p, r, s := believed(tt.trust, list...)
				if backwards && tt.want == decode.Disbelieved {
					r = tt.want // where the believed one came last
				}
				if r != tt.want || s.Results[decode.Disbelieved] != tt.count {
					t.Errorf("%v, %d not believed", r, s.Results[decode.Disbelieved])
				}
				if r == decode.Segment && string(p.Payload) != long {
					t.Errorf("%d bytes", len(p.Payload))
				}
				if tt.count == 3 && s.Fragments.Received != 0 {
					t.Errorf("%d fragments were taken", s.Fragments.Received)
				}
			}
		})
	}
}

// A flood from forged senders takes bounded memory, and all its packets are counted.
func TestDisbelievedIsBounded(t *testing.T) {
	d := decode.New(decode.Options{Trust: nobody})
	var p decode.Packet
	data := wrap.Ethernet(wrap.VXLAN(outer4, 7, wrap.Ethernet(tcp4("x"))))
	const flood = 5000
	for i := range flood {
		for range 1 + i%3 {
			binary.BigEndian.PutUint32(data[14+12:], uint32(i))
			f := ethernet(data)
			d.Decode(&f, &p)
		}
	}
	s := d.Stats()
	if n := s.Results[decode.Disbelieved]; n < flood || decode.SendersHeld(d) != 1024 {
		t.Errorf("%d counted, of %d senders", n, decode.SendersHeld(d))
	}
	list := s.Disbelieved()
	if len(list) != 16 || list[0] != (decode.SenderCount{Addr: netip.AddrFrom4([4]byte{0, 0, 0, 2}), Count: 3}) {
		t.Errorf("%v", list)
	}
	if s != d.Stats() {
		t.Error("the list changes from one look to the next")
	}
}

// FuzzTrust decodes a frame when nobody is believed, when the senders of a prefix are, and
// when each sender is about its own packets, and compares with the result when everybody
// is believed.
func FuzzTrust(f *testing.F) {
	for _, data := range slices.Concat(wrappedFrames(), trailedFrames()) {
		f.Add(data, uint8(24))
	}
	f.Fuzz(func(t *testing.T, data []byte, bits uint8) {
		all, want, _ := believed(decode.Trust{}, data)
		some := from(fmt.Sprintf("192.0.2.0/%d", bits%33))
		for _, trust := range []decode.Trust{nobody, own, some} {
			d := decode.New(decode.Options{Trust: trust})
			var p decode.Packet
			frame := frameOf(capture.LinkEthernet, slices.Clip(slices.Clone(data)))
			r := d.Decode(&frame, &p)
			if r == decode.Disbelieved {
				if s := d.Stats(); len(s.Disbelieved()) != 1 || s.Disbelieved()[0].Count != 1 {
					t.Errorf("counted %v", s.Disbelieved())
				}
				if want == decode.Segment && all.Word == decode.LinkWord {
					t.Errorf("%+v is not believed", all)
				}
				continue
			}
			if r != decode.Segment && r != decode.Datagram {
				continue
			}
			if r != want {
				t.Fatalf("%v, with all believed %v", r, want)
			}
			checkWord(t, trust, &p)
			same := all
			same.Word = p.Word
			if !equal(&p, &same) {
				t.Errorf("%+v\nwith all believed %+v", p, all)
			}
		}
	})
}

func checkWord(t *testing.T, trust decode.Trust, p *decode.Packet) {
	sender, src, dst := p.Sender.Netip(p.SenderV6), p.Src.Netip(p.V6), p.Dst.Netip(p.V6)
	ok := true
	switch p.Word {
	case decode.SenderWord:
		ok = slices.ContainsFunc(trust.From, func(x netip.Prefix) bool { return x.Contains(sender) })
	case decode.SourceWord:
		ok = trust.Own && sender == src
	case decode.DestinationWord:
		ok = trust.Own && sender == dst
	}
	if !ok {
		t.Errorf("%+v, of %v from %v to %v, word %d", trust, sender, src, dst, p.Word)
	}
}
