package sensor

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
)

// attacker sends from a new address and port each time.
type attacker struct{ n uint32 }

func (a *attacker) next() netip.AddrPort {
	a.n++
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], 0x0b000000|a.n>>4)
	return netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(1024+a.n&15))
}

var victim = netip.MustParseAddrPort("192.0.2.10:443")

func segment(s wrap.Segment, payload []byte, now int64) *capture.Frame {
	b := wrap.Ethernet(wrap.TCP(s, payload))
	return &capture.Frame{Time: now, Data: b, Length: len(b), Link: capture.LinkEthernet, Source: "flood"}
}

// A flood takes memory up to the bounds and no more, and a violation during it is still
// found.
func TestFloods(t *testing.T) {
	hello := read(t, "openssl-tls10-sni.pcap")
	half := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 1200)...)
	floods := map[string]func(*Sensor, netip.AddrPort, int64){
		"SYN": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, now))
		},
		"half hellos": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, now))
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Seq: 1, Flags: decode.ACK}, half, now))
		},
		"behind a hole": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, now))
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Seq: 5000, Flags: decode.ACK}, half, now))
		},
		"data of no known beginning": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Seq: 77, Flags: decode.ACK}, half[200:], now))
		},
	}
	connections := 150_000
	if testing.Short() || raceDetector {
		connections = 40_000
	}
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			found := 0
			s := newSensor(t, func(f *classify.Finding) {
				if f.Verdict == classify.Violation && f.Client.Addr() == netip.MustParseAddr("10.0.0.5") {
					found++
				}
			})
			var a attacker
			before := heap()
			for i := range connections {
				flood(s, a.next(), hello[0].Time+int64(i)*1000)
				if step := connections / len(hello); i%step == 0 && i/step < len(hello) {
					s.Process(&hello[i/step]) // the handshake goes on during the whole flood
				}
			}
			held := heap() - before
			s.table.Flush()
			stats := s.Stats().Flow
			t.Logf("%d connections: %d MiB held, %d evicted", connections, held>>20, stats.EvictedSum())
			if found != 1 {
				t.Errorf("the violation was reported %d times", found)
			}
			if held > 256<<20 {
				t.Errorf("%d MiB held", held>>20)
			}
		})
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// 200,000 connections that wait for the answer to a post-quantum hello fit into the
// memory that --memory 256 leaves for them, and the violation that came first is found.
// Whole hellos are not given up for a flood of half ones.
func TestManyWaitForAnswers(t *testing.T) {
	frames := read(t, "openssl-server-tls10.pcap")
	name := "dynamodb.us-west-2.amazonaws.com"
	whole := paddedHello(name, 4600) // as long as with a post-quantum key share
	half := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 1200)...)
	connections := 200_000
	if testing.Short() || raceDetector {
		connections = 20_000
	}
	for _, bytes := range [][]byte{whole, half} {
		found := 0
		s := newSensorWith(t, flow.Options{MaxFlows: 1 << 18, MaxBytes: 96 << 20}, func(f *classify.Finding) {
			if f.Verdict == classify.Violation && f.Flagged {
				found++
			}
		})
		s.sessions.FlaggedOnly = true
		s.options.Emit = func(f *classify.Finding) bool { return f.Flagged }
		answer := slices.IndexFunc(frames, func(f capture.Frame) bool { return f.Length > 1000 })
		for i := range frames[:answer] {
			s.Process(&frames[i])
		}
		a, before := attacker{}, heap()
		for i := range connections {
			at := frames[answer-1].Time + int64(i)*1000
			from := a.next()
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, at))
			s.Process(segment(wrap.Segment{Src: from, Dst: victim, Seq: 1, Flags: decode.ACK}, bytes, at))
		}
		held := heap() - before
		for i := range frames[answer:] {
			frames[answer+i].Time = max(frames[answer+i].Time, frames[answer-1].Time+int64(connections)*1000)
			s.Process(&frames[answer+i])
		}
		stats := s.table.Stats()
		t.Logf("%d connections of %d bytes: %d MiB held, %d evicted", connections, len(bytes), held>>20, stats.EvictedSum())
		if found != 1 {
			t.Errorf("%d violations found, want 1", found)
		}
		if held > 192<<20 { // with 28 MiB for the table and its queues
			t.Errorf("%d MiB held", held>>20)
		}
	}
}

// paddedHello is the record of a ClientHello of size bytes that offers TLS 1.3 and
// 1.2.
func paddedHello(name string, size int) []byte {
	hello := clientHelloTo(name, 0x0303, 3, 4, 3, 3)
	padding := size - len(hello)
	hello = append(hello, 0, 21, byte((padding-4)>>8), byte(padding-4))
	hello = append(hello, make([]byte, padding-4)...)
	record, body := len(hello)-5, len(hello)-9
	hello[3], hello[4] = byte(record>>8), byte(record)
	hello[7], hello[8] = byte(body>>8), byte(body)
	const extensions = 9 + 2 + 32 + 1 + 4 + 2
	n := len(hello) - extensions - 2
	hello[extensions], hello[extensions+1] = byte(n>>8), byte(n)
	return hello
}
