package sensor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/blind"
)

// The captures from which the tests below remove packets or bytes, and the offset of
// TCP data in their frames: with TCP timestamps, data begins at byte 66.
const (
	tls10Capture = "openssl-tls10-sni.pcap"
	tls13Capture = "openssl-tls13-sni.pcap"
	dataAt       = 14 + 20 + 32
)

// lengthUpToName is the snapshot length that cuts the ClientHello right after its name.
func lengthUpToName(t *testing.T, frames []capture.Frame) int {
	t.Helper()
	for _, f := range frames {
		if _, behind, ok := bytes.Cut(f.Data, []byte("amazonaws.com")); ok {
			return len(f.Data) - len(behind)
		}
	}
	t.Fatal("no name")
	return 0
}

// cutFrames cuts each frame as a snapshot length does.
func cutFrames(frames []capture.Frame, n int) []capture.Frame {
	out := slices.Clone(frames)
	for i := range out {
		out[i].Data = out[i].Data[:min(n, len(out[i].Data))]
	}
	return out
}

// filterSegments keeps the frames for which keep returns true. keep gets, for each TCP
// segment, whether the client sent it, the number of data segments before it from the
// same end, and whether it has data.
func filterSegments(t *testing.T, frames []capture.Frame, keep func(client bool, nth int, data bool) bool) (out []capture.Frame) {
	t.Helper()
	var sent [2]int
	d, p := decode.New(decode.Options{}), new(decode.Packet)
	for _, f := range frames {
		if d.Decode(&f, p) != decode.Segment {
			out = append(out, f)
			continue
		}
		side, data := 0, len(p.Payload) > 0
		if p.DstPort == 443 {
			side = 1
		}
		if keep(side == 1, sent[side], data) {
			out = append(out, f)
		}
		if data {
			sent[side]++
		}
	}
	return out
}

// withoutOpening removes the segments before the first data.
func withoutOpening(frames []capture.Frame, t *testing.T) []capture.Frame {
	return filterSegments(t, frames, func(_ bool, nth int, data bool) bool { return nth > 0 || data })
}

var unseenCases = []struct {
	name   string
	frames func(t *testing.T) []capture.Frame
	want   blind.Unseen
}{
	{"a whole handshake", func(t *testing.T) []capture.Frame { return read(t, tls10Capture) }, blind.Unseen{}},
	{"a hello that was cut, with its name", func(t *testing.T) []capture.Frame {
		frames := read(t, tls10Capture)
		return cutFrames(frames, lengthUpToName(t, frames))
	}, blind.Unseen{CutHellos: 1, CutJudged: 1}},
	{"a hello that was cut before its name", func(t *testing.T) []capture.Frame {
		return cutFrames(read(t, tls13Capture), dataAt+40)
	}, blind.Unseen{CutHellos: 1}},
	{"a hello of which the record's header is left", func(t *testing.T) []capture.Frame {
		return cutFrames(read(t, tls10Capture), dataAt+3)
	}, blind.Unseen{CutHellos: 1}},
	{"another protocol that was cut", func(t *testing.T) []capture.Frame {
		return cutFrames(read(t, "plain-http.pcap"), dataAt+40)
	}, blind.Unseen{}},
	{"only headers", func(t *testing.T) []capture.Frame { return cutFrames(read(t, tls10Capture), dataAt) }, blind.Unseen{CutPackets: 8}},
	{"the client's packets only", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(client bool, _ int, _ bool) bool { return client })
	}, blind.Unseen{OneDirection: 1}},
	{"the client's hello only, behind a SYN that was answered", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(client bool, nth int, _ bool) bool { return client && nth == 0 })
	}, blind.Unseen{OneDirection: 1}},
	{"the client's packets only, without SYN, and nothing encrypted", func(t *testing.T) []capture.Frame {
		return filterSegments(t, withoutOpening(read(t, "openssl-client-refuses.pcap"), t), func(client bool, _ int, _ bool) bool { return client })
	}, blind.Unseen{OneDirection: 1}},
	{"the server's packets only", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(client bool, _ int, _ bool) bool { return !client })
	}, blind.Unseen{OneDirection: 1}},
	{"a hello without an answer", func(t *testing.T) []capture.Frame { return read(t, "openssl-tls10-unanswered.pcap") }, blind.Unseen{}},
	{"a FIN is no data", func(t *testing.T) []capture.Frame { return read(t, "openssl-tls10-closed.pcap") }, blind.Unseen{}},
	{"the ServerHello is missing", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(client bool, nth int, data bool) bool { return client || nth > 0 || !data })
	}, blind.Unseen{LostBytes: 1}},
	{"the ClientHello is missing", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(client bool, nth int, data bool) bool { return !client || nth > 0 || !data })
	}, blind.Unseen{LostBytes: 1}},
	{"both hellos are missing", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(_ bool, nth int, data bool) bool { return nth > 0 || !data })
	}, blind.Unseen{LostBytes: 1}},
	{"the second half of the ClientHello is missing", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, "go-postquantum.pcap"), func(client bool, nth int, data bool) bool { return !client || nth != 1 || !data })
	}, blind.Unseen{LostBytes: 1}},
	{"what comes behind the hellos is missing", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(client bool, nth int, data bool) bool { return client || nth != 1 || !data })
	}, blind.Unseen{}},
	{"open when the capture began", func(t *testing.T) []capture.Frame {
		return filterSegments(t, read(t, tls10Capture), func(_ bool, nth int, _ bool) bool { return nth > 1 })
	}, blind.Unseen{OpenAtStart: 1}},
	{"plain HTTP when the capture began", func(t *testing.T) []capture.Frame {
		return withoutOpening(read(t, "plain-http.pcap"), t)
	}, blind.Unseen{}},
}

func TestUnseen(t *testing.T) {
	for _, tt := range unseenCases {
		t.Run(tt.name, func(t *testing.T) {
			frames := tt.frames(t)
			if got := countUnseen(t, 1, frames); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got := countUnseen(t, 2, frames); got != tt.want {
				t.Errorf("two workers: got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// countUnseen is what the given number of workers counts as unseen in frames.
func countUnseen(t *testing.T, workers int, frames []capture.Frame) blind.Unseen {
	t.Helper()
	_, stats := eventsOf(t, workers, &memorySource{frames: slices.Clone(frames)})
	return stats.Unseen
}

// All cases at once, in any order, give the sum of their counts.
func TestUnseenTogether(t *testing.T) {
	var all [][]capture.Frame
	var want blind.Unseen
	for i, tt := range unseenCases {
		frames := tt.frames(t)
		want.Add(&tt.want)
		all = append(all, withOtherHosts(frames, byte(i+1)))
	}
	frames := mergeRandomly(rand.New(rand.NewSource(1)), all)
	for _, workers := range []int{1, 2, 3} {
		if got := countUnseen(t, workers, frames); got != want {
			t.Errorf("%d workers: got %+v, want %+v", workers, got, want)
		}
	}
}

// withOtherHosts gives the IPv4 hosts of frames other addresses.
func withOtherHosts(frames []capture.Frame, n byte) []capture.Frame {
	out := slices.Clone(frames)
	for i := range out {
		if out[i].Data = slices.Clone(out[i].Data); binary.BigEndian.Uint16(out[i].Data[12:]) == 0x0800 {
			out[i].Data[14+12+2], out[i].Data[14+16+2] = n, n
		}
	}
	return out
}

// A cut hello is judged by what is left of it: a version below TLS 1.2 is certain, and a
// name that is whole is used.
func TestCutHelloIsJudged(t *testing.T) {
	for _, tt := range []struct {
		name          string
		file          string
		bytes         int  // snapshot length; 0: lengthUpToName
		client        bool // only the client's packets
		verdict       classify.Verdict
		flagged       bool
		host          bool
		serverVersion bool
	}{
		{"version and name", tls10Capture, 0, true, classify.Attempt, true, true, false},
		{"the version", tls10Capture, dataAt + 20, true, classify.Attempt, false, false, false},
		{"version, name and ServerHello", tls10Capture, 0, false, classify.Violation, true, true, true},
		{"a version that may not be all", "openssl-tls12-sni.pcap", 0, true, classify.Undetermined, false, true, false},
		{"the same, and the ServerHello's cipher suite", "openssl-tls12-sni.pcap", 0, false, classify.OK, false, true, true},
		{"TLS 1.3 by its cipher suite", tls13Capture, dataAt + 85, false, classify.OK, false, false, true},
	} {
		for _, flaggedOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, flaggedOnly), func(t *testing.T) {
				frames := read(t, tt.file)
				if tt.bytes == 0 {
					tt.bytes = lengthUpToName(t, frames)
				}
				frames = cutFrames(frames, tt.bytes)
				if tt.client {
					frames = filterSegments(t, frames, func(client bool, _ int, _ bool) bool { return client })
				}
				f, s := oneFinding(t, frames, flaggedOnly)
				if f == nil {
					t.Fatal("no finding")
				}
				if f.Verdict != tt.verdict || f.Flagged != tt.flagged || (f.Answer != nil) != tt.serverVersion || (f.SNI != "") != tt.host && !flaggedOnly {
					t.Errorf("%v, flagged %v, answer %+v, SNI %q", f.Verdict, f.Flagged, f.Answer, f.SNI)
				}
				if s.Incomplete != 1 {
					t.Errorf("%d are counted as incomplete", s.Incomplete)
				}
				if !f.Flagged && flaggedOnly {
					return // only counted
				}
				if f.Hello == nil || !f.Hello.Cut || f.Hello.JA3 != "" || f.Hello.JA4 != "" || f.Software != nil {
					t.Errorf("hello %+v, software %+v", f.Hello, f.Software)
				}
				if !slices.Contains(f.Anomalies, "hello_cut") {
					t.Errorf("anomalies %v", f.Anomalies)
				}
			})
		}
	}
}

// oneFinding is the finding of frames, and the counts.
func oneFinding(t *testing.T, frames []capture.Frame, flaggedOnly bool) (found *classify.Finding, _ Stats) {
	t.Helper()
	s := newSensor(t, func(*classify.Finding) {})
	s.sessions.FlaggedOnly = flaggedOnly
	s.options.Emit = func(f *classify.Finding) bool { return !flaggedOnly || f.Flagged }
	s.options.Tally = func(f *classify.Finding) { found = f }
	for _, f := range frames {
		s.Process(&f)
	}
	s.flush()
	return found, s.Stats()
}

// A whole copy of a hello that was cut replaces it: one interface may cut packets, and
// another not.
func TestWholeHelloReplacesCutOne(t *testing.T) {
	for _, flaggedOnly := range []bool{false, true} {
		var frames []capture.Frame
		for _, f := range read(t, tls10Capture) {
			frames = append(frames, cutFrames([]capture.Frame{f}, dataAt+30)[0], f)
		}
		f, s := oneFinding(t, frames, flaggedOnly)
		if f == nil || !f.Flagged || f.Hello.Cut || f.Hello.JA3 == "" || slices.Contains(f.Anomalies, "hello_cut") {
			t.Errorf("%+v", f)
		}
		if s.Unseen != (blind.Unseen{}) || s.ClientHellos != 1 || s.Incomplete != 0 {
			t.Errorf("%+v, %d ClientHellos", s.Unseen, s.ClientHellos)
		}
	}
}

// A connection that was silent until the table forgot it does not count as one that was
// open when the capture began.
func TestForgottenConnectionIsNotOpenAtStart(t *testing.T) {
	frames := read(t, tls10Capture)
	late := filterSegments(t, frames, func(_ bool, nth int, data bool) bool { return nth > 1 && data })
	if len(late) == 0 {
		t.Fatal("there are no late frames")
	}
	for i := range late {
		late[i].Time += 600e9
	}
	other := segment(wrap.Segment{Src: new(attacker).next(), Dst: victim, Seq: 1, Flags: decode.ACK}, make([]byte, 50), late[0].Time-1e9)
	all := append(append(slices.Clone(frames), *other, *other, *other), late...) // one would not move the clock
	stats := func(frames []capture.Frame) Stats {
		_, s := oneFinding(t, frames, false)
		return s
	}(all)
	if want := (blind.Unseen{OpenAtStart: 1}); stats.Unseen != want {
		t.Errorf("got %+v, want %+v", stats.Unseen, want)
	}
	if stats.Flow.Followed < 3 {
		t.Errorf("the table has not forgotten the connection: %+v", stats.Flow)
	}
}

// Handshakes that are given up for memory are counted, unless they were read.
func TestGivenUp(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	s.table = flow.NewTable(s, flow.Options{MaxFlows: 64})
	s.sessions.Table = s.table
	for _, f := range read(t, tls10Capture) {
		s.Process(&f)
	}
	half := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 100)...)
	var a attacker
	for range 164 {
		from := a.next()
		s.Process(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, s.frame.Time))
		s.Process(segment(wrap.Segment{Src: from, Dst: victim, Seq: 1, Flags: decode.ACK}, half, s.frame.Time))
	}
	if got := s.Stats().Unseen; got.GivenUp != 100 {
		t.Errorf("%+v", got)
	}
}

func TestUnnamed(t *testing.T) {
	const nameless = "openssl-tls10-nameless.pcap"
	server := netip.MustParseAddr("192.0.2.10")
	ranges := func(prefix string) func() *names.Ranges {
		table, err := names.ParseRanges([]byte(`{"syncToken":"1","createDate":"2026-11-01-00-00-00","prefixes":[{"ip_prefix":"` + prefix +
			`","region":"us-west-2","service":"AMAZON","network_border_group":"us-west-2"}],"ipv6_prefixes":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		return func() *names.Ranges { return table }
	}
	for _, tt := range []struct {
		name   string
		file   string
		change func(*Options)
		want   uint64
	}{
		{"nobody names it", nameless, func(*Options) {}, 1},
		{"DNS names it", "openssl-tls10-dns.pcap", func(*Options) {}, 0},
		{"nobody looks for DNS", "openssl-tls10-dns.pcap", func(o *Options) { o.Names = nil }, 1},
		{"at the floor", "openssl-tls12-nosni.pcap", func(o *Options) { o.Names = nil }, 0},
		{"AWS's by its address, not flagged", nameless, func(o *Options) { o.Ranges = ranges("192.0.2.0/24") }, 1},
		{"AWS's by its address, and flagged", nameless, func(o *Options) {
			o.Ranges = ranges("192.0.2.0/24")
			o.Policy, _ = policy.New(policy.Options{FlagAddresses: true})
		}, 0},
		{"in none of AWS's ranges", nameless, func(o *Options) { o.Ranges = ranges("198.51.100.0/24") }, 0},
		{"in none of AWS's ranges, with another scope", nameless, func(o *Options) {
			o.Ranges = ranges("198.51.100.0/24")
			scope, err := policy.NewScope([]string{"aws", "*.example.com"})
			if err != nil {
				t.Fatal(err)
			}
			o.Policy, _ = policy.New(policy.Options{Scope: scope})
		}, 1},
	} {
		for _, flaggedOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, flaggedOnly), func(t *testing.T) {
				s := newSensor(t, func(*classify.Finding) {})
				tt.change(&s.options)
				s.sessions.FlaggedOnly = flaggedOnly
				for _, f := range read(t, tt.file) {
					s.Process(&f)
				}
				s.flush()
				got := s.Stats().Unnamed
				if got.Total != tt.want || tt.want > 0 && !reflect.DeepEqual(got.List, []blind.AddressCount{{Addr: server, Count: tt.want}}) {
					t.Errorf("%+v, want %d", got, tt.want)
				}
			})
		}
	}
}

// A private address may be an AWS endpoint in the user's own network.
func TestPrivateDestinationsStayUnnamed(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	table := new(names.Ranges)
	s.options.Ranges = func() *names.Ranges { return table }
	for addr, want := range map[string]bool{
		"203.0.113.9": true, "2001:db8::1": true,
		"10.0.0.1": false, "172.16.9.9": false, "192.168.1.1": false, "100.64.0.1": false, "127.0.0.1": false,
		"169.254.1.1": false, "fd00::1": false, "fe80::1": false, "::1": false,
	} {
		if got := s.notAWS(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}
