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

// flooding is the frames of tunnels: each of the senders has so many old clients
// tell of themselves, in turn, a millisecond apart.
func flooding(t testing.TB, began time.Duration, senders ...flood) (frames []capture.Frame) {
	t.Helper()
	spoken := saidIn(t, "openssl-tls10-sni.pcap").client
	at := began
	for i := 0; ; i++ {
		left := false
		for nth, s := range senders {
			if i >= s.events {
				continue
			}
			left = true
			hello := slices.Clone(spoken)
			binary.BigEndian.PutUint64(hello[11:], uint64(at)) // the random: else it would be one connection, seen twice
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

// perSender counts the events that were delivered of each sender.
func perSender(t testing.TB, n int, frames []capture.Frame, most int) (counts map[netip.Addr]int, events []string, stats Stats) {
	t.Helper()
	counts = map[netip.Addr]int{}
	events, stats = toldBy(t, n, frames, func(o *Options) {
		o.TunnelEvents = most
		deliver := o.Deliver
		o.Deliver = func(f *classify.Finding) {
			counts[f.Sender]++
			deliver(f)
		}
	})
	return counts, events, stats
}

// A flood from one sender costs no other's event, nor one outside of all tunnels,
// and what is not written is counted: with one worker, and the same with several.
func TestEventsOfATunnelsSenderAreBounded(t *testing.T) {
	quiet := netip.MustParseAddr("10.0.3.17")
	frames := flooding(t, 0, flood{stranger, 7, 2000}, flood{quiet, 8, 90}, flood{netip.Addr{}, 0, 700})
	_, all, _ := perSender(t, 1, frames, 0)
	if len(all) != 2790 {
		t.Fatalf("%d events without a bound", len(all))
	}
	var first []string
	for _, n := range []int{1, 2, 4} {
		counts, events, stats := perSender(t, n, frames, 600)
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
		again, _, _ := perSender(t, n, frames, 600)
		if fmt.Sprint(again) != fmt.Sprint(want) {
			t.Errorf("%d workers, again: %v", n, again)
		}
	}
}

// passing is frames that let ten seconds pass: until then, a connection that was
// reset may go on.
func passing(after []capture.Frame) (frames []capture.Frame) {
	at := after[len(after)-1].Time + int64(10*time.Second)
	for port := range uint16(3) {
		syn := wrap.TCP(wrap.Segment{Src: netip.AddrPortFrom(stranger, port), Dst: victim, Flags: decode.SYN}, nil)
		frames = append(frames, frameAt(at, wrap.Ethernet(syn)))
	}
	return frames
}

// Each minute of packet time has its allowance, also behind a pause.
func TestEachMinuteHasItsAllowance(t *testing.T) {
	var frames []capture.Frame
	for _, minute := range []time.Duration{0, 1, 2, 60} {
		frames = append(frames, flooding(t, minute*time.Minute, flood{stranger, 7, 50})...)
		frames = append(frames, passing(frames)...)
	}
	for _, n := range []int{1, 2, 4} {
		counts, _, stats := perSender(t, n, frames, 30)
		if counts[stranger] != 4*30 || stats.Tunnels.Bounded.Total != 4*20 {
			t.Errorf("%d workers: %d written, %d counted", n, counts[stranger], stats.Tunnels.Bounded.Total)
		}
	}
}

// What ends with the capture is of its last minute, whatever the workers.
func TestBoundAtTheEnd(t *testing.T) {
	frames := flooding(t, 0, flood{stranger, 7, 60})
	frames = append(frames, passing(frames)...)
	for i, f := range flooding(t, 20*time.Second, flood{stranger, 8, 300}) {
		if i%3 != 2 { // without what resets them
			frames = append(frames, f)
		}
	}
	for _, n := range []int{1, 2, 4} {
		if counts, _, stats := perSender(t, n, frames, 100); counts[stranger] != 100 || stats.Tunnels.Bounded.Total != 260 {
			t.Errorf("%d workers: %d written, %d counted", n, counts[stranger], stats.Tunnels.Bounded.Total)
		}
	}
}

func flagged(sender netip.Addr) *classify.Finding {
	f := &classify.Finding{Flagged: true}
	f.Sender = sender
	return f
}

// A flood from forged senders costs bounded memory and nothing of those that were
// there before; what it may have is bounded, too.
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
				t.Fatalf("minute %d: a mirror's event is refused amid the flood", m)
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
		t.Error("time that goes back has no allowance")
	}
	if !b.allows(o, flagged(netip.Addr{}), minute(4)) || !b.allows(o, &classify.Finding{}, minute(4)) || !b.allows(&Options{}, flagged(mirror), minute(4)) {
		t.Error("what has no bound is refused")
	}
	for range most {
		b.allows(o, flagged(mirror), minute(4))
	}
	both := flagged(mirror)
	both.Outside = true
	if !b.allows(o, both, minute(4)) {
		t.Error("what was seen outside is refused, because its copy was seen first")
	}
}
