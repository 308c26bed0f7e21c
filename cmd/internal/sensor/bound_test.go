package sensor

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
)

// floodFrames are frames of tunnels: in turn, each sender has a tunnel with the packets
// of another old client, as many as its flood has events, a millisecond apart. With
// the zero sender, the packets are outside of tunnels.
func floodFrames(t testing.TB, began time.Duration, senders ...flood) (frames []capture.Frame) {
	t.Helper()
	packetBytes := transcriptOf(t, "openssl-tls10-sni.pcap").client
	at := began
	for i := 0; ; i++ {
		left := false
		for nth, s := range senders {
			if i >= s.events {
				continue
			}
			left = true
			hello := slices.Clone(packetBytes)
			binary.BigEndian.PutUint64(hello[11:], uint64(at)) // the random: otherwise it would be one connection, seen twice
			src, dst := netip.AddrPortFrom(nameClient(nth<<14+i), uint16(1024+i)), netip.MustParseAddrPort("192.0.2.10:443")
			e, seq := wrap.Ends{Src: s.sender, Dst: target}, uint32(at)
			for _, p := range [][]byte{
				wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: seq, Flags: decode.SYN}, nil),
				wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: seq + 1, Flags: decode.ACK}, hello),
				wrap.TCP(wrap.Segment{Src: dst, Dst: src, Seq: 500, Flags: decode.RST}, nil),
			} {
				if s.sender.IsValid() {
					p = wrap.VXLAN(e, s.vni, wrap.Ethernet(p))
				}
				at += time.Millisecond / 3
				frames = append(frames, frameAt(1_700_000_040e9+int64(at), wrap.Ethernet(p))) // 1,700,000,040 begins a minute
			}
		}
		if !left {
			return frames
		}
	}
}

type flood struct {
	sender netip.Addr
	vni    uint32
	events int
}

// eventsPerSender counts the events that were delivered for each sender.
func eventsPerSender(t testing.TB, n int, frames []capture.Frame, most int) (counts map[netip.Addr]int, events []string, stats Stats) {
	t.Helper()
	counts = map[netip.Addr]int{}
	withheld := 0
	events, stats = runWorkers(t, n, frames, func(o *Options) {
		o.TunnelEvents = most
		deliver := o.Deliver
		o.Deliver = func(f *classify.Finding) {
			counts[f.Sender]++
			deliver(f)
		}
		o.Withheld = func(f *classify.Finding) {
			if f.Sender != stranger || f.Reason == "" || f.Host == "" {
				t.Errorf("withheld: %+v", f)
			}
			withheld++
		}
	})
	if spent := uint64(withheld + len(events)); spent != stats.Handshakes {
		t.Errorf("%d workers: %d findings were withheld, %d delivered, of %d", n, withheld, len(events), stats.Handshakes)
	}
	return counts, events, stats
}

// A flood from one sender suppresses no event of another sender, or outside of all
// tunnels. Events that are not written are counted. One worker and several do the same.
func TestEventsOfATunnelsSenderAreBounded(t *testing.T) {
	quiet := netip.MustParseAddr("10.0.3.17")
	frames := floodFrames(t, 0, flood{stranger, 7, 2000}, flood{quiet, 8, 90}, flood{netip.Addr{}, 0, 700})
	_, all, _ := eventsPerSender(t, 1, frames, 0)
	if len(all) != 2790 {
		t.Fatalf("%d events without a bound", len(all))
	}
	var first []string
	for _, n := range []int{1, 2, 4} {
		counts, events, stats := eventsPerSender(t, n, frames, 600)
		want := map[netip.Addr]int{stranger: 600, quiet: 90, {}: 700}
		if fmt.Sprint(counts) != fmt.Sprint(want) {
			t.Errorf("%d workers: %v, want %v", n, counts, want)
		}
		if stats.Flagged != 2790 || stats.Handshakes != 2790 {
			t.Errorf("%d workers: %d flagged of %d handshakes", n, stats.Flagged, stats.Handshakes)
		}
		spot := blind.Spot{Cause: cause(t, "events_bounded"), Count: 1400, Top: []blind.Item{{Name: stranger.String(), Count: 1400}}}
		if spots := stats.Blind().Spots(); !slices.ContainsFunc(spots, func(s blind.Spot) bool { return fmt.Sprint(s) == fmt.Sprint(spot) }) {
			t.Errorf("%d workers: %v", n, spots)
		}
		if n == 1 {
			first = events
		}
		compareLines(t, events, first)
		again, _, _ := eventsPerSender(t, n, frames, 600)
		if fmt.Sprint(again) != fmt.Sprint(want) {
			t.Errorf("%d workers, again: %v", n, again)
		}
	}
}

// tenSecondsAfter are frames that let ten seconds pass: until then, a connection that
// was reset may go on.
func tenSecondsAfter(after []capture.Frame) (frames []capture.Frame) {
	at := after[len(after)-1].Time + int64(10*time.Second)
	for port := range uint16(3) {
		syn := wrap.TCP(wrap.Segment{Src: netip.AddrPortFrom(stranger, port), Dst: victim, Flags: decode.SYN}, nil)
		frames = append(frames, frameAt(at, wrap.Ethernet(syn)))
	}
	return frames
}

// Each minute of packet time has its own allowance, also after a pause.
func TestEachMinuteHasItsAllowance(t *testing.T) {
	var frames []capture.Frame
	for _, minute := range []time.Duration{0, 1, 2, 60} {
		frames = append(frames, floodFrames(t, minute*time.Minute, flood{stranger, 7, 50})...)
		frames = append(frames, tenSecondsAfter(frames)...)
	}
	for _, n := range []int{1, 2, 4} {
		counts, _, stats := eventsPerSender(t, n, frames, 30)
		if counts[stranger] != 4*30 || stats.Tunnels.Bounded.Total != 4*20 {
			t.Errorf("%d workers: %d written, %d counted", n, counts[stranger], stats.Tunnels.Bounded.Total)
		}
	}
}

// Connections that end with the capture count for its last minute, with any number of
// workers.
func TestBoundAtTheEnd(t *testing.T) {
	frames := floodFrames(t, 0, flood{stranger, 7, 60})
	frames = append(frames, tenSecondsAfter(frames)...)
	for i, f := range floodFrames(t, 20*time.Second, flood{stranger, 8, 300}) {
		if i%3 != 2 { // without the segments that reset the connections
			frames = append(frames, f)
		}
	}
	for _, n := range []int{1, 2, 4} {
		if counts, _, stats := eventsPerSender(t, n, frames, 100); counts[stranger] != 100 || stats.Tunnels.Bounded.Total != 260 {
			t.Errorf("%d workers: %d written, %d counted", n, counts[stranger], stats.Tunnels.Bounded.Total)
		}
	}
}

func flagged(sender netip.Addr) *classify.Finding {
	f := &classify.Finding{Flagged: true}
	f.Sender = sender
	return f
}

// A flood from forged senders takes bounded memory, and takes no allowance from senders
// that were there before. Its own events are bounded, too.
func TestForgedSendersShareOneAllowance(t *testing.T) {
	const most = 10
	o := &Options{TunnelEvents: most}
	var b allowances
	mirror := netip.MustParseAddr("10.0.3.17")
	forged := func(i int) netip.Addr {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 0xcb000000|uint32(i))))
	}
	minute := func(n int) int64 { return int64(n) * int64(time.Minute) }
	for m := range 5 {
		written := 0
		for i := range 3 * maxAllowances {
			if b.allows(o, flagged(forged(m*3*maxAllowances+i)), minute(m)) {
				written++
			}
			if i%(3*maxAllowances/most+1) == 0 && !b.allows(o, flagged(mirror), minute(m)) {
				t.Fatalf("minute %d: a mirror's event is withheld during the flood", m)
			}
		}
		if len(b.spent) > maxAllowances+1 || written > maxAllowances+most {
			t.Errorf("minute %d: %d senders are known, %d events were written", m, len(b.spent), written)
		}
		if m > 1 && written < most {
			t.Errorf("minute %d: %d events were written", m, written)
		}
	}
	if b.allows(o, flagged(mirror), minute(4)) {
		t.Error("the mirror has no bound")
	}
	if !b.allows(o, flagged(mirror), minute(3)) {
		t.Error("there is no allowance after time went back")
	}
	if !b.allows(o, flagged(netip.Addr{}), minute(4)) || !b.allows(o, &classify.Finding{}, minute(4)) || !b.allows(&Options{}, flagged(mirror), minute(4)) {
		t.Error("a finding that has no bound is withheld")
	}
	for range most {
		b.allows(o, flagged(mirror), minute(4))
	}
	both := flagged(mirror)
	both.Outside = true
	if !b.allows(o, both, minute(4)) {
		t.Error("a finding that was also seen outside of tunnels is withheld, because its copy came first")
	}
}
