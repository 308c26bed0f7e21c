package sensor

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
)

// quietSource has a timeout twice after its frames, and ends.
type quietSource struct {
	frames []capture.Frame
	silent int
}

func (q *quietSource) Next(f *capture.Frame) error {
	if len(q.frames) > 0 {
		*f, q.frames = q.frames[0], q.frames[1:]
		return nil
	}
	if q.silent++; q.silent > 2 {
		return io.EOF
	}
	return capture.ErrTimeout
}

func (q *quietSource) Stats() capture.Stats { return capture.Stats{} }
func (q *quietSource) Close() error         { return nil }

// upToClientHello is a connection up to its ClientHello, as if captured at a time.
func upToClientHello(t *testing.T, at time.Time) []capture.Frame {
	frames := read(t, "openssl-tls10-sni.pcap")
	for i := range frames {
		frames[i].Time = at.UnixNano()
		if frames[i].Length > 100 {
			return frames[:i+1]
		}
	}
	t.Fatal("there is no hello in the capture")
	return nil
}

// An unanswered hello is reported in time even if no more frames come.
func TestSilenceEndsHandshakes(t *testing.T) {
	for name, test := range map[string]struct {
		live bool
		age  time.Duration
		want bool
	}{
		"long silent":          {true, 2 * time.Minute, true},
		"not long enough":      {true, 10 * time.Second, false},
		"a capture being read": {false, 2 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			var before []classify.Outcome
			found := 0
			s := newSensor(t, func(f *classify.Finding) { found++; before = append(before, f.Outcome) })
			s.options.Live = test.live
			silent := false
			src := &quietSource{frames: upToClientHello(t, time.Now().Add(-test.age))}
			if err := s.Run(src, func() bool {
				silent = silent || src.silent > 0 && found > 0
				return true
			}); err != nil {
				t.Fatal(err)
			}
			if silent != test.want || found != 1 {
				t.Errorf("reported while silent: %v, %d findings %v", silent, found, before)
			}
		})
	}
}

func TestNoticeComesWithTheHello(t *testing.T) {
	var noticed []string
	found := 0
	s := newSensor(t, func(*classify.Finding) { found++ })
	s.sessions.Notice = func(client, server netip.AddrPort, _ bool) {
		if found > 0 {
			t.Error("noticed after the finding")
		}
		noticed = append(noticed, client.Addr().String()+" "+server.String())
	}
	for _, f := range read(t, "openssl-tls10-sni.pcap") {
		s.Process(&f)
	}
	s.table.Flush()
	if len(noticed) != 1 || noticed[0] != "10.0.0.5 192.0.2.10:443" {
		t.Errorf("noticed %q", noticed)
	}
}

// Notice is not called for connections that cannot be flagged.
func TestNoticeOnlyOfWhatCanBeFlagged(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	s.sessions.FlaggedOnly = true
	s.sessions.Notice = func(client, server netip.AddrPort, _ bool) { t.Errorf("noticed %s to %s", client, server) }
	for _, f := range read(t, "openssl-lookalike-suffix.pcap") {
		s.Process(&f)
	}
	s.table.Flush()
}

// hesitantSource has a timeout before each frame.
type hesitantSource struct {
	quietSource
	waited bool
}

func (h *hesitantSource) Next(f *capture.Frame) error {
	if h.waited = !h.waited; h.waited {
		return capture.ErrTimeout
	}
	return h.quietSource.Next(f)
}

// MaxFrames counts frames, and not the times that none came: on an interface the kernel
// has something to say ten times a second.
func TestTimeoutsAreNoFrames(t *testing.T) {
	frames := read(t, "openssl-tls10-sni.pcap")
	for most := range len(frames) {
		source := &hesitantSource{quietSource: quietSource{frames: frames}}
		var events []string
		o := lineOptions(t, &events)
		o.MaxFrames = uint64(most + 1)
		if err := New(o).Run(source, func() bool { return true }); err != nil {
			t.Fatal(err)
		}
		if read := len(frames) - len(source.frames); read != most+1 {
			t.Errorf("%d frames were read, want %d", read, most+1)
		}
	}
}

// The period of a run is from the earliest to the latest time, in whatever order the
// frames come.
func TestPeriodOfFramesOutOfOrder(t *testing.T) {
	var frames []capture.Frame
	for _, at := range []int64{5e18, 9e18, 1e18, 7e18} {
		frames = append(frames, *segment(wrap.Segment{Src: victim, Dst: victim, Flags: decode.SYN}, nil, at))
	}
	for _, n := range []int{1, 3} {
		if _, stats := runWorkers(t, n, frames, func(*Options) {}); stats.First != 1e18 || stats.Last != 9e18 || stats.Time != 7e18 {
			t.Errorf("%d workers: from %d to %d, and %d", n, stats.First, stats.Last, stats.Time)
		}
	}
}
