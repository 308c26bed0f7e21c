package decode_test

import (
	"net/netip"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

var (
	addr4a = netip.MustParseAddrPort("10.0.0.5:40312")
	addr4b = netip.MustParseAddrPort("52.94.1.2:443")
	addr6a = netip.MustParseAddrPort("[2001:db8::5]:40312")
	addr6b = netip.MustParseAddrPort("[2600:1f00::2]:443")
	// Teredo takes only packets with an address under its prefix.
	addrTeredo = netip.MustParseAddrPort("[2001:0:cb00:7101:0:fbff:34ff:8efe]:40312")

	outer4 = wrap.Ends{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2")}
	outer6 = wrap.Ends{Src: netip.MustParseAddr("2001:db8:1::1"), Dst: netip.MustParseAddr("2001:db8:1::2")}
)

// maxLayers is how many layers a packet has room for.
const maxLayers = len(decode.Packet{}.Layers)

// Bounds of package defrag, from docs/architecture.md, and how many frames in a row it
// takes to move its clock far.
const (
	maxDatagrams = 1024
	maxHeldBytes = 6 << 20
	strayFrames  = 16
)

const (
	seq, ack = 0xfedcba98, 0x01234567
	flags    = decode.PSH | decode.ACK
)

func segment(src, dst netip.AddrPort, payload string) []byte {
	return wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: seq, Ack: ack, Flags: flags}, []byte(payload))
}

func tcp4(payload string) []byte { return segment(addr4a, addr4b, payload) }

func tcp6(payload string) []byte { return segment(addr6a, addr6b, payload) }

func teredoTCP(payload string) []byte { return segment(addrTeredo, addr6b, payload) }

func ethernet(data []byte) capture.Frame { return frameOf(capture.LinkEthernet, data) }

func frameOf(link capture.LinkType, data []byte) capture.Frame {
	return capture.Frame{Time: 1e18, Data: data, Length: len(data), Link: link, Source: "test"}
}

// decodeOne decodes one frame with a new decoder.
func decodeOne(f capture.Frame) (decode.Packet, decode.Result) {
	var p decode.Packet
	r := decode.New(decode.Options{}).Decode(&f, &p)
	return p, r
}

// layers returns the layers as text, with VLANs.
func layers(p *decode.Packet) string {
	text := ""
	for i, l := range p.Layers[:p.NumLayers] {
		if i > 0 {
			text += " "
		}
		text += l.String()
	}
	return text
}

// wantSegment checks all fields of the segment that the tests wrap.
func wantSegment(t *testing.T, p *decode.Packet, r decode.Result, src, dst netip.AddrPort, payload string) {
	t.Helper()
	if r != decode.Segment || p.Proto != decode.TCP {
		t.Fatalf("result %v, protocol %d (layers %q)", r, p.Proto, layers(p))
	}
	if got := netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort); got != src {
		t.Errorf("source %v, want %v", got, src)
	}
	if got := netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort); got != dst {
		t.Errorf("destination %v, want %v", got, dst)
	}
	if p.Seq != seq || p.Ack != ack || p.Flags != flags {
		t.Errorf("seq %#x ack %#x flags %#x", p.Seq, p.Ack, p.Flags)
	}
	if string(p.Payload) != payload || p.Missing != 0 {
		t.Errorf("payload %q and %d missing, want %q", p.Payload, p.Missing, payload)
	}
	if p.V6 != src.Addr().Is6() {
		t.Errorf("V6 is %v for %v", p.V6, src)
	}
	if p.Time != 1e18 || p.Source != "test" {
		t.Errorf("time %d, source %q", p.Time, p.Source)
	}
}

// equal compares the fields of two packets that Decode documents as valid.
func equal(a, b *decode.Packet) bool {
	return a.Time == b.Time && a.Source == b.Source && a.Missing == b.Missing &&
		string(a.Payload) == string(b.Payload) && a.Src == b.Src && a.Dst == b.Dst &&
		a.SrcPort == b.SrcPort && a.DstPort == b.DstPort && a.Proto == b.Proto && a.V6 == b.V6 &&
		a.Anomalies == b.Anomalies && a.Network == b.Network && a.Word == b.Word &&
		(a.Word == decode.LinkWord || a.Sender == b.Sender && a.SenderV6 == b.SenderV6) && layers(a) == layers(b) &&
		(a.Proto != decode.TCP || a.Seq == b.Seq && a.Ack == b.Ack && a.Flags == b.Flags)
}
