package sensor

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// tls10Handshake is a handshake of TLS 1.0 with a name in scope.
func tls10Handshake(t *testing.T) []sent {
	server := &tls.Config{Certificates: []tls.Certificate{certificateFor(t, func(*x509.Certificate) {})}, MinVersion: tls.VersionTLS10}
	client := &tls.Config{ServerName: "sqs.us-east-1.amazonaws.com", InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	return joinRuns(handshakeOf(t, client, server))
}

// joinRuns joins elements in a row that come from the same side.
func joinRuns(log []sent) (out []sent) {
	for _, s := range log {
		if n := len(out); n > 0 && out[n-1].from == s.from {
			out[n-1].bytes = append(slices.Clone(out[n-1].bytes), s.bytes...)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// inSegments cuts the bytes in log into segments of at most size bytes.
func inSegments(log []sent, size int) (out []sent) {
	for _, s := range log {
		for rest := s.bytes; len(rest) > 0; {
			n := min(size, len(rest))
			out = append(out, sent{s.from, rest[:n]})
			rest = rest[n:]
		}
	}
	return out
}

func fromClient(text string) sent { return sent{0, []byte(text)} }
func fromServer(text string) sent { return sent{1, []byte(text)} }

// prepend puts text before the bytes of s.
func prepend(text string, s sent) sent { return sent{s.from, append([]byte(text), s.bytes...)} }

func findingsIn(t *testing.T, frames []capture.Frame) (got []classify.Finding) {
	t.Helper()
	s := newSensor(t, func(f *classify.Finding) { got = append(got, *f) })
	for i := range frames {
		s.Process(&frames[i])
	}
	s.table.Flush()
	return got
}

// TestAnswerBehindUnknownBytesWithoutSYN: the opening was not captured, and the server
// sends its answer after other bytes, in the same segment.
func TestAnswerBehindUnknownBytesWithoutSYN(t *testing.T) {
	hs := tls10Handshake(t)
	for name, greeting := range map[string]string{"a line": "CUSTOM proxy 1.0\r\n", "binary": "\x00\x03\xf1\x02\x03", "two bytes": "16"} {
		frames := connection(append([]sent{hs[0], prepend(greeting, hs[1])}, hs[2:]...))
		if got := findingsIn(t, frames[2:]); len(got) != 1 || !got[0].Flagged || got[0].Answer == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestHelloInAFile: the bytes of a hello in a client's lines of text are no handshake,
// unless the server answers them.
func TestHelloInAFile(t *testing.T) {
	hello := tls10Handshake(t)[0]
	log := strings.Repeat("Nov 27 21:00:00 host program: nothing happened\n", 10)
	for name, text := range map[string]string{
		"a log":                  log + string(hello.bytes),
		"a value of memcached":   "set key 0 0 200\r\n" + string(hello.bytes) + "\r\n",
		"a line behind others":   "x\n" + string(hello.bytes) + "\n",
		"in the midst of a line": "x" + string(hello.bytes),
	} {
		if got := findingsIn(t, connection([]sent{fromClient(text), fromServer("STORED\r\n"), fromClient("quit\r\n")})); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestUnknownBytesBeforeTLS: both sides send bytes of no known protocol, before their
// hellos or between them, in segments of any size.
func TestUnknownBytesBeforeTLS(t *testing.T) {
	const binary = "\x00\x00\x00\x0c\xa7\x01greet\x00\xf1\x02\x03\x04"
	nats := "INFO {\"server_id\":\"N\",\"tls_required\":true,\"connect_urls\":[\"" + strings.Repeat("10.0.0.1:4222\",\"", 200) + "\"]} \r\n"
	hs := tls10Handshake(t)
	hello, answer, rest := hs[0], hs[1], hs[2:]
	for name, k := range map[string]struct {
		log      []sent
		starttls string
	}{
		"a line of the server's":             {[]sent{fromServer("CUSTOM proxy 1.0\r\n"), hello, answer}, "other-prefix"},
		"a greeting that SMTP may have":      {[]sent{fromServer("220 gate: TLS required\r\n"), hello, answer}, "smtp"},
		"a greeting that POP3 may have":      {[]sent{fromServer("+OK gate\r\nwelcome!\r\n"), hello, answer}, "other-prefix"},
		"two bytes":                          {[]sent{fromServer("16"), hello, answer}, "checkmk"},
		"one byte":                           {[]sent{fromServer("\x07"), hello, answer}, "other-prefix"},
		"text without a line end":            {[]sent{fromServer("WELCOME to nobody's server"), hello, answer}, "other-prefix"},
		"a long line":                        {[]sent{fromServer(nats), hello, answer}, "nats"},
		"many lines":                         {[]sent{fromServer(strings.Repeat("This host is watched.\r\n", 600)), hello, answer}, "other-prefix"},
		"binary":                             {[]sent{fromServer(binary), hello, answer}, "other-prefix"},
		"binary that resembles SOCKS4":       {[]sent{fromServer("\x04\x02\x00\x09welcome"), hello, answer}, "other-prefix"},
		"binary that resembles SOCKS5":       {[]sent{fromServer("\x05\x07\x00\x09welcome"), hello, answer}, "other-prefix"},
		"binary that resembles a request":    {[]sent{fromServer("\x00\x00\x00\x08welcome!"), hello, answer}, "other-prefix"},
		"a request that resembles SOCKS4":    {[]sent{fromClient("\x04\x02\x00\x09secure"), hello, answer}, "other-prefix"},
		"a request that resembles TDS":       {[]sent{fromClient("\x12\x01\x00\x09\x00\x00\x00\x01\x00secure"), hello, answer}, "other-prefix"},
		"binary that resembles a hello":      {[]sent{fromServer("\x16\x03\x01\xff\x30\x02\x00\x00\x2c\x07"), hello, answer}, "other-prefix"},
		"binary that resembles LDAP":         {[]sent{fromServer("0\x20\x02\x01\x01\x78\x07"), hello, answer}, "other-prefix"},
		"a line in the answer's segment":     {[]sent{fromServer("x\n"), hello, prepend("READY\r\n", answer)}, "other-prefix"},
		"binary in the answer's segment":     {[]sent{fromServer("x\n"), hello, prepend(binary, answer)}, "other-prefix"},
		"a greeting behind the hello":        {[]sent{hello, fromServer("HELLO from 10.0.0.1\r\n"), answer}, "other-prefix"},
		"binary behind the hello":            {[]sent{hello, fromServer(binary), answer}, "other-prefix"},
		"joined to the answer":               {[]sent{hello, prepend(binary, answer)}, "other-prefix"},
		"a line joined to the answer":        {[]sent{hello, prepend("HELLO from 10.0.0.1\r\n", answer)}, "other-prefix"},
		"half a greeting behind the hello":   {[]sent{fromServer("HELLO fr"), hello, fromServer("om 10.0.0.1\r\n"), answer}, "other-prefix"},
		"in two segments of the server's":    {[]sent{fromServer("HELLO\r\n"), fromServer("10.0.0.1\r\n"), hello, answer}, "other-prefix"},
		"a line of the client's":             {[]sent{fromClient("SECURE please\n"), hello, answer}, "other-prefix"},
		"a line in the hello's segment":      {[]sent{prepend("SECURE please\r\n", hello), answer}, "other-prefix"},
		"two lines in the hello's segment":   {[]sent{prepend("  V2\nIDENTIFY\n", hello), answer}, "other-prefix"},
		"binary of the client's":             {[]sent{fromClient(binary), hello, answer}, "other-prefix"},
		"binary in the hello's segment":      {[]sent{prepend(binary, hello), answer}, "other-prefix"},
		"asked, and OK":                      {[]sent{fromClient("SECURE please\n"), fromServer("OK\n"), hello, answer}, "other-prefix"},
		"asked, and OK without a line end":   {[]sent{fromClient("GO"), fromServer("OK"), hello, answer}, "other-prefix"},
		"asked in binary, and answered":      {[]sent{fromClient("\x00\x00\x00\x02\xca\xfe"), fromServer("\x00\x00\x00\x01\x01"), hello, answer}, "other-prefix"},
		"greeted, asked, and OK":             {[]sent{fromServer("CUSTOM 1.0\n"), fromClient("SECURE please\n"), fromServer("OK\n"), hello, answer}, "other-prefix"},
		"greeted like SMTP, asked, and OK":   {[]sent{fromServer("220 gate\r\n"), fromClient("SECURE please\n"), fromServer("OK\n"), hello, answer}, "other-prefix"},
		"six turns":                          {[]sent{fromServer("A1\n"), fromClient("B1\n"), fromServer("A2\n"), fromClient("B2\n"), fromServer("A3\n"), fromClient("B3\n"), hello, answer}, "other-prefix"},
		"OK joined to the answer":            {[]sent{fromClient("SECURE please\n"), hello, prepend("OK\n", answer)}, "other-prefix"},
		"greeted, and the server runs ahead": {[]sent{fromServer("CUSTOM proxy 1.0\r\n"), answer, hello}, "other-prefix"},
		"STARTTLS behind an unknown line":    {[]sent{fromServer("CUSTOM 1.0\n"), fromClient("STARTTLS\r\n"), fromServer("OK go\r\n"), hello, answer}, "smtp"},
		"a PROXY header, then a greeting":    {[]sent{fromClient("PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n"), fromServer("CUSTOM 1.0\n"), hello, answer}, "other-prefix"},
	} {
		for _, size := range []int{1400, 100, 7, 1} {
			got := findingsIn(t, connection(inSegments(append(slices.Clone(k.log), rest...), size)))
			if len(got) != 1 {
				t.Errorf("%s, in segments of %d: %d findings", name, size, len(got))
				continue
			}
			f := &got[0]
			if !f.Flagged || f.Outcome != classify.Established || f.Answer == nil || f.Answer.Version != parse.TLSv1 || f.SNI != "sqs.us-east-1.amazonaws.com" {
				t.Errorf("%s, in segments of %d: flagged %t, %s, answer %+v, name %q", name, size, f.Flagged, f.Outcome, f.Answer, f.SNI)
			}
			if size == 1400 && f.StartTLS != k.starttls {
				t.Errorf("%s: starttls %q, want %q", name, f.StartTLS, k.starttls)
			}
		}
	}
}
