package sensor

import (
	"fmt"
	"slices"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
)

// speech is what the two ends of a connection send.
type speech struct{ client, server []byte }

// saidIn is what was said in the first connection of a recorded capture, as the
// segments came.
func saidIn(t testing.TB, name string) (s speech) {
	var p decode.Packet
	decoder := decode.New(decode.Options{})
	client := uint16(0)
	for _, f := range read(t, name) {
		if decoder.Decode(&f, &p) != decode.Segment {
			continue
		}
		if client == 0 {
			client = p.SrcPort
		}
		switch client {
		case p.SrcPort:
			s.client = append(s.client, p.Payload...)
		case p.DstPort:
			s.server = append(s.server, p.Payload...)
		}
	}
	return s
}

// line is a connection, as a sensor sees it.
type line struct {
	*Sensor
	seq [2]uint32 // of the client, of the server
}

// send has the client or the server send a segment.
func (l *line) send(from int, flags uint8, payload []byte) {
	p := l.packet
	*p = decode.Packet{Time: p.Time + 1e6, Proto: decode.TCP, Flags: flags | decode.ACK, Seq: l.seq[from], Payload: payload}
	p.Src, p.Dst = decode.Addr{10: 0xff, 11: 0xff, 12: 10, 15: 1}, decode.Addr{10: 0xff, 11: 0xff, 12: 10, 15: 2}
	p.SrcPort, p.DstPort = 50000, 443
	if from == 1 {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	if flags == decode.SYN && from == 0 {
		p.Flags = flags
	}
	l.seq[from] += uint32(len(payload))
	if flags != 0 {
		l.seq[from]++
	}
	l.table.Push(p)
}

// run lets both ends say what they have to in turn, in segments of a size.
func (l *line) run(s speech, size int) {
	l.send(0, decode.SYN, nil)
	l.send(1, decode.SYN, nil)
	for len(s.client)+len(s.server) > 0 {
		for from, rest := range []*[]byte{&s.client, &s.server} {
			n := min(size, len(*rest))
			l.send(from, 0, (*rest)[:n])
			*rest = (*rest)[n:]
		}
	}
	l.send(0, decode.FIN, nil)
	l.send(1, decode.FIN, nil)
	l.table.Flush()
}

// verdicts are what a sensor finds in a connection: what it counts, and what it
// delivers.
func verdicts(t *testing.T, s speech, size int, flaggedOnly bool) (found []string) {
	p, err := policy.New(policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sensor := New(Options{
		Policy: p, FlaggedOnly: flaggedOnly, Flow: flow.Options{MaxFlows: 4},
		Names: names.NewStore(names.Options{}), Report: func(err error) { t.Error(err) },
		Emit: func(f *classify.Finding) bool { return f.Flagged },
		Deliver: func(f *classify.Finding) {
			found = append(found, fmt.Sprintf("delivered %s %q %q %s %+v %+v", f.Verdict, f.Host, f.Anomalies, f.Reason, f.Hello, f.Answer))
		},
		Tally: func(f *classify.Finding) {
			selected := "nothing"
			if f.Answer != nil {
				selected = f.Answer.Version.String()
			}
			found = append(found, fmt.Sprintf("counted %s %s in scope %v, selected %s", f.Verdict, f.Outcome, f.InScope, selected))
		},
	})
	(&line{Sensor: sensor}).run(s, size)
	st := sensor.stats
	return append(found, fmt.Sprintf("%d hellos, %d answers, %d malformed, %d incomplete, %d handshakes, %d flagged, %d in scope, %v",
		st.ClientHellos, st.ServerHellos, st.Malformed, st.Incomplete, st.Handshakes, st.Flagged, st.InScope, st.Verdicts))
}

// FuzzSession lets a client and a server say anything, in segments of any size:
// a sensor that delivers flagged findings only, and keeps less, finds and counts
// the same.
func FuzzSession(f *testing.F) {
	for _, name := range []string{
		"openssl-tls10-sni.pcap", "openssl-tls12-sni.pcap", "openssl-tls13-sni.pcap", "openssl-exposed.pcap",
		"openssl-name-suffix.pcap", "openssl-tls10-nosni.pcap", "openssl-tls10-wildcard.pcap",
		"openssl-tls13-retry.pcap", "openssl-tls10-records.pcap", "openssl-tls10-warning.pcap",
		"go-postquantum.pcap", "go-tls11-refused.pcap", "client-only.pcap", "server-only.pcap",
		"java-sslv2hello.pcap", "curl-connect.pcap", "curl-socks5.pcap", "postgresql-tls10.pcap", "freetds-tls10.pcap",
		"haproxy-v2.pcap", "plain-http.pcap",
	} {
		s := saidIn(f, name)
		f.Add(s.client, s.server, uint16(1400))
		f.Add(s.client, s.server, uint16(7))
	}
	f.Add([]byte("CONNECT\n"), []byte("HTTP/1.1\n"), uint16(100))
	f.Fuzz(func(t *testing.T, client, server []byte, size uint16) {
		s := speech{client[:min(len(client), 4096)], server[:min(len(server), 4096)]}
		segment := max(int(size), 1)
		all, flagged := verdicts(t, s, segment, false), verdicts(t, s, segment, true)
		if !slices.Equal(all, flagged) {
			t.Errorf("of all:     %q\nof flagged: %q", all, flagged)
		}
	})
}
