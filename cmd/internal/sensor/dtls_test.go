package sensor

import (
	"encoding/binary"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/classify"
)

// findingsFrom processes frames, all in the order given and a millisecond apart, and returns
// copies of the findings at the end.
func findingsFrom(t testing.TB, change func(*Options), frames ...[]capture.Frame) (all []classify.Finding, s *Sensor) {
	t.Helper()
	s = newSensor(t, func(f *classify.Finding) { all = append(all, *f) })
	if change != nil {
		o := s.options
		change(&o)
		s = New(o)
	}
	now := frames[0][0].Time
	for _, some := range frames {
		for _, f := range some {
			now += 1e6
			f.Time = now
			s.Process(&f)
		}
	}
	s.flush()
	return all, s
}

// readDatagrams returns the frames of a recorded capture that are UDP over IPv4.
func readDatagrams(t testing.TB, name string) (frames []capture.Frame) {
	t.Helper()
	for _, f := range read(t, name) {
		if binary.BigEndian.Uint16(f.Data[12:]) == 0x0800 && f.Data[23] == decode.UDP {
			frames = append(frames, f)
		}
	}
	return frames
}

// A client of DTLS that uses its port again makes another handshake.
func TestDTLSPortUsedAgain(t *testing.T) {
	first, second := withClientPort(readDatagrams(t, "openssl-dtls10-sni.pcap"), 20000), withClientPort(readDatagrams(t, "openssl-dtls12-cookie.pcap"), 20000)
	all, _ := findingsFrom(t, nil, first, second)
	if len(all) != 2 || all[0].Verdict != classify.Violation || all[1].Verdict != classify.OK {
		t.Errorf("%d findings", len(all))
	}
	// Also while the first is under way: its answer never comes.
	all, _ = findingsFrom(t, nil, first[:1], second)
	if len(all) != 2 || all[0].Answer != nil || all[1].Verdict != classify.OK {
		t.Errorf("%d findings when the first is under way", len(all))
	}
}

// A hello that comes again after the handshake is no other one.
func TestDTLSHelloComesLate(t *testing.T) {
	frames := readDatagrams(t, "openssl-dtls10-sni.pcap")
	all, s := findingsFrom(t, nil, frames, frames[:3], frames[:1])
	if len(all) != 1 {
		t.Errorf("%d findings", len(all))
	}
	if st := s.Stats().Datagrams; st.Open != 0 || st.Bytes != 0 {
		t.Errorf("%+v", st)
	}
}

// DTLS may use any port, also DNS's, and shares one with STUN and RTP.
func TestDTLSOnAnyPort(t *testing.T) {
	var frames []capture.Frame
	for _, f := range readDatagrams(t, "openssl-dtls10-sni.pcap") {
		b := append([]byte(nil), f.Data...)
		for _, at := range []int{34, 36} {
			if binary.BigEndian.Uint16(b[at:]) == 4433 {
				binary.BigEndian.PutUint16(b[at:], portDNS)
			}
		}
		f.Data = b
		frames = append(frames, f)
		for _, other := range [][]byte{
			{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, // STUN (RFC 8489, 5)
			{0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 7},                              // RTP (RFC 3550, 5.1)
			{0x40, 0, 0, 4, 1, 2, 3, 4},                                                 // TURN (RFC 8656, 12.4)
		} {
			c := f
			c.Data = append(append([]byte(nil), b[:42]...), other...)
			binary.BigEndian.PutUint16(c.Data[16:], uint16(28+len(other)))
			binary.BigEndian.PutUint16(c.Data[38:], uint16(8+len(other)))
			c.Length = len(c.Data)
			frames = append(frames, c)
		}
	}
	all, _ := findingsFrom(t, nil, frames)
	if len(all) != 1 || all[0].Outcome != classify.Established || all[0].Server.Port() != portDNS || !all[0].HelloVerify {
		t.Errorf("%+v", all)
	}
}

// A tunnel whose sender is not believed brings no handshake of DTLS, either.
func TestDTLSInTunnelNotBelieved(t *testing.T) {
	all, s := findingsFrom(t, func(o *Options) { o.Decode.Trust = decode.Trust{Limited: true} }, read(t, "openssl-dtls10-vxlan.pcap"))
	if len(all) != 0 || s.Stats().Decode.Results[decode.Disbelieved] == 0 {
		t.Errorf("%d findings", len(all))
	}
}

// A hello without an answer ends although no more datagrams come.
func TestDTLSUnanswered(t *testing.T) {
	frames := readDatagrams(t, "openssl-dtls10-unanswered.pcap")
	var all []classify.Finding
	s := newSensor(t, func(f *classify.Finding) { all = append(all, *f) })
	for i := range frames {
		s.Process(&frames[i])
	}
	for i := range int64(200) {
		s.frame.Time = frames[len(frames)-1].Time + i*1e9
		s.pulse()
	}
	if len(all) != 1 || all[0].Outcome != classify.Unanswered || all[0].Verdict != classify.Attempt {
		t.Errorf("%+v", all)
	}
}

// The beginning of a hello whose last fragment is lost counts, as far as it goes.
func TestDTLSHelloCut(t *testing.T) {
	all, s := findingsFrom(t, nil, readDatagrams(t, "openssl-dtls12-fragments.pcap")[:1])
	if len(all) != 1 || !all[0].Hello.Cut || all[0].Hello.LegacyVersion.String() != "DTLSv1.2" {
		t.Errorf("%+v", all)
	}
	if u := s.Stats().Unseen; u.LostBytes != 1 {
		t.Errorf("%+v", u)
	}
}

// Of a settled conversation in DTLS, datagrams cost a look-up and allocate nothing; those
// of no protocol that is followed cost less.
func TestDatagramsAllocateNothing(t *testing.T) {
	s := newSensor(t, func(*classify.Finding) {})
	frames := readDatagrams(t, "openssl-dtls12-sni.pcap")
	for i := range frames {
		s.Process(&frames[i])
	}
	last := &frames[len(frames)-1]
	junk := *last
	junk.Data = append([]byte(nil), last.Data...)
	junk.Data[42] = 0x80
	for _, f := range []*capture.Frame{last, &junk} {
		if n := testing.AllocsPerRun(100, func() { s.Process(f) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func BenchmarkDatagram(b *testing.B) {
	s := benchSensor(b, true)
	frames := readDatagrams(b, "openssl-dtls12-sni.pcap")
	for i := range frames {
		s.Process(&frames[i])
	}
	settled := frames[len(frames)-1]
	foreign := settled
	foreign.Data = append([]byte(nil), settled.Data...)
	foreign.Data[42] = 0x80
	hello := frames[0]
	for name, f := range map[string]*capture.Frame{"settled": &settled, "foreign": &foreign} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Process(f)
			}
		})
	}
	b.Run("hello", func(b *testing.B) { // from its frame to its finding
		b.ReportAllocs()
		for b.Loop() {
			s.Process(&hello)
			s.datagrams.Flush()
		}
	})
}
