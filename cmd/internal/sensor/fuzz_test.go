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

// transcript is the bytes that the two ends of a connection send.
type transcript struct{ client, server []byte }

// transcriptOf is the bytes of the first connection of a recorded capture, in the order
// of its segments.
func transcriptOf(t testing.TB, name string) (s transcript) {
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

// line is a connection to a sensor, which gets its segments.
type line struct {
	*Sensor
	seq [2]uint32 // next sequence numbers: the client's, the server's
}

// send sends a segment from the client (0) or the server (1).
func (l *line) send(from int, flags uint8, payload []byte) {
	p := l.sessions.Packet
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

// sendAll sends log, each element in one segment.
func (l *line) sendAll(log []sent) {
	l.send(0, decode.SYN, nil)
	l.send(1, decode.SYN, nil)
	for _, s := range log {
		l.send(s.from, 0, s.bytes)
	}
	l.send(0, decode.FIN, nil)
	l.send(1, decode.FIN, nil)
	l.table.Flush()
}

// exchange sends the bytes of both ends in turn, in segments of a size.
func (l *line) exchange(s transcript, size int) {
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

// verdicts describe what a sensor counts and delivers for a connection.
func verdicts(t *testing.T, s transcript, size int, flaggedOnly bool) (found []string) {
	p, err := policy.New(policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	unread := uint64(0) // in scope only by a certificate, which is not read if only flagged findings are wanted
	sensor := New(Options{
		Policy: p, FlaggedOnly: flaggedOnly, Flow: flow.Options{MaxFlows: 4},
		Names: names.NewStore(names.Options{}), Report: func(err error) { t.Error(err) },
		Emit: func(f *classify.Finding) bool { return f.Flagged },
		Deliver: func(f *classify.Finding) {
			hello := fmt.Sprintf("%+v", f.Hello)
			if f.HostSource == classify.NameCertificate && slices.Contains(f.Anomalies, policy.NameMismatch) {
				hello = "" // its details may not have been kept: see session.Session.outOfScope
			}
			found = append(found, fmt.Sprintf("delivered %s %q %q %s %s %+v", f.Verdict, f.Host, f.Anomalies, f.Reason, hello, f.Answer))
		},
		Tally: func(f *classify.Finding) {
			selected := "nothing"
			if f.Answer != nil {
				selected = f.Answer.Version.String()
			}
			inScope := f.InScope
			if inScope && !policy.Flaggable(f.Verdict) && f.HostSource == classify.NameCertificate && slices.Contains(f.Anomalies, policy.NameMismatch) {
				inScope = false
				unread++
			}
			found = append(found, fmt.Sprintf("counted %s %s in scope %v, selected %s", f.Verdict, f.Outcome, inScope, selected))
		},
	})
	(&line{Sensor: sensor}).exchange(s, size)
	st := sensor.stats
	return append(found, fmt.Sprintf("%d hellos, %d answers, %d malformed, %d incomplete, %d handshakes, %d flagged, %d in scope, %v",
		st.ClientHellos, st.ServerHellos, st.Malformed, st.Incomplete, st.Handshakes, st.Flagged, st.InScope-unread, st.Verdicts))
}

// FuzzSession sends any bytes from a client and a server, in segments of any size. A
// sensor that delivers only flagged findings, and keeps less, delivers and counts the
// same.
func FuzzSession(f *testing.F) {
	for _, name := range []string{
		"openssl-tls10-sni.pcap", "openssl-tls12-sni.pcap", "openssl-tls13-sni.pcap", "openssl-exposed.pcap",
		"openssl-name-suffix.pcap", "openssl-tls10-nosni.pcap", "openssl-tls10-wildcard.pcap",
		"openssl-tls13-retry.pcap", "openssl-tls10-records.pcap", "openssl-tls10-warning.pcap",
		"go-postquantum.pcap", "go-tls11-refused.pcap", "client-only.pcap", "server-only.pcap",
		"java-sslv2hello.pcap", "curl-connect.pcap", "curl-socks5.pcap", "postgresql-tls10.pcap", "freetds-tls10.pcap",
		"haproxy-v2.pcap", "haproxy-twice.pcap", "nats-tls12.pcap", "nbd-tls10.pcap", "vnc-tls10.pcap", "plain-http.pcap",
	} {
		s := transcriptOf(f, name)
		f.Add(s.client, s.server, uint16(1400))
		f.Add(s.client, s.server, uint16(7))
	}
	f.Add([]byte("CONNECT\n"), []byte("HTTP/1.1\n"), uint16(100))
	hello, answer := transcriptOf(f, "openssl-tls10-sni.pcap").client, transcriptOf(f, "openssl-tls10-sni.pcap").server
	for _, before := range []transcript{
		{nil, []byte("INFO {\"tls_required\":true}\r\n")}, {nil, []byte("16")}, {[]byte("\x00\x00\x00\x02GO"), []byte("OK")},
		{[]byte("AMQP\x02\x01\x00\x00"), []byte("AMQP\x02\x01\x00\x00")},
		{[]byte("GET http://a/ HTTP/1.1\r\n\r\nCONNECT a:443 HTTP/1.1\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n")},
	} {
		f.Add(append(before.client, hello...), append(before.server, answer...), uint16(1400))
		f.Add(append(before.client, hello...), append(before.server, answer...), uint16(3))
	}
	old := transcriptOf(f, "openssl-tls10-nosni.pcap")
	for _, before := range [][]byte{
		tlsRecord(20, 1), tlsRecord(24, 1), tlsRecord(99, 1, 2), tlsRecord(22, 0, 0, 0, 0), tlsRecord(22, 99, 0, 0, 1, 0), tlsRecord(22),
		slices.Concat(tlsRecord(21, 1), tlsRecord(21, 112)), tlsRecord(21, 1, 112, 2, 70), serverHelloFor(0x0303, 3, 4), clientHelloFor(0x0303, 3, 4),
	} {
		f.Add(slices.Concat(before, clientHelloTo("localhost", 0x0301)), slices.Concat(before, old.server), uint16(1400))
		f.Add(clientHelloTo("https://"+sqs+":443\x00", 0xffff, 3, 1), slices.Concat(before, serverHelloFor(0xffff, 3, 1)), uint16(3))
	}
	f.Fuzz(func(t *testing.T, client, server []byte, size uint16) {
		s := transcript{client[:min(len(client), 4096)], server[:min(len(server), 4096)]}
		segment := max(int(size), 1)
		all, flagged := verdicts(t, s, segment, false), verdicts(t, s, segment, true)
		if !slices.Equal(all, flagged) {
			t.Errorf("of all:     %q\nof flagged: %q", all, flagged)
		}
	})
}
