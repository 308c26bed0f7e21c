package sensor

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/memory"
)

// dtlsHelloOf returns the first datagram of a recorded capture's client: a ClientHello.
func dtlsHelloOf(t testing.TB, name string) []byte {
	t.Helper()
	var p decode.Packet
	for _, f := range read(t, name) {
		if decode.New(decode.Options{}).Decode(&f, &p) == decode.Datagram {
			return p.Payload
		}
	}
	t.Fatal("no datagram")
	return nil
}

// withClientPort returns copies of frames whose client, 10.0.0.5, has another port.
func withClientPort(frames []capture.Frame, port uint16) (out []capture.Frame) {
	for _, f := range frames {
		b := append([]byte(nil), f.Data...)
		at := 36
		if [4]byte(b[26:30]) == [4]byte{10, 0, 0, 5} {
			at = 34
		}
		binary.BigEndian.PutUint16(b[at:], port)
		f.Data = b
		out = append(out, f)
	}
	return out
}

// A million conversations of UDP, at --memory 64: handshakes in DTLS are found as long as
// those that begin between a hello and its answer fit into the bound, and one of TCP is
// found in any case. Nothing of UDP takes room in TCP's table.
func TestDatagramFloods(t *testing.T) {
	shares, err := memory.Budget{Bytes: 64 << 20, Workers: 1}.Divide(16<<20, 0)
	if err != nil {
		t.Fatal(err)
	}
	conversations := 1_000_000
	if testing.Short() || raceDetector {
		conversations = 60_000
	}
	whole, random := dtlsHelloOf(t, "openssl-dtls12-sni.pcap"), rand.New(rand.NewPCG(1, 2))
	half := append([]byte(nil), whole...)
	half[15] |= 0x10 // the message is longer than this fragment
	for name, flood := range map[string]func(b []byte) []byte{
		"whole hellos": func(b []byte) []byte { return append(b, whole...) },
		"half hellos":  func(b []byte) []byte { return append(b, half...) },
		"junk":         func(b []byte) []byte { return binary.BigEndian.AppendUint64(b, random.Uint64()) },
	} {
		t.Run(name, func(t *testing.T) {
			found := map[string]int{}
			s := newSensor(t, func(f *classify.Finding) {
				if f.Client.Addr().String() == "10.0.0.5" && f.Verdict == classify.Violation && f.Flagged && f.Hello != nil && f.Answer != nil {
					found[f.Protocol.String()]++
				}
			})
			s = New(withBounds(s.options, &shares))
			tcp, dtls := read(t, "openssl-tls10-sni.pcap"), read(t, "openssl-dtls10-sni.pcap")
			var a attacker
			now, before, rounds := tcp[0].Time, heap(), 0
			payload := make([]byte, 0, 2000)
			push := func() {
				now += 1000
				from := a.next()
				payload = flood(payload[:0])
				if len(payload) > 100 {
					binary.BigEndian.PutUint32(payload[30:], a.n) // another random
				}
				b := wrap.Ethernet(wrap.UDP(from, victim, payload))
				s.Process(&capture.Frame{Time: now, Data: b, Length: len(b), Link: capture.LinkEthernet, Source: "flood"})
			}
			give := func(f *capture.Frame) { f.Time = now; s.Process(f) }
			const between = 1000 // of the flood, between two packets of a handshake
			for i := 0; int(a.n) < conversations; i++ {
				if i < len(tcp) {
					give(&tcp[i]) // one packet for each handshake in DTLS
				}
				for _, f := range withClientPort(dtls, uint16(20000+i)) {
					give(&f)
					for range between {
						push()
					}
				}
				rounds++
			}
			held := heap() - before
			s.flush()
			st := s.Stats()
			t.Logf("%d conversations, %d handshakes, %d MiB held, %d evicted, %d open in TCP's table",
				a.n, rounds, held>>20, st.Datagrams.EvictedSum(), st.Flow.Open)
			if found["dtls"] != rounds {
				t.Errorf("%d of %d handshakes in DTLS were found", found["dtls"], rounds)
			}
			if rounds >= len(tcp) && found["tls"] != 1 {
				t.Errorf("the violation over TCP was found %d times", found["tls"])
			}
			if limit := shares.Datagrams*5/4 + 24<<20; int64(held) > limit { // TCP's empty table, and kinds
				t.Errorf("%d MiB held, more than %d", held>>20, limit>>20)
			}
			if st.Flow.Flows > 1 {
				t.Errorf("%d flows in TCP's table", st.Flow.Flows)
			}
		})
	}
}

// withBounds returns options with the bounds of a run's memory.
func withBounds(o Options, shares *memory.Shares) Options {
	o.Flow, o.Datagrams = shares.FlowBounds(1), shares.DatagramBounds(1)
	return o
}
