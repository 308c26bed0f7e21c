package decode_test

import (
	"encoding/binary"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// changed returns the frame of a packet, changed at an offset into the packet.
func changed(packet []byte, at int, to ...byte) []byte {
	frame := wrap.Ethernet(packet)
	copy(frame[14+at:], to)
	return frame
}

// withOptions puts IPv4 options (a multiple of four bytes) into a packet.
func withOptions(packet, options []byte) []byte {
	b := join(packet[:20], options, packet[20:])
	b[0] += byte(len(options) / 4)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// withExtensions puts IPv6 extension headers into a packet. The last must have TCP as its
// next header.
func withExtensions(packet []byte, first byte, headers ...[]byte) []byte {
	h := join(headers...)
	b := join(packet[:40], h, packet[40:])
	b[6] = first
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return b
}

func TestIPHeaders(t *testing.T) {
	const hello = "hello"
	v4, v6 := tcp4(hello), tcp6(hello)
	options := wrap.TCP(wrap.Segment{
		Src: addr4a, Dst: addr4b, Seq: seq, Ack: ack, Flags: flags, Options: hex("0101080a0000000100000002"),
	}, []byte(hello))
	tests := []struct {
		name  string
		frame []byte
	}{
		{"IPv4 options", wrap.Ethernet(withOptions(v4, hex("94040000")))},
		{"TCP options", wrap.Ethernet(options)},
		{"wrong header checksum", changed(v4, 10, 0, 0)},
		{"wrong TCP checksum", changed(v4, 36, 0, 0)},
		{"IPv4 total length left to the card", changed(v4, 2, 0, 0)},
		{"IPv6 payload length left to the card", changed(v6, 4, 0, 0)},
		{"padded", append(wrap.Ethernet(v4), 0, 0, 0, 0, 0, 0)},
		{"padded IPv6", append(wrap.Ethernet(v6), 0, 0, 0, 0, 0, 0)},
		{"padded SNAP", append(wrap.SNAP(v4), 0, 0, 0, 0, 0, 0)},
		{"total length beyond the wire", changed(v4, 2, 0xff, 0xff)},
		{"IPv6 payload length beyond the wire", changed(v6, 4, 0xff, 0xff)},
		{"don't fragment, and the evil bit", changed(v4, 6, 0xc0)},
		{"hop-by-hop", wrap.Ethernet(withExtensions(v6, 0, hex("0600010400000000")))},
		{"hop-by-hop, routing, destination", wrap.Ethernet(withExtensions(v6, 0,
			hex("2b00010400000000"), hex("3c02040100000000"), make([]byte, 16), hex("0600010400000000")))},
		{"IPv6 AH", wrap.Ethernet(withExtensions(v6, 51, hex("06040000 00000001 00000001"), make([]byte, 12)))},
		{"mobility, HIP, shim6", wrap.Ethernet(withExtensions(v6, 135,
			hex("8b00000000000000"), hex("8c00000000000000"), hex("0600000000000000")))},
		{"ten destination options", wrap.Ethernet(withExtensions(v6, 60, destinationOptions(10)...))},
		{"64 destination options", wrap.Ethernet(withExtensions(v6, 60, destinationOptions(64)...))},
		{"atomic fragment", wrap.Ethernet(withExtensions(v6, 44, hex("0600000001020304")))},
		{"jumbogram", wrap.Ethernet(changed(withExtensions(v6, 0, hex("0600c20400000000")), 4, 0, 0)[14:])},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, r := decodeOne(ethernet(tt.frame))
			if p.V6 {
				wantSegment(t, &p, r, addr6a, addr6b, hello)
			} else {
				wantSegment(t, &p, r, addr4a, addr4b, hello)
			}
			if p.Anomalies != 0 {
				t.Errorf("anomalies %b", p.Anomalies)
			}
		})
	}
}

// destinationOptions is a chain of n destination options headers before TCP.
func destinationOptions(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = hex("3c00010400000000")
	}
	list[n-1] = hex("0600010400000000")
	return list
}

func TestNotSegments(t *testing.T) {
	v4, v6 := tcp4("x"), tcp6("x")
	udp := wrap.UDP(addr4a, addr4b, []byte("x"))
	tests := []struct {
		name  string
		frame []byte
		want  decode.Result
	}{
		{"IPv4 version 5", changed(v4, 0, 0x55), decode.Malformed},
		{"IPv4 header of 16 bytes", changed(v4, 0, 0x44), decode.Malformed},
		{"IPv4 options past the end", changed(v4, 0, 0x4f), decode.Malformed},
		{"IPv4 total length below the header", changed(v4, 2, 0, 19), decode.Malformed},
		{"IPv4 total length below the options", changed(withOptions(v4, hex("94040000")), 2, 0, 20), decode.Malformed},
		{"IPv6 version 5", changed(v6, 0, 0x50), decode.Malformed},
		{"IPv6 payload shorter than TCP", changed(v6, 4, 0, 19), decode.Malformed},
		{"extension header past the end", wrap.Ethernet(withExtensions(v6, 0, hex("06ff010400000000"))), decode.Malformed},
		{"65 extension headers", wrap.Ethernet(withExtensions(v6, 60, destinationOptions(65)...)), decode.Foreign},
		{"extension headers are IPv6's alone", changed(v4, 9, 60), decode.Foreign},
		{"ESP", changed(v4, 9, 50), decode.Foreign},
		{"no next header", changed(v6, 6, 59), decode.Foreign},
		{"SCTP", changed(v4, 9, 132), decode.Foreign},
		{"TCP data offset of 16", changed(v4, 32, 0x40), decode.Malformed},
		{"TCP data offset past the end", changed(v4, 32, 0xf0), decode.Malformed},
		{"UDP length of 7", changed(udp, 24, 0, 7), decode.Malformed},
		{"TCP quoted in an ICMP error", wrap.Ethernet(icmpError(v4)), decode.Foreign},
		{"TCP quoted in an ICMPv6 error", wrap.Ethernet(icmp6Error(v6)), decode.Foreign},
		{"GRE version 2", inIP(47, hex("00020800"), v4), decode.Foreign},
		{"GRE cut in its key", inIP(47, hex("20000800 0000")), decode.Malformed},
		{"GRE routing without end", inIP(47, hex("40000800 00000000 080000ff")), decode.Malformed},
		{"PPTP without a key", inIP(47, hex("1001880b 00000001")), decode.Malformed},
		{"PPTP without a payload", inIP(47, hex("2001880b 00000001")), decode.Foreign},
		{"ERSPAN II of version 2", inIP(47, hex("100088be 00000001 20000000 00000000"), wrap.Ethernet(v4)), decode.Malformed},
		{"ERSPAN III of InfiniBand", inIP(47, hex("100022eb 00000001 20000000 00000000 00000400"), v4), decode.Foreign},
		{"L2TPv3 control", inIP(115, hex("00000000 c8030000")), decode.Foreign},
		{"MPLS without a bottom", hex("020000000001 020000000002 8847 00010040"), decode.Malformed},
		{"MPLS of something else", join(hex("020000000001 020000000002 8847 00010140"), make([]byte, 60)), decode.Foreign},
		{"MPLS stack of 17", join(hex("020000000001 020000000002 8847"), make([]byte, 17*4), v4), decode.Foreign},
		{"Cisco metadata version 2", join(hex("020000000001 020000000002 8909 0201 0001 000f 0800"), v4), decode.Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p, r := decodeOne(ethernet(tt.frame)); r != tt.want {
				t.Errorf("result %v, want %v (layers %q)", r, tt.want, layers(&p))
			}
		})
	}
}

func icmpError(quoted []byte) []byte {
	b := wrap.IPIP(outer4, join(hex("4500000000000000"), quoted))
	b[9], b[20], b[21] = 1, 3, 1
	return b
}

func icmp6Error(quoted []byte) []byte {
	b := wrap.IPIP(outer6, join(hex("6000000000000000"), quoted))
	b[6], b[40], b[41] = 58, 1, 0
	return b
}

// Bytes that the snapshot length cut are counted, through tunnels too. Bytes that only a
// length field claims are not.
func TestMissing(t *testing.T) {
	hello := "0123456789"
	tests := []struct {
		name  string
		frame []byte
	}{
		{"IPv4", wrap.Ethernet(tcp4(hello))},
		{"IPv6", wrap.Ethernet(tcp6(hello))},
		{"VLAN", wrap.VLAN(wrap.Ethernet(tcp4(hello)), 5)},
		{"UDP", wrap.Ethernet(wrap.UDP(addr4a, addr4b, []byte(hello)))},
		{"VXLAN", wrap.Ethernet(wrap.VXLAN(outer4, 7, wrap.Ethernet(tcp4(hello))))},
		{"GTP-U in MPLS", wrap.MPLS(wrap.Ethernet(wrap.GTPU(outer6, 7, tcp4(hello))), 9)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(hello) + 1 {
				f := ethernet(tt.frame[:len(tt.frame)-cut])
				f.Length = len(tt.frame)
				p, r := decodeOne(f)
				if r != decode.Segment && r != decode.Datagram {
					t.Fatalf("cut by %d: %v", cut, r)
				}
				if string(p.Payload) != hello[:len(hello)-cut] || p.Missing != cut {
					t.Errorf("cut by %d: %q and %d missing", cut, p.Payload, p.Missing)
				}
			}
		})
	}
}

// A snapshot length that ends in the TCP options still shows flags and
// sequence number.
func TestMissingOptions(t *testing.T) {
	s := wrap.Segment{Src: addr4a, Dst: addr4b, Seq: seq, Ack: ack, Flags: flags, Options: make([]byte, 12)}
	whole := wrap.Ethernet(wrap.TCP(s, []byte("0123456789")))
	f := ethernet(whole[:14+20+20+4])
	f.Length = len(whole)
	p, r := decodeOne(f)
	if r != decode.Segment || p.Seq != seq || len(p.Payload) != 0 || p.Missing != 10 {
		t.Errorf("result %v, %d bytes and %d missing", r, len(p.Payload), p.Missing)
	}
}

func TestDatagram(t *testing.T) {
	p, r := decodeOne(frameOf(capture.LinkRaw, wrap.UDP(addr6a, addr6b, []byte("query"))))
	if r != decode.Datagram || p.Proto != decode.UDP || !p.V6 || string(p.Payload) != "query" {
		t.Fatalf("result %v, payload %q", r, p.Payload)
	}
	if p.SrcPort != addr6a.Port() || p.DstPort != addr6b.Port() || p.Src.Netip(true) != addr6a.Addr() {
		t.Errorf("from %v:%d to port %d", p.Src, p.SrcPort, p.DstPort)
	}
}

// A packet holds nothing of the frame before.
func TestPacketIsOverwritten(t *testing.T) {
	d := decode.New(decode.Options{})
	var p decode.Packet
	push := func(frame []byte) decode.Result {
		f := ethernet(frame)
		return d.Decode(&f, &p)
	}
	var r decode.Result
	for _, tiny := range wrap.Fragments(tcp6("first"), 56, 1) {
		r = push(wrap.Ethernet(wrap.VXLAN(outer6, 7, wrap.VLAN(wrap.Ethernet(tiny), 8))))
	}
	if r != decode.Segment || p.Anomalies == 0 || p.NumLayers != 2 || !p.V6 {
		t.Fatalf("result %v, anomalies %b", r, p.Anomalies)
	}
	push(wrap.Ethernet(tcp4("second")))
	fresh, _ := decodeOne(ethernet(wrap.Ethernet(tcp4("second"))))
	if !equal(&p, &fresh) {
		t.Errorf("%+v\nwant\n%+v", p, fresh)
	}
}

// A broken file may give a frame any length on the wire.
func TestMissingIsBounded(t *testing.T) {
	f := frameOf(capture.LinkRaw, changed(tcp4("x"), 2, 0, 0)[14:])
	f.Length = 1 << 30
	if p, r := decodeOne(f); r != decode.Segment || p.Missing == 0 || p.Missing > 1<<20 {
		t.Errorf("result %v, %d missing", r, p.Missing)
	}
}
