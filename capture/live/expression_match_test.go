package live

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"tlsfloor/capture"
)

// expressions use every part of the language that compiles to its own instructions.
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

func mustCompile(t testing.TB, expression string) capture.Matcher {
	t.Helper()
	m, err := compile(expression, capture.LinkEthernet, maxSnaplen)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return m
}

// otherMachine returns the program for the interpreter of golang.org/x/net/bpf, which
// shares no code with libpcap's. It returns nil for jumps back and negation, which that
// interpreter does not have.
func otherMachine(t testing.TB, expression string) *bpf.VM {
	t.Helper()
	handle, err := deadHandle(capture.LinkEthernet, maxSnaplen)
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	instructions, err := handle.CompileBPFFilter(expression)
	if err != nil {
		t.Fatal(err)
	}
	var p []bpf.Instruction
	for _, i := range instructions {
		raw := bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K}.Disassemble()
		if _, unknown := raw.(bpf.NegateA); unknown {
			return nil
		}
		p = append(p, raw)
	}
	vm, err := bpf.NewVM(p)
	if err != nil {
		return nil
	}
	return vm
}

// TestMatchesAgainstAnotherMachine: libpcap gets the right frame, and its answer is
// that of the program. All frames are captured whole, since the other interpreter knows
// only one length.
func TestMatchesAgainstAnotherMachine(t *testing.T) {
	frames := append(randomFrames(), corpusFrames(t)...)
	compared, matched := 0, 0
	for _, expression := range expressions {
		m, other := mustCompile(t, expression), otherMachine(t, expression)
		if other == nil {
			continue
		}
		compared++
		for _, f := range frames {
			kept, err := other.Run(f.Data)
			if err != nil {
				t.Fatalf("%q for %x: %v", expression, f.Data, err)
			}
			if got := m.Matches(f.Data, len(f.Data)); got != (kept != 0) {
				t.Fatalf("%q: %v for %x, the other machine keeps %d bytes", expression, got, f.Data, kept)
			}
			if kept != 0 {
				matched++
			}
		}
	}
	if compared < len(expressions)-3 || matched < 1000 {
		t.Errorf("%d expressions were compared and %d frames matched: no test", compared, matched)
	}
}

// randomFrames returns plausible headers with random content, cut anywhere after the
// first byte.
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
		frames = append(frames, capture.Frame{Data: data, Length: len(data)})
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

// TestLengthIsOnTheWire: "len" is the length on the wire, not the captured length.
func TestLengthIsOnTheWire(t *testing.T) {
	m := mustCompile(t, "len > 100")
	if !m.Matches(make([]byte, 50), 101) || m.Matches(make([]byte, 50), 100) {
		t.Error("the captured length was taken for the length on the wire")
	}
}

// TestMatchesNothingOfAFrame: frames without captured bytes are in captures that were
// cut, and in crafted ones.
func TestMatchesNothingOfAFrame(t *testing.T) {
	for _, expression := range expressions {
		m := mustCompile(t, expression)
		if m.Matches(nil, 60) || m.Matches([]byte{}, 0) {
			t.Errorf("%q matches", expression)
		}
	}
}

// TestProtochainEnds: libpcap's interpreter does not bound jumps back. The only loop
// that its compiler makes advances by 8 bytes each time, until the frame ends.
func TestProtochainEnds(t *testing.T) {
	const layer3 = 14
	frame := make([]byte, layer3+65535)
	binary.BigEndian.PutUint16(frame[12:], 0x86dd)
	frame[layer3] = 0x60 // behind it: hop-by-hop options of 8 bytes, each followed by the next
	for expression, v6 := range map[string]bool{"ip6 protochain 6": true, "ip protochain 6": false} {
		if !v6 {
			binary.BigEndian.PutUint16(frame[12:], 0x0800)
			frame[layer3] = 0x45
			for at := layer3 + 20; at < len(frame); at += 8 {
				frame[at] = 51 // AH, followed by AH
			}
			frame[layer3+9] = 51
		}
		m := mustCompile(t, expression)
		began := time.Now()
		for range 10 {
			m.Matches(frame, len(frame))
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%q: ten frames took %v", expression, took)
		}
	}
}

// FuzzMatches: bytes after the captured ones do not change the result, and no frame
// makes libpcap read elsewhere.
func FuzzMatches(f *testing.F) {
	for i, frame := range randomFrames()[:len(expressions)] {
		f.Add(uint8(i), frame.Data, frame.Length)
	}
	var matchers []capture.Matcher
	for _, expression := range expressions {
		matchers = append(matchers, mustCompile(f, expression))
	}
	f.Fuzz(func(t *testing.T, expression uint8, data []byte, length int) {
		i := int(expression) % len(matchers)
		m := matchers[i]
		zeros := append(bytes.Clone(data), make([]byte, 64)...)[:len(data)]
		ones := append(bytes.Clone(data), bytes.Repeat([]byte{0xff}, 64)...)[:len(data)]
		if m.Matches(zeros, length) != m.Matches(ones, length) {
			t.Errorf("%q looks behind the end of %x", expressions[i], data)
		}
	})
}

func TestMatchesAllocatesNothing(t *testing.T) {
	m, frame := mustCompile(t, "tcp port 443 and not host 10.1.2.3"), tcpFrame()
	if n := testing.AllocsPerRun(1000, func() { m.Matches(frame, len(frame)) }); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

// tcpFrame returns a frame to port 443 over IPv4 and Ethernet.
func tcpFrame() []byte {
	b := make([]byte, 200)
	b[12], b[14], b[23] = 8, 0x45, 6
	b[36], b[37] = 0x01, 0xbb
	return b
}

func BenchmarkMatches(b *testing.B) {
	m, frame := mustCompile(b, "tcp port 443 and not host 10.1.2.3"), tcpFrame()
	b.ReportAllocs()
	for b.Loop() {
		if !m.Matches(frame, len(frame)) {
			b.Fatal("no match")
		}
	}
}
