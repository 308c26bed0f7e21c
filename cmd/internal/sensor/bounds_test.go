package sensor

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
)

// sendScattered sends s in segments of one byte, every other one first.
func (l *line) sendScattered(s sent) {
	at := l.seq[s.from]
	for odd := 1; odd >= 0; odd-- {
		for i := odd; i < len(s.bytes); i += 2 {
			l.seq[s.from] = at + uint32(i)
			l.send(s.from, 0, s.bytes[i:i+1])
		}
	}
	l.seq[s.from] = at + uint32(len(s.bytes))
}

// newLine returns a connection to a new sensor, and the sensor's findings.
func newLine(t *testing.T) (*line, *[]classify.Finding) {
	found := new([]classify.Finding)
	s := newSensor(t, func(f *classify.Finding) { *found = append(*found, *f) })
	l := &line{Sensor: s}
	l.send(0, decode.SYN, nil)
	l.send(1, decode.SYN, nil)
	return l, found
}

// end ends the connection.
func (l *line) end() {
	l.send(0, decode.FIN, nil)
	l.send(1, decode.FIN, nil)
	l.table.Flush()
}

// TestScatteredHandshake: a handshake is found however its bytes are cut and ordered,
// within the bounds for buffered bytes.
func TestScatteredHandshake(t *testing.T) {
	for _, size := range []int{0, 1000} {
		hello := paddedHello(sqs, max(size, 200))
		l, found := newLine(t)
		l.sendScattered(sent{0, hello})
		l.sendScattered(sent{1, serverHelloFor(0x0301)})
		l.end()
		if f := *found; len(f) != 1 || !f[0].Flagged || f[0].Hello == nil || f[0].Answer == nil || !slices.Equal(f[0].Anomalies, []string{"selected_not_offered"}) {
			t.Errorf("a hello of %d bytes: %+v", len(hello), f)
		}
	}
}

// TestOverflow: a client that sends more pieces than are kept does not hide its hello,
// and has an anomaly. If its hello had to be given up, the connection is counted.
func TestOverflow(t *testing.T) {
	junk := func(l *line) {
		at := l.seq[0]
		for i := range uint32(2000) {
			l.seq[0] = at + 20_000 + 2*i
			l.send(0, 0, []byte{0x55})
		}
		l.seq[0] = at
	}
	l, found := newLine(t)
	junk(l)
	l.sendScattered(sent{0, clientHelloFor(0x0301)})
	l.send(1, 0, serverHelloFor(0x0301))
	l.end()
	if f := *found; len(f) != 1 || !f[0].Flagged || !slices.Equal(f[0].Anomalies, []string{"tcp_overflow"}) {
		t.Errorf("%+v", f)
	}
	if u := l.Stats().Unseen; u.LostBytes != 0 {
		t.Errorf("%+v", u)
	}

	l, found = newLine(t)
	junk(l)
	l.end()
	if u := l.Stats().Unseen; u.LostBytes != 1 || len(*found) != 0 {
		t.Errorf("%+v; %+v", u, *found)
	}
}

// TestHelloOutsideTheWindow: a hello after more lost bytes than a window has is not
// found, and the connection is counted.
func TestHelloOutsideTheWindow(t *testing.T) {
	l, found := newLine(t)
	l.send(1, 0, []byte("220 mx ESMTP\r\n"))
	l.send(0, 0, []byte("EHLO x\r\n"))
	l.seq[0] += 2 << 20
	l.send(0, 0, clientHelloFor(0x0301))
	l.end()
	if u := l.Stats().Unseen; u != (blind.Unseen{LostBytes: 1}) || len(*found) != 0 {
		t.Errorf("%+v; %+v", u, *found)
	}
}

// TestRecordsBeforeTheHello: records that may be skipped before a hello are skipped,
// however many there are.
func TestRecordsBeforeTheHello(t *testing.T) {
	for name, record := range map[string][]byte{"empty": tlsRecord(22), "heartbeat": tlsRecord(24, 1)} {
		for from := range 2 {
			said := []sent{{0, clientHelloFor(0x0301)}, {1, serverHelloFor(0x0301)}}
			said[from].bytes = slices.Concat(bytes.Repeat(record, 1024/len(record)), said[from].bytes)
			found := findings(t, said, 1400, false)
			if len(found) != 1 || !found[0].Flagged || found[0].Hello == nil || found[0].Answer == nil || !strings.Contains(strings.Join(found[0].Anomalies, " "), "record") {
				t.Errorf("%s from %d: %+v", name, from, found)
			}
		}
	}
}

// inRecords puts a handshake message into as many records as it needs.
func inRecords(message []byte) (b []byte) {
	for part := range slices.Chunk(message, 16000) {
		b = append(b, tlsRecord(22, part...)...)
	}
	return b
}

// longHello is a ClientHello with 60 kB of extensions and the given bytes of cipher
// suites.
func longHello(ciphers int) []byte {
	const list = 4 + 2 + 32 + 1 // offset of the length of the cipher suites
	b := paddedHello(sqs, 60_001)[5:]
	n := int(binary.BigEndian.Uint16(b[list:])) + ciphers
	b = slices.Concat(b[:list], []byte{byte(n >> 8), byte(n)}, bytes.Repeat([]byte{0xc0, 0x13}, ciphers/2), b[list+2:])
	b[1], b[2], b[3] = byte((len(b)-4)>>16), byte((len(b)-4)>>8), byte(len(b)-4)
	return b
}

// TestOversizedMessages: of a hello that is too long to be collected, the beginning is
// judged, and later hellos do not replace it. A certificate that is too long is an
// anomaly.
func TestOversizedMessages(t *testing.T) {
	long, longest := inRecords(longHello(30_000)), inRecords(longHello(parse.MaxMessage+4-len(longHello(0))))
	other := clientHelloTo("www.example.com", 0x0303, 3, 4)
	answer := serverHelloFor(0x0301)
	const most = parse.MaxCertificateMessage
	certificate := inRecords(slices.Concat([]byte{11, (most + 1) >> 16, (most + 1) >> 8 & 0xff, (most + 1) & 0xff}, make([]byte, most+1)))
	for name, tt := range map[string]struct {
		log       []sent
		odd       string
		malformed uint64
	}{
		"as long as is collected": {[]sent{{0, longest}, {1, answer}}, "hello_split_records selected_not_offered", 0},
		"too long":                {[]sent{{0, long}, {1, answer}}, "oversized_message hello_cut selected_not_offered", 1},
		"too long, then another":  {[]sent{{0, long}, {0, other}, {1, answer}}, "oversized_message hello_cut selected_not_offered", 1},
		"too long, no end":        {[]sent{{0, long[:80_000]}, {1, answer}}, "oversized_message hello_cut selected_not_offered", 1},
		"a certificate":           {[]sent{{0, clientHelloFor(0x0301)}, {1, slices.Concat(answer, certificate)}}, "oversized_message", 0},
	} {
		for _, flaggedOnly := range []bool{false, true} {
			for _, size := range []int{1400, 60_000} {
				var found []classify.Finding
				s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
				s.sessions.FlaggedOnly = flaggedOnly
				(&line{Sensor: s}).sendAll(inSegments(tt.log, size))
				if len(found) != 1 || !found[0].Flagged || found[0].SNI != sqs || strings.Join(found[0].Anomalies, " ") != tt.odd {
					t.Errorf("%s, flagged only %v, segments of %d: %+v", name, flaggedOnly, size, found)
				}
				if st := s.Stats(); st.Malformed != tt.malformed || st.Unseen != (blind.Unseen{}) {
					t.Errorf("%s: %d malformed, %+v", name, st.Malformed, st.Unseen)
				}
			}
		}
	}
}

// TestLongPreambles: if a preamble is too long to be read to its end, and TLS could have
// followed, the connection is counted. With a hello, its event has an anomaly.
func TestLongPreambles(t *testing.T) {
	text := func(from int, s string) sent { return sent{from, []byte(s)} }
	greeting := text(1, "220 mx ESMTP\r\n")
	for name, tt := range map[string]struct {
		log  []sent
		want blind.Unseen
		odd  string // anomalies of the event; empty: there is no event
	}{
		"commands":                  {[]sent{greeting, text(0, "EHLO x\r\n"+strings.Repeat("NOOP\r\n", 6000))}, blind.Unseen{LongPreambles: 1}, ""},
		"commands, and then hello":  {[]sent{greeting, text(0, "EHLO x\r\n"+strings.Repeat("NOOP\r\n", 6000)), {0, clientHelloFor(0x0301)}}, blind.Unseen{LongPreambles: 1}, ""},
		"in place of an answer":     {[]sent{{0, clientHelloFor(0x0301)}, {1, bytes.Repeat([]byte{0xde, 0xad}, 20_000)}}, blind.Unseen{LongPreambles: 1}, "long_preamble"},
		"a mail":                    {[]sent{greeting, text(0, "EHLO x\r\nDATA\r\n"+strings.Repeat("text\r\n", 9000))}, blind.Unseen{}, ""},
		"a download":                {[]sent{text(0, "GET / HTTP/1.1\r\n\r\n"), text(1, "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n"+strings.Repeat("text", 10_000))}, blind.Unseen{}, ""},
		"no protocol that is known": {[]sent{{0, bytes.Repeat([]byte{0xde, 0xad}, 20_000)}, {1, bytes.Repeat([]byte{0xbe, 0xef}, 20_000)}}, blind.Unseen{}, ""},
	} {
		for _, size := range []int{1400, 60_000} {
			var found []classify.Finding
			s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
			(&line{Sensor: s}).sendAll(inSegments(tt.log, size))
			if u := s.Stats().Unseen; u != tt.want {
				t.Errorf("%s, in segments of %d: %+v", name, size, u)
			}
			if len(found) != len(strings.Fields(tt.odd)) || len(found) == 1 && strings.Join(found[0].Anomalies, " ") != tt.odd {
				t.Errorf("%s, in segments of %d: %+v", name, size, found)
			}
		}
	}
}

// TestOversizedRecord: after a record that is longer than TLS allows, its direction is
// no longer read, and the event has an anomaly.
func TestOversizedRecord(t *testing.T) {
	long := slices.Concat([]byte{22, 3, 1, 0x60, 0}, bytes.Repeat([]byte{0xee}, 0x6000))
	hello, answer := clientHelloFor(0x0301), serverHelloFor(0x0301)
	for name, log := range map[string][]sent{
		"behind the answer":     {{0, hello}, {1, slices.Concat(answer, long)}},
		"in place of an answer": {{0, hello}, {1, slices.Concat(tlsRecord(22, 0, 0, 0, 0), long, answer)}},
	} {
		found := findings(t, log, 1400, false)
		if len(found) != 1 || !slices.Contains(found[0].Anomalies, "oversized_record") || !found[0].Flagged {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// TestHelloAfterSilence: if a connection was silent so long that it was forgotten, and
// goes on with a hello, that is found.
func TestHelloAfterSilence(t *testing.T) {
	for name, before := range map[string][]sent{
		"nothing":  nil,
		"a dialog": {{1, []byte("220 mx ESMTP\r\n")}, {0, []byte("EHLO x\r\nSTARTTLS\r\n")}, {1, []byte("250 mx\r\n220 go\r\n")}},
	} {
		l, found := newLine(t)
		for _, s := range before {
			l.send(s.from, 0, s.bytes)
		}
		for range 300 { // seconds, in steps that the clock accepts
			l.sessions.Packet.Time += 1e9
			l.table.Expire(l.sessions.Packet.Time)
		}
		if open := l.Stats().Flow.Open; open != 0 {
			t.Fatalf("%s: %d connections open", name, open)
		}
		l.send(0, 0, clientHelloFor(0x0301))
		l.send(1, 0, serverHelloFor(0x0301))
		l.end()
		if f := *found; len(f) != 1 || !f[0].Flagged || f[0].Hello == nil || f[0].Answer == nil {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
