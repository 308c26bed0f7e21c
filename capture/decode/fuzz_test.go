package decode_test

import (
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/testing/wrap"
)

// addSeeds adds a frame of every link type and of every encapsulation, and
// datagrams in fragments.
func addSeeds(f *testing.F) {
	ethernet := uint16(capture.LinkEthernet)
	for _, l := range linkFrames("hello") {
		f.Add(uint16(l.link), uint16(0), l.frame, []byte{})
	}
	f.Add(ethernet, uint16(0), tcp4("hello"), tcp6("hello"))
	for _, data := range slices.Concat(wrappedFrames(), trailedFrames()) {
		f.Add(ethernet, uint16(0), data, []byte{})
		f.Add(ethernet, uint16(len(data)/2), data, data)
	}
	for _, packet := range [][]byte{tcp4(text), tcp6(text), wrap.VXLAN(outer4, 7, wrap.Ethernet(tcp4(text)))} {
		list := wrap.Fragments(packet, len(packet)/2+60, 1)
		f.Add(uint16(capture.LinkRaw), uint16(0), list[0], list[1])
		f.Add(uint16(capture.LinkRaw), uint16(0), list[1], list[0])
	}
}

// wrappedFrames is the same segment in every encapsulation.
func wrappedFrames() [][]byte {
	v4, v6, frame := tcp4("x"), tcp6("x"), wrap.Ethernet(tcp4("x"))
	frames := [][]byte{
		frame, wrap.Ethernet(v6), wrap.SNAP(v4), wrap.VLAN(frame, 5), wrap.QinQ(frame, 5, 6), arp(),
		wrap.CiscoMeta(frame, 15), wrap.MPLS(frame, 1, 2), wrap.MPLSEthernet(frame, 1), wrap.PPPoE(frame, 7), wrap.PBB(frame, 7),
		inUDP(9, 4790, hex("0c00000100004d00"), v4), inUDP(9, 1701, hex("00030000 00000003"), frame),
		inIP(115, hex("00000003 00000000"), frame), inIP(137, hex("00010140"), v4),
		inIP(47, hex("f0000800 00000000 00000005 00000001 08000004 0a000001 00000000"), v4),
		inIP(51, hex("06040000 00000001 00000001 000000000000000000000000"), v4[20:]),
		wrap.Ethernet(withExtensions(v6, 0, hex("2b00010400000000"), hex("0600000000000000"))),
		deepestNest().data,
		wrap.Tag(frame, 0x9300, 5), wrap.VNTag(frame, 5), wrap.ETag(frame, 5), wrap.TTag(frame), wrap.Arista(frame),
		wrap.RTag(frame), wrap.HSR(frame), wrap.TRILL(frame), wrap.NSH(frame, 5), wrap.NSHEthernet(frame, 5),
	}
	for _, packet := range [][]byte{
		wrap.IPIP(outer4, v4), wrap.IPIP(outer6, v4), wrap.IPIP(outer4, v6), wrap.GRE(outer4, v4), wrap.GREKeyed(outer4, 1, v4),
		wrap.GREBridge(outer4, frame), wrap.NVGRE(outer4, 7, frame), wrap.ERSPAN1(outer4, frame), wrap.ERSPAN2(outer4, 7, frame),
		wrap.ERSPAN3(outer4, 7, frame), wrap.PPTP(outer4, 7, v4), wrap.L2TP(outer4, 7, v4), wrap.Teredo(outer4, teredoTCP("x")),
		wrap.VXLAN(outer4, 7, frame), wrap.GENEVE(outer4, 7, frame), wrap.GENEVEIP(outer4, 7, v6), wrap.GTPU(outer4, 7, v4),
		wrap.VXLANGPE(outer4, 7, v6), wrap.VXLANNSH(outer4, 7, 8, v4), wrap.LISP(outer4, 7, v4), wrap.LISPGPE(outer4, 7, frame),
		wrap.TZSP(outer4, frame), wrap.HPERM(outer4, frame), wrap.JMirror(outer4, 7, v4), wrap.CAPWAP(outer4, frame),
		wrap.MPLSInUDP(outer4, v4, 7, 8), wrap.GREInUDP(outer4, 7, v6), wrap.GUE(outer4, v4), wrap.EoIP(outer4, 7, frame),
		wrap.EtherIP(outer4, frame),
	} {
		frames = append(frames, wrap.Ethernet(packet))
	}
	return frames
}

// trailedFrames is the same for encapsulations that put bytes after the frame.
func trailedFrames() [][]byte {
	frame := wrap.Ethernet(tcp4("x"))
	return [][]byte{wrap.MACsec(frame), wrap.FabricPath(frame), wrap.ISL(frame, 5)}
}

// FuzzDecode decodes two frames of a link type, and the first again. Each lacks cut bytes
// of its length on the wire.
func FuzzDecode(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, link, cut uint16, first, second []byte) {
		d := decode.New(decode.Options{VXLANPorts: []uint16{5000}})
		for i, data := range [][]byte{first, second, first} {
			frame := frameOf(capture.LinkType(link), slices.Clip(slices.Clone(data)))
			frame.Length += int(cut)
			frame.Time += int64(i) * 20e9
			var p decode.Packet
			r := d.Decode(&frame, &p)
			checkPacket(t, &frame, &p, r)
			checkStats(t, d.Stats())
			checkGeneral(t, &frame, &p, r)
		}
	})
}

func checkPacket(t *testing.T, f *capture.Frame, p *decode.Packet, r decode.Result) {
	if int(p.NumLayers) > len(p.Layers) {
		t.Fatalf("%d layers", p.NumLayers)
	}
	if _, empty := decodeOne(frameOf(f.Link, nil)); (r == decode.UnknownLink) != (empty == decode.UnknownLink) {
		t.Errorf("%v for %v, and %v for an empty frame", r, f.Link, empty)
	}
	if r != decode.Segment && r != decode.Datagram {
		if p.Anomalies != 0 && (p.Proto != decode.TCP || len(p.Payload)+p.Missing != 0) {
			t.Errorf("%v with anomalies %b, %d bytes of payload, protocol %d", r, p.Anomalies, len(p.Payload), p.Proto)
		}
		return
	}
	if len(p.Payload) > max(len(f.Data), 65535) || p.Missing < 0 {
		t.Errorf("%d bytes of payload and %d missing", len(p.Payload), p.Missing)
	}
	if (r == decode.Segment) != (p.Proto == decode.TCP) || (r == decode.Datagram) != (p.Proto == decode.UDP) {
		t.Errorf("%v of protocol %d", r, p.Proto)
	}
	for _, l := range p.Layers[:p.NumLayers] {
		if l.Kind == 0 || int(l.Kind) >= encap.NumKinds || l.String() == "" {
			t.Errorf("layer %+v", l)
		}
	}
}

func checkStats(t *testing.T, s decode.Stats) {
	f := s.Fragments
	for i, u := range s.Unread() {
		if u.Count == 0 || int(u.Kind) >= decode.NumUnreadKinds || i > 0 && u.Count > s.Unread()[i-1].Count {
			t.Errorf("%+v", s.Unread())
		}
	}
	if f.Held < 0 || f.Held > maxDatagrams || f.HeldBytes < 0 || f.HeldBytes > maxHeldBytes {
		t.Errorf("%+v", f)
	}
}

// checkGeneral decodes the frame without plain, which must give the same result. It uses a
// new decoder, which holds no fragments, so frames with fragments are not compared.
func checkGeneral(t *testing.T, f *capture.Frame, p *decode.Packet, r decode.Result) {
	d := decode.New(decode.Options{VXLANPorts: []uint16{5000}})
	var q decode.Packet
	q.Time, q.Source = f.Time, f.Source
	want := decode.General(d, f, &q)
	if d.Stats().Fragments.Received != 0 {
		return
	}
	if r != want || (r == decode.Segment || r == decode.Datagram) && !equal(p, &q) {
		t.Errorf("%v %+v\nin general %v %+v", r, p, want, q)
	}
}
