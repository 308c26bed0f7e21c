package sensor

import (
	"cmp"
	"fmt"
	"math/rand"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/classify/event"
)

// piecesOf returns the segments of a recorded capture, unchanged.
func piecesOf(t *testing.T, name string) (list []piece) {
	t.Helper()
	decoder := decode.New(decode.Options{})
	for _, f := range read(t, name) {
		var p decode.Packet
		if decoder.Decode(&f, &p) != decode.Segment {
			continue
		}
		list = append(list, piece{p.Time, p.Proto, wrap.Segment{
			Src: netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), Dst: netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort),
			Seq: p.Seq, Ack: p.Ack, Flags: p.Flags,
		}, slices.Clone(p.Payload)})
	}
	return list
}

// isForward reports in which of the two directions of its connection a piece goes.
func (p piece) isForward() bool { return p.segment.Src.Compare(p.segment.Dst) < 0 }

// plainFrame is the frame of a piece without tags.
func (p piece) plainFrame() []byte { return wrap.Ethernet(wrap.TCP(p.segment, p.payload)) }

func frameAt(at int64, data []byte) capture.Frame {
	return capture.Frame{Time: at, Data: data, Length: len(data), Link: capture.LinkEthernet, Source: "capture"}
}

// plainFrames are the frames of pieces, in their order.
func plainFrames(list []piece) (frames []capture.Frame) {
	for _, p := range list {
		frames = append(frames, frameAt(p.time, p.plainFrame()))
	}
	return frames
}

// segmentOnlyCaptures are the captures whose findings depend on TCP segments alone.
func segmentOnlyCaptures(t *testing.T) (list []string) {
	for _, name := range readableCaptures(t) {
		if cannotRecut[name] == "" && !strings.Contains(name, "dns") && !strings.Contains(name, "fragments") && !strings.Contains(name, "teredo") {
			list = append(list, name)
		}
	}
	return list
}

// runFrames runs frames through a sensor. It returns the events as sortedEvents does,
// the findings with their places, and the counts.
func runFrames(t *testing.T, frames []capture.Frame) (events []string, places []*classify.Finding, stats Stats) {
	t.Helper()
	s := newSensorWith(t, flow.Options{MaxFlows: 1 << 12}, func(f *classify.Finding) {
		seen := *f
		places = append(places, &seen)
		f.Time, f.VLANs, f.Tunnels, f.Source, f.Return, f.Copies, f.History = 0, nil, nil, "", nil, nil, ""
		f.Anomalies = slices.DeleteFunc(f.Anomalies, func(a string) bool { return a == "tcp_conflict" })
		events = append(events, string(event.NewNative(event.Sensor{}).AppendFinding(nil, f)))
	})
	for i := range frames {
		s.Process(&frames[i])
	}
	s.table.Flush()
	slices.Sort(events)
	return events, places, s.Stats()
}

func same(t *testing.T, how, name string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s, %s: got\n%s\nwant\n%s", name, how, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Property: findings stay the same with different tags in each direction, with a tag in
// one direction only, and with a tag that changes during the connection.
func TestTagsThatDiffer(t *testing.T) {
	vlan := func(id uint16) func([]byte) []byte { return func(f []byte) []byte { return wrap.VLAN(f, id) } }
	vxlan := func(vni uint32) func([]byte) []byte {
		return func(f []byte) []byte { return wrap.Ethernet(wrap.VXLAN(ends, vni, f)) }
	}
	bare := func(f []byte) []byte { return f }
	hows := []struct {
		name        string
		forth, back func([]byte) []byte
	}{
		{"VLAN 10 out and 20 back", vlan(10), vlan(20)},
		{"a VLAN out only", vlan(10), bare},
		{"a VLAN back only", bare, vlan(20)},
		{"another VNI each way", vxlan(19929), vxlan(2)},
		{"a tunnel one way", vxlan(7), bare},
		{"a VLAN out, a tunnel back", vlan(10), vxlan(7)},
	}
	for _, name := range segmentOnlyCaptures(t) {
		list := piecesOf(t, name)
		want, _, _ := runFrames(t, plainFrames(list))
		for _, how := range hows {
			var frames []capture.Frame
			for _, p := range list {
				if p.isForward() {
					frames = append(frames, frameAt(p.time, how.forth(p.plainFrame())))
				} else {
					frames = append(frames, frameAt(p.time, how.back(p.plainFrame())))
				}
			}
			got, places, _ := runFrames(t, frames)
			same(t, how.name, name, got, want)
			for _, f := range places {
				if f.Answer != nil && f.Hello != nil && f.Return == nil {
					t.Errorf("%s, %s: the event does not say how the answers came", name, how.name)
				}
			}
		}
		var frames []capture.Frame
		for i, p := range list {
			frames = append(frames, frameAt(p.time, wrap.VLAN(p.plainFrame(), uint16(10+min(i, 4)))))
		}
		got, _, _ := runFrames(t, frames)
		same(t, "a tag that changes", name, got, want)
	}
}

// Property: a connection that is seen at two places is one finding, which has both.
func TestSeenTwice(t *testing.T) {
	for _, name := range segmentOnlyCaptures(t) {
		list := piecesOf(t, name)
		want, _, _ := runFrames(t, plainFrames(list))
		for _, late := range []int{0, 1, 3, 1000} { // number of packets by which the copy is late
			if late > 3 && name == "curl-same-port.pcap" {
				continue // of two connections with one port, only the last is remembered
			}
			var frames []capture.Frame
			for i := range len(list) + late {
				if i < len(list) {
					frames = append(frames, frameAt(list[i].time, wrap.Ethernet(wrap.VXLAN(ends, 77, list[i].plainFrame()))))
				}
				if i >= late && i-late < len(list) {
					frames = append(frames, frameAt(list[i-late].time, list[i-late].plainFrame()))
				}
			}
			got, places, stats := runFrames(t, frames)
			same(t, fmt.Sprintf("a copy %d packets behind", late), name, got, want)
			if stats.Handshakes != uint64(len(want)) {
				t.Errorf("%s: %d handshakes counted, want %d", name, stats.Handshakes, len(want))
			}
			for _, f := range places {
				if late == 0 && len(f.Copies) != 1 {
					t.Errorf("%s: %d other places, want 1", name, len(f.Copies))
				}
			}
		}
	}
}

// withAddressesOf gives the pieces of list the addresses of to, and shifts their
// numbers, so that they look like another connection's.
func withAddressesOf(list []piece, to []piece, shift uint32) (out []piece) {
	client, server := to[0].segment.Src, to[0].segment.Dst
	from := list[0].segment.Src
	for _, p := range list {
		if p.segment.Src == from {
			p.segment.Src, p.segment.Dst = client, server
		} else {
			p.segment.Src, p.segment.Dst = server, client
		}
		p.segment.Seq += shift
		if p.segment.Flags&decode.ACK != 0 {
			p.segment.Ack += shift
		}
		out = append(out, p)
	}
	return out
}

// Property: two connections with the same addresses and ports in two networks at the
// same time are kept apart, also if each has the other's tags in the other direction,
// and also with the same sequence numbers.
func TestTwinsStayApart(t *testing.T) {
	pairs := [][2]string{
		{"curl-tls10-sni.pcap", "curl-tls12-sni.pcap"}, {"openssl-tls10-refused.pcap", "java-tls13-sni.pcap"},
		{"go-tls11-nosni.pcap", "openssl-server-tls10.pcap"}, {"curl-tls10-sni.pcap", "curl-tls10-nosni.pcap"},
	}
	tags := []struct {
		name string
		a, b [2]uint16
		same bool // the same sequence numbers
	}{
		{"tags of their own", [2]uint16{10, 10}, [2]uint16{20, 20}, false},
		{"tags of their own, the same numbers", [2]uint16{10, 10}, [2]uint16{20, 20}, true},
		{"four tags", [2]uint16{10, 11}, [2]uint16{20, 21}, false},
		{"each with the other's tag on the way back", [2]uint16{10, 20}, [2]uint16{20, 10}, false},
		{"the same tag on the way back", [2]uint16{10, 30}, [2]uint16{20, 30}, false},
	}
	for _, pair := range pairs {
		a := piecesOf(t, pair[0])
		b := piecesOf(t, pair[1])
		for _, tag := range tags {
			shift := uint32(1 << 30)
			if tag.same {
				// The same first numbers in both directions.
				shift = a[0].segment.Seq - b[0].segment.Seq
			}
			b := withAddressesOf(b, a, shift)
			if tag.same {
				b = withNumbersOf(b, a)
			}
			wantA, _, _ := runFrames(t, plainFrames(a))
			wantB, _, _ := runFrames(t, plainFrames(b))
			want := append(wantA, wantB...)
			slices.Sort(want)
			for seed := range int64(4) {
				r := rand.New(rand.NewSource(seed))
				var frames []capture.Frame
				for i, j := 0, 0; i < len(a) || j < len(b); {
					if j == len(b) || i < len(a) && r.Intn(2) == 0 {
						frames = append(frames, frameAt(a[0].time, tagged(a[i], a[0], tag.a)))
						i++
					} else {
						frames = append(frames, frameAt(a[0].time, tagged(b[j], a[0], tag.b)))
						j++
					}
				}
				got, _, _ := runFrames(t, frames)
				same(t, fmt.Sprintf("%s, seed %d", tag.name, seed), pair[0]+" and "+pair[1], got, want)
			}
		}
	}
}

// withNumbersOf gives b the first sequence numbers of a, in both directions.
func withNumbersOf(b, a []piece) []piece {
	first := func(list []piece, src netip.AddrPort) uint32 {
		for _, p := range list {
			if p.segment.Src == src {
				return p.segment.Seq
			}
		}
		return 0
	}
	client, server := a[0].segment.Src, a[0].segment.Dst
	forth := first(a, client) - first(b, client)
	back := first(a, server) - first(b, server)
	for i := range b {
		s := &b[i].segment
		seq, ack := forth, back
		if s.Src == server {
			seq, ack = back, forth
		}
		s.Seq += seq
		if s.Flags&decode.ACK != 0 {
			s.Ack += ack
		}
	}
	return b
}

func tagged(p, opening piece, tags [2]uint16) []byte {
	if p.segment.Src == opening.segment.Src {
		return wrap.VLAN(p.plainFrame(), tags[0])
	}
	return wrap.VLAN(p.plainFrame(), tags[1])
}

// Property: findings stay the same if the packets of one direction have times that are
// too early or too late, or if single packets have times that are far off.
func TestTimeThatIsWrong(t *testing.T) {
	for n, name := range segmentOnlyCaptures(t) {
		list := piecesOf(t, name)
		want, _, _ := runFrames(t, plainFrames(list))
		for _, early := range []bool{true, false} {
			var moved []piece
			for _, p := range list {
				if p.isForward() == early {
					p.time -= int64(5 * time.Millisecond)
				}
				moved = append(moved, p)
			}
			slices.SortStableFunc(moved, func(a, b piece) int { return cmp.Compare(a.time, b.time) })
			got, _, _ := runFrames(t, plainFrames(moved))
			same(t, "a direction 5 ms ahead", name, withoutCertificate(got), withoutCertificate(want))
		}
		if n%8 != 0 || len(list) > 40 {
			continue // every packet of each capture would take minutes
		}
		for _, off := range []time.Duration{200 * time.Second, 24 * time.Hour, -200 * time.Second, -24 * time.Hour} {
			for i := range list {
				frames := plainFrames(list)
				frames[i].Time += int64(off)
				got, _, _ := runFrames(t, frames)
				same(t, fmt.Sprintf("packet %d off by %v", i, off), name, got, want)
			}
		}
	}
}

// withoutCertificate removes from events what a certificate adds to another name: it is
// read only until a ClientHello gives the name.
func withoutCertificate(events []string) (out []string) {
	list := regexp.MustCompile(`,"names":\[[^]]*\]|,"anomalies":\["name_mismatch"\]`)
	for _, e := range events {
		out = append(out, list.ReplaceAllString(e, ""))
	}
	return out
}

// Property: acknowledgements without data whose IP length includes the padding of their
// Ethernet frame change nothing.
func TestPaddingIsNoData(t *testing.T) {
	for _, name := range segmentOnlyCaptures(t) {
		list := piecesOf(t, name)
		want, _, _ := runFrames(t, plainFrames(list))
		padded := 0
		for i := range list {
			if p := &list[i]; len(p.payload) == 0 && p.segment.Flags == decode.ACK {
				p.payload = make([]byte, 6)
				padded++
			}
		}
		if padded == 0 {
			continue
		}
		got, _, _ := runFrames(t, plainFrames(list))
		same(t, "padded", name, got, want)
	}
}

// Property: findings stay the same with segments of one byte in reverse order, and with
// segments of six bytes of which some are all zeros.
func TestSegmentsBackwards(t *testing.T) {
	for _, name := range segmentOnlyCaptures(t) {
		list := piecesOf(t, name)
		want, _, _ := runFrames(t, plainFrames(list))
		for _, size := range []int{1, 6} {
			var out []piece
			for _, p := range list {
				if len(p.payload) == 0 || p.segment.Flags&(decode.SYN|decode.FIN|decode.RST) != 0 {
					out = append(out, p)
					continue
				}
				var parts []piece
				for at := 0; at < len(p.payload); at += size {
					part := p
					part.segment.Seq += uint32(at)
					part.segment.Flags = decode.ACK
					part.payload = p.payload[at:min(at+size, len(p.payload))]
					parts = append(parts, part)
				}
				if size == 1 {
					slices.Reverse(parts)
				}
				out = append(out, parts...)
			}
			got, _, _ := runFrames(t, plainFrames(out))
			same(t, fmt.Sprintf("segments of %d", size), name, got, want)
		}
	}
}

// Property: bytes from outside the window, in either direction and at any moment, hide
// no finding, whatever they look like.
func TestJunkOutsideTheWindow(t *testing.T) {
	const far = 50 << 20
	hello := "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" + strings.Repeat("j", 32) + "\x00\x00\x02\x00\x2f\x01\x00"
	for _, name := range segmentOnlyCaptures(t) {
		list := piecesOf(t, name)
		if slices.ContainsFunc(list[min(2, len(list)):], func(p piece) bool { return p.segment.Flags&decode.SYN != 0 }) {
			continue // several connections, each with its own sequence numbers
		}
		if len(list) < 4 || list[0].segment.Flags != decode.SYN || list[1].segment.Flags != decode.SYN|decode.ACK {
			continue // nothing says where the window is
		}
		want, _, _ := runFrames(t, plainFrames(list))
		for _, junk := range []string{"junk", hello, strings.Repeat("x", 1200)} {
			var frames []capture.Frame
			for i, p := range list {
				frames = append(frames, frameAt(p.time, p.plainFrame()))
				if i < 2 {
					continue
				}
				for n := range 30 {
					for _, way := range list[:2] {
						way.segment.Seq += uint32(far + n*100000)
						way.segment.Ack = p.segment.Ack
						way.segment.Flags, way.payload = decode.ACK|decode.PSH, []byte(junk)
						frames = append(frames, frameAt(p.time, way.plainFrame()))
					}
				}
			}
			got, _, _ := runFrames(t, frames)
			if junk == hello { // after the end it begins another handshake
				got = slices.DeleteFunc(got, func(e string) bool { return !slices.Contains(want, e) })
			}
			same(t, fmt.Sprintf("junk %.8q", junk), name, got, want)
		}
	}
}

// Property: packets in a tunnel do not change the findings outside of it, also if the
// tunnel has no number.
func TestTunnelsChangeNothingOutside(t *testing.T) {
	tunnels := slices.Concat(layers, innermost)
	for _, name := range []string{"openssl-tls10-sni.pcap", "openssl-tls10-refused.pcap", "java-tls13-sni.pcap", "postgresql-tls10.pcap"} {
		list := piecesOf(t, name)
		want, _, _ := runFrames(t, plainFrames(list))
		for _, l := range tunnels {
			if l.name == "none" || slices.Contains([]string{"mpls", "pppoe", "cisco metadata", "pseudowire"}, l.name) {
				continue // belongs to the link, or carries Ethernet
			}
			var frames []capture.Frame
			for _, p := range list {
				forged := p
				forged.payload = slices.Clone(p.payload)
				for i := range forged.payload {
					forged.payload[i] ^= 0xff
				}
				forged.segment.Seq += uint32(len(p.payload)) / 2
				frames = append(frames, frameAt(p.time, l.wrap(forged.plainFrame(), wrap.TCP(forged.segment, forged.payload))))
				frames = append(frames, frameAt(p.time, p.plainFrame()))
			}
			got, _, _ := runFrames(t, frames)
			same(t, "forged in "+l.name, name, got, want)
		}
	}
}
