package live

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

// expressions use every part of the language that has instructions of its own.
var expressions = []string{
	"tcp", "udp port 53", "tcp port 443 and not host 10.1.2.3", "src net 10.0.0.0/8 or dst net 192.168.0.0/16",
	"ip6", "ip6 host 2001:db8::1", "vlan", "vlan 12 and tcp", "vlan and vlan and ip", "mpls", "mpls and ip", "pppoes and ip",
	"len > 100", "greater 80", "less 80", "len = 60", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"tcp[((tcp[12] & 0xf0) >> 2)] = 0x16", "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
	"ip[2:2] - ((ip[0] & 15) << 2) > 200", "ether[0] & 1 = 0", "ether proto 0x88cc", "ether broadcast", "ether multicast",
	"icmp[icmptype] = icmp-echo", "ip proto 47", "ip protochain 6", "ip6 protochain 6", "portrange 1000-5000",
	"ip[6:2] & 0x1fff != 0", "ip[8] * 2 > 100", "ip[8] / 3 < 20", "ip[8] % 7 = 1", "ip[8] ^ 0xff > 190", "1 / ip[8] = 0",
	"ip[ip[0] & 15] > 3", "ether[100000] = 1", "-ip[8] < 0", "ip[8] << 4 > ip[9]", "ip[8] << ip[9] = 0", "ip[8] >> ip[9] = 0", "len / (len - 60) = 1", "arp", "sctp", "geneve", "geneve 5 and tcp",
	"ip and (tcp[2:2] > tcp[0:2])", "ip[12:4] >= ip[16:4]", "ip[8] & ip[9] != 0", "ip[12:4] = ip[16:4]",
}

// TestProgramAgainstLibpcap compares every verdict with that of libpcap's own
// interpreter.
func TestProgramAgainstLibpcap(t *testing.T) {
	frames := append(randomFrames(), corpusFrames(t)...)
	matched := 0
	for _, expression := range expressions {
		ours, err := compile(expression, capture.LinkEthernet, DefaultSnaplen)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		theirs, err := pcap.NewBPF(layers.LinkTypeEthernet, DefaultSnaplen, expression)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			info := gopacket.CaptureInfo{CaptureLength: len(f.Data), Length: f.Length}
			want := theirs.Matches(info, f.Data)
			if got := ours.Matches(f.Data, f.Length); got != want {
				t.Fatalf("%q: %v for %x of length %d, libpcap says %v", expression, got, f.Data, f.Length, want)
			}
			if want {
				matched++
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d frames matched anything: the frames are no test", matched)
	}
}

// randomFrames are headers that make sense with what follows at random, cut
// anywhere. None is empty: gopacket's matcher panics for those.
func randomFrames() []capture.Frame {
	r := rand.New(rand.NewPCG(1, 2))
	var frames []capture.Frame
	for range 3000 {
		data := make([]byte, 14, 200)
		for i := range 12 {
			data[i] = byte(r.UintN(256) * (r.UintN(2)))
		}
		data = append(data[:12], randomPayload(r)...)
		data = data[:1+r.IntN(len(data))]
		frames = append(frames, capture.Frame{Data: data, Length: len(data) + r.IntN(2)*r.IntN(200)})
	}
	return frames
}

func randomPayload(r *rand.Rand) []byte {
	var b []byte
	for range r.IntN(3) {
		tag := []uint16{0x8100, 0x88a8, 0x9100}[r.IntN(3)]
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, uint16(r.IntN(16)))
	}
	kinds := []uint16{0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8847, 0x8864, 0x88cc}
	b = binary.BigEndian.AppendUint16(b, kinds[r.IntN(len(kinds))])
	first := []byte{0x45, 0x46, 0x4f, 0x60, 0x40, 0}
	rest := make([]byte, 100)
	for i := range rest {
		a, b := byte(r.UintN(256)), byte(r.UintN(256))
		rest[i] = a & b
	}
	rest[0] = first[r.IntN(len(first))]
	rest[6+r.IntN(4)] = []byte{6, 17, 1, 47, 50, 51, 0, 43, 44, 60}[r.IntN(10)]
	return append(b, rest...)
}

// TestLengthIsOnTheWire: "len" is what was sent, not what was kept of it.
func TestLengthIsOnTheWire(t *testing.T) {
	p, err := compile("len > 100", capture.LinkEthernet, DefaultSnaplen)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Matches(make([]byte, 50), 101) || p.Matches(make([]byte, 50), 100) {
		t.Error("the captured length was taken for the length on the wire")
	}
}

// TestProgramEnds: no program runs on without end, and none reads outside.
func TestProgramEnds(t *testing.T) {
	for name, p := range map[string]program{
		"nothing":               {},
		"no return":             {{Code: opLd | modeImm}},
		"a loop":                {{Code: opJmp | jmpA, K: 0xffffffff}},
		"a jump behind the end": {{Code: opJmp | jmpA, K: 77}},
		"a jump to the front":   {{Code: opJmp | jmpA, K: 0xffffff00}},
		"no such instruction":   {{Code: 0xffff}, {Code: opRet, K: 1}},
		"division by zero":      {{Code: opAlu | aluDiv}, {Code: opRet, K: 1}},
		"a load without data":   {{Code: opLd | sizeW | modeAbs, K: 0xffffffff}, {Code: opRet, K: 1}},
	} {
		if p.Matches([]byte{1, 2, 3}, 3) {
			t.Errorf("%s: matches", name)
		}
	}
}

func FuzzProgram(f *testing.F) {
	for _, expression := range expressions[:10] {
		p, err := compile(expression, capture.LinkEthernet, DefaultSnaplen)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encode(p), []byte("0123456789abcdefghijklmnopqrstuvwxyz"), 60)
	}
	f.Fuzz(func(_ *testing.T, code, data []byte, length int) {
		decode(code).Matches(data, length)
	})
}

func encode(p program) (b []byte) {
	for _, i := range p {
		b = binary.BigEndian.AppendUint16(b, i.Code)
		b = append(b, i.Jt, i.Jf)
		b = binary.BigEndian.AppendUint32(b, i.K)
	}
	return b
}

func decode(b []byte) (p program) {
	for ; len(b) >= 8; b = b[8:] {
		p = append(p, pcap.BPFInstruction{Code: binary.BigEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.BigEndian.Uint32(b[4:])})
	}
	return p
}

func TestMatchesAllocatesNothing(t *testing.T) {
	p, err := compile("tcp port 443 and not host 10.1.2.3", capture.LinkEthernet, DefaultSnaplen)
	if err != nil {
		t.Fatal(err)
	}
	var m capture.Matcher = p
	frame := tcpFrame()
	if n := testing.AllocsPerRun(1000, func() { m.Matches(frame, len(frame)) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

// tcpFrame is one to port 443 over IPv4 and Ethernet.
func tcpFrame() []byte {
	b := make([]byte, 200)
	b[12], b[14], b[23] = 8, 0x45, 6
	b[36], b[37] = 0x01, 0xbb
	return b
}

func BenchmarkMatches(b *testing.B) {
	p, err := compile("tcp port 443 and not host 10.1.2.3", capture.LinkEthernet, DefaultSnaplen)
	if err != nil {
		b.Fatal(err)
	}
	frame := tcpFrame()
	b.ReportAllocs()
	for b.Loop() {
		if !p.Matches(frame, len(frame)) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkMatchesLibpcap(b *testing.B) {
	p, err := pcap.NewBPF(layers.LinkTypeEthernet, DefaultSnaplen, "tcp port 443 and not host 10.1.2.3")
	if err != nil {
		b.Fatal(err)
	}
	frame := tcpFrame()
	b.ReportAllocs()
	for b.Loop() {
		if !p.Matches(gopacket.CaptureInfo{CaptureLength: len(frame), Length: len(frame)}, frame) {
			b.Fatal("no match")
		}
	}
}
