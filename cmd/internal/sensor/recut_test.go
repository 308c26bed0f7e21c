package sensor

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/file"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/session"
)

const captures = "../../../testdata/captures"

// sortedEvents runs frames through a sensor and returns its events, sorted, without the
// fields that depend on the way to the sensor: time, tunnels, VLAN ids, and in which order
// the messages of both directions came.
func sortedEvents(t *testing.T, frames []capture.Frame) []string {
	t.Helper()
	var events []string
	s := newSensor(t, func(f *classify.Finding) {
		f.Time, f.VLANs, f.Tunnels, f.Source, f.History = 0, nil, nil, "", ""
		events = append(events, string(event.NewNative(event.Sensor{}).AppendFinding(nil, f)))
	})
	for i := range frames {
		s.Process(&frames[i])
	}
	s.flush()
	slices.Sort(events)
	return events
}

// newSensor makes a sensor with a table of the size that a test of a few
// connections needs: the default takes 26 MB, for each of a thousand sensors.
func newSensor(t testing.TB, deliver func(*classify.Finding)) *Sensor {
	t.Helper()
	return newSensorWith(t, flow.Options{MaxFlows: 1 << 12}, deliver)
}

func newSensorWith(t testing.TB, o flow.Options, deliver func(*classify.Finding)) *Sensor {
	t.Helper()
	p, err := policy.New(policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{
		Policy: p, Names: names.NewStore(names.Options{}), Deliver: deliver, Flow: o,
		Emit: func(*classify.Finding) bool { return true }, Report: func(err error) { t.Error(err) },
	})
}

// read returns the frames of a recorded capture.
func read(t testing.TB, name string) (frames []capture.Frame) {
	t.Helper()
	src, err := file.Open([]string{filepath.Join(captures, name)}, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for {
		var f capture.Frame
		err := src.Next(&f)
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Data = slices.Clone(f.Data)
		frames = append(frames, f)
	}
}

// Property: however the segments of a connection are cut, repeated and shuffled, however
// the datagrams of a conversation are repeated and shuffled, and whatever they are wrapped
// in, the findings are the same except for the tunnels.
func TestRecutShuffledWrapped(t *testing.T) {
	entries, err := os.ReadDir(captures)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if reason, ok := cannotRecut[e.Name()]; ok || e.IsDir() {
			t.Log(e.Name(), reason)
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			frames := read(t, e.Name())
			want := withoutOrder(sortedEvents(t, frames))
			for seed := range int64(2) {
				r := rand.New(rand.NewSource(seed))
				got := withoutOrder(sortedEvents(t, transform(r, frames)))
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// historyMember is the order of a handshake's messages. That of DTLS is what the transformation
// changes.
var historyMember = regexp.MustCompile(`"history":"[^"]*",?`)

// withoutOrder returns events without the order of the messages of DTLS.
func withoutOrder(events []string) []string {
	for i, e := range events {
		if strings.Contains(e, `"protocol":"dtls"`) {
			events[i] = historyMember.ReplaceAllString(e, "")
		}
	}
	return events
}

// cannotRecut are captures whose meaning the transformation would change, and why.
var cannotRecut = map[string]string{
	"file-cut-short.pcap":      "ends with an error, by intent",
	"fragments-of-8-ipv4.pcap": "joined, its fragments are no anomaly any more",
	"fragments-of-8-ipv6.pcap": "joined, its fragments are no anomaly any more",
	"mirrored-twice.pcap":      "unwrapped, its two networks would be one",
}

// transform cuts, repeats and shuffles the TCP segments of frames and datagrams of DTLS,
// repeats and shuffles those of QUIC, and wraps all.
func transform(r *rand.Rand, frames []capture.Frame) (out []capture.Frame) {
	nest := randomNest(r)
	decoder := decode.New(decode.Options{})
	var run []piece // of one direction of one connection: only these are shuffled
	flush := func() {
		shuffle(r, run)
		for _, p := range run {
			out = append(out, p.frame(nest))
		}
		run = run[:0]
	}
	for i := range frames {
		var p decode.Packet
		switch decoder.Decode(&frames[i], &p) {
		case decode.Segment:
			if len(run) > 0 && !run[0].follows(&p) {
				flush()
			}
			run = append(run, pieces(r, &p)...)
			if p.Flags&(decode.SYN|decode.FIN|decode.RST) != 0 {
				flush() // segments that open or close a connection keep their place
			}
		case decode.Datagram:
			if lookAt(&p) != session.Foreign {
				if len(run) > 0 && !run[0].follows(&p) {
					flush()
				}
				run = append(run, datagrams(r, &p)...)
				continue
			}
			flush()
			if p.Missing == 0 { // otherwise nothing is learnt from it in either case
				packet := wrap.UDP(netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort), p.Payload)
				out = append(out, wrapIn(p.Time, packet, nest))
			}
		}
	}
	flush()
	return out
}

// piece is a segment or a datagram to be sent.
type piece struct {
	time    int64
	proto   uint8
	segment wrap.Segment // of a datagram only the ends
	payload []byte
}

func (p piece) follows(next *decode.Packet) bool {
	return p.proto == next.Proto && p.segment.Src == netip.AddrPortFrom(next.Src.Netip(next.V6), next.SrcPort) &&
		p.segment.Dst == netip.AddrPortFrom(next.Dst.Netip(next.V6), next.DstPort) &&
		next.Flags&(decode.SYN|decode.FIN|decode.RST) == 0
}

// pieces cuts a segment. A SYN is not cut, a FIN goes with the last piece.
func pieces(r *rand.Rand, p *decode.Packet) (out []piece) {
	s := wrap.Segment{
		Src: netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), Dst: netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort),
		Seq: p.Seq, Ack: p.Ack, Flags: p.Flags,
	}
	rest := slices.Clone(p.Payload)
	for p.Flags&(decode.SYN|decode.FIN|decode.RST) == 0 && len(rest) > 1 {
		n := 1 + r.Intn(min(len(rest)-1, 1+r.Intn(700)))
		if len(rest)-n < 1 {
			break
		}
		out = append(out, piece{p.Time, p.Proto, s, rest[:n]})
		if r.Intn(8) == 0 {
			out = append(out, piece{p.Time, p.Proto, s, rest[:n]})
		}
		s.Seq, rest = s.Seq+uint32(n), rest[n:]
	}
	return append(out, piece{p.Time, p.Proto, s, rest})
}

// datagrams is a datagram, once or twice. One of DTLS is cut as with another MTU.
func datagrams(r *rand.Rand, p *decode.Packet) (out []piece) {
	one := piece{time: p.Time, proto: p.Proto}
	one.segment.Src, one.segment.Dst = netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort)
	for _, payload := range recutDTLS(r, slices.Clone(p.Payload)) {
		one.payload = payload
		out = append(out, one)
		if r.Intn(4) == 0 {
			out = append(out, one)
		}
	}
	return out
}

// recutDTLS cuts the handshake messages in a datagram of DTLS into fragments of any size,
// each in a datagram of its own. Other records, and other datagrams, stay as they are.
func recutDTLS(r *rand.Rand, datagram []byte) (out [][]byte) {
	const record, fragment = 13, 12
	if datagram[0] < 20 || datagram[0] > 26 || datagram[1] != 0xfe {
		return [][]byte{datagram}
	}
	for rest := datagram; len(rest) > 0; {
		size := record + int(binary.BigEndian.Uint16(rest[11:]))
		if rest[0] != 22 || rest[3]|rest[4] != 0 {
			// It stays with the last fragment: what a server sends in clear counts only up
			// to the first protected record after the client's.
			if len(out) == 0 {
				return [][]byte{rest}
			}
			out[len(out)-1] = append(out[len(out)-1], rest...)
			return out
		}
		header, messages := rest[:record], rest[record:size]
		for rest = rest[size:]; len(messages) >= fragment; {
			body := messages[fragment : fragment+int(binary.BigEndian.Uint32(messages[8:])&0xffffff)]
			from := int(binary.BigEndian.Uint32(messages[5:]) & 0xffffff)
			for at := 0; at < len(body) || at == 0; {
				n := min(len(body)-at, 1+r.Intn(400))
				b := slices.Concat(header, messages[:fragment], body[at:at+n])
				binary.BigEndian.PutUint16(b[11:], uint16(fragment+n))
				b[19], b[20], b[21] = byte((from+at)>>16), byte((from+at)>>8), byte(from+at)
				b[22], b[23], b[24] = byte(n>>16), byte(n>>8), byte(n)
				out = append(out, b)
				at += max(n, 1)
			}
			messages = messages[fragment+len(body):]
		}
	}
	return out
}

// shuffle swaps pieces within a window of six.
func shuffle(r *rand.Rand, run []piece) {
	for i := range run {
		j := min(i+r.Intn(6), len(run)-1)
		run[i], run[j] = run[j], run[i]
	}
}

func (p piece) frame(nest []layer) capture.Frame {
	if p.proto == decode.UDP {
		return wrapIn(p.time, wrap.UDP(p.segment.Src, p.segment.Dst, p.payload), nest)
	}
	return wrapIn(p.time, wrap.TCP(p.segment, p.payload), nest)
}

// wrapIn is the frame of a packet inside the encapsulations of nest.
func wrapIn(at int64, packet []byte, nest []layer) capture.Frame {
	framed := wrap.Ethernet(packet)
	for _, l := range nest {
		framed = l.wrap(framed, packet)
	}
	return capture.Frame{Time: at, Data: framed, Length: len(framed), Link: capture.LinkEthernet, Source: "capture"}
}

// layer is one encapsulation of a frame; packet is the part of the frame after the
// Ethernet header.
type layer struct {
	name string
	wrap func(frame, packet []byte) []byte
}

var ends = wrap.Ends{Src: netip.MustParseAddr("198.51.100.1"), Dst: netip.MustParseAddr("198.51.100.2")}

var layers = []layer{
	{"vlan", func(f, _ []byte) []byte { return wrap.VLAN(f, 12) }},
	{"qinq", func(f, _ []byte) []byte { return wrap.QinQ(f, 100, 7) }},
	{"vxlan", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.VXLAN(ends, 77, f)) }},
	{"geneve", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.GENEVE(ends, 9, f)) }},
	{"nvgre", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.NVGRE(ends, 5, f)) }},
	{"gretap", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.GREBridge(ends, f)) }},
	{"erspan1", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.ERSPAN1(ends, f)) }},
	{"erspan2", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.ERSPAN2(ends, 3, f)) }},
	{"erspan3", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.ERSPAN3(ends, 3, f)) }},
	{"pseudowire", func(f, _ []byte) []byte { return wrap.MPLSEthernet(f, 100, 200) }},
}

// innermost are encapsulations of a packet, not of a frame.
var innermost = []layer{
	{"none", func(f, _ []byte) []byte { return f }},
	{"gre", func(_, p []byte) []byte { return wrap.Ethernet(wrap.GRE(ends, p)) }},
	{"gre with a key", func(_, p []byte) []byte { return wrap.Ethernet(wrap.GREKeyed(ends, 42, p)) }},
	{"ip in ip", func(_, p []byte) []byte { return wrap.Ethernet(wrap.IPIP(ends, p)) }},
	{"gtp-u", func(_, p []byte) []byte { return wrap.Ethernet(wrap.GTPU(ends, 4711, p)) }},
	{"geneve of packets", func(_, p []byte) []byte { return wrap.Ethernet(wrap.GENEVEIP(ends, 0, p)) }},
	{"mpls", func(f, _ []byte) []byte { return wrap.MPLS(f, 100, 200) }},
	{"pppoe", func(f, _ []byte) []byte { return wrap.PPPoE(f, 3) }},
	{"cisco metadata", func(f, _ []byte) []byte { return wrap.CiscoMeta(f, 16) }},
}

// randomNest chooses up to four encapsulations.
func randomNest(r *rand.Rand) []layer {
	nest := []layer{innermost[r.Intn(len(innermost))]}
	for range r.Intn(4) {
		nest = append(nest, layers[r.Intn(len(layers))])
	}
	return nest
}
