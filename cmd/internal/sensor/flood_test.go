package sensor

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/decode/wrap"
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

// A flood may cost memory up to the bounds and no more, and a violation amid it
// is still found.
func TestFloods(t *testing.T) {
	hello := read(t, "openssl-tls10-sni.pcap")
	half := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 1200)...)
	floods := map[string]func(*Sensor, netip.AddrPort, int64){
		"SYN": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Take(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, now))
		},
		"half hellos": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Take(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, now))
			s.Take(segment(wrap.Segment{Src: from, Dst: victim, Seq: 1, Flags: decode.ACK}, half, now))
		},
		"behind a hole": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Take(segment(wrap.Segment{Src: from, Dst: victim, Flags: decode.SYN}, nil, now))
			s.Take(segment(wrap.Segment{Src: from, Dst: victim, Seq: 5000, Flags: decode.ACK}, half, now))
		},
		"data of no known beginning": func(s *Sensor, from netip.AddrPort, now int64) {
			s.Take(segment(wrap.Segment{Src: from, Dst: victim, Seq: 77, Flags: decode.ACK}, half[200:], now))
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
					s.Take(&hello[i/step]) // the handshake goes on all through the flood
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
