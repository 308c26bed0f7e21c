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

// oldGreeted is a handshake of TLS 1.0 with a name in scope.
func oldGreeted(t *testing.T) []said {
	server := &tls.Config{Certificates: []tls.Certificate{certificateFor(t, func(*x509.Certificate) {})}, MinVersion: tls.VersionTLS10}
	client := &tls.Config{ServerName: "sqs.us-east-1.amazonaws.com", InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	return joined(dialogue(t, client, server))
}

// joined makes one of what the same side says in a row.
func joined(log []said) (out []said) {
	for _, s := range log {
		if n := len(out); n > 0 && out[n-1].from == s.from {
			out[n-1].bytes = append(slices.Clone(out[n-1].bytes), s.bytes...)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// inSegments cuts what is said into segments of at most size bytes.
func inSegments(log []said, size int) (out []said) {
	for _, s := range log {
		for rest := s.bytes; len(rest) > 0; {
			n := min(size, len(rest))
			out = append(out, said{s.from, rest[:n]})
			rest = rest[n:]
		}
	}
	return out
}

func clientSays(text string) said { return said{0, []byte(text)} }
func serverSays(text string) said { return said{1, []byte(text)} }

// before puts text in front of what was said.
func before(text string, s said) said { return said{s.from, append([]byte(text), s.bytes...)} }

func findingsIn(t *testing.T, frames []capture.Frame) (got []classify.Finding) {
	t.Helper()
	s := newSensor(t, func(f *classify.Finding) { got = append(got, *f) })
	for i := range frames {
		s.Process(&frames[i])
	}
	s.table.Flush()
	return got
}

// TestAnswerBehindUnknownBytesWithoutSYN has a server whose opening was not
// captured put its answer behind other bytes, in one segment.
func TestAnswerBehindUnknownBytesWithoutSYN(t *testing.T) {
	hs := oldGreeted(t)
	for name, greeting := range map[string]string{"a line": "CUSTOM proxy 1.0\r\n", "binary": "\x00\x03\xf1\x02\x03", "two bytes": "16"} {
		frames := connection(append([]said{hs[0], before(greeting, hs[1])}, hs[2:]...))
		if got := findingsIn(t, frames[2:]); len(got) != 1 || !got[0].Flagged || got[0].Answer == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestHelloInAFile: the bytes of a hello in what a client sends in lines are no
// handshake, unless the server answers them.
func TestHelloInAFile(t *testing.T) {
	hello := oldGreeted(t)[0]
	log := strings.Repeat("Nov 27 21:00:00 host program: nothing happened\n", 10)
	for name, text := range map[string]string{
		"a log":                  log + string(hello.bytes),
		"a value of memcached":   "set key 0 0 200\r\n" + string(hello.bytes) + "\r\n",
		"a line behind others":   "x\n" + string(hello.bytes) + "\n",
		"in the midst of a line": "x" + string(hello.bytes),
	} {
		if got := findingsIn(t, connection([]said{clientSays(text), serverSays("STORED\r\n"), clientSays("quit\r\n")})); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestUnknownBytesBeforeTLS has both sides say what no known protocol says, before
// their hellos or between them, in segments of any size.
func TestUnknownBytesBeforeTLS(t *testing.T) {
	const binary = "\x00\x00\x00\x0c\xa7\x01greet\x00\xf1\x02\x03\x04"
	nats := "INFO {\"server_id\":\"N\",\"tls_required\":true,\"connect_urls\":[\"" + strings.Repeat("10.0.0.1:4222\",\"", 200) + "\"]} \r\n"
	hs := oldGreeted(t)
	hello, answer, rest := hs[0], hs[1], hs[2:]
	for name, k := range map[string]struct {
		log      []said
		starttls string
	}{
		"a line of the server's":             {[]said{serverSays("CUSTOM proxy 1.0\r\n"), hello, answer}, "other-prefix"},
		"a greeting that SMTP may have":      {[]said{serverSays("220 gate: TLS required\r\n"), hello, answer}, "smtp"},
		"a greeting that POP3 may have":      {[]said{serverSays("+OK gate\r\nwelcome!\r\n"), hello, answer}, "other-prefix"},
		"two bytes":                          {[]said{serverSays("16"), hello, answer}, "checkmk"},
		"one byte":                           {[]said{serverSays("\x07"), hello, answer}, "other-prefix"},
		"text without a line end":            {[]said{serverSays("WELCOME to nobody's server"), hello, answer}, "other-prefix"},
		"a long line":                        {[]said{serverSays(nats), hello, answer}, "nats"},
		"many lines":                         {[]said{serverSays(strings.Repeat("This host is watched.\r\n", 600)), hello, answer}, "other-prefix"},
		"binary":                             {[]said{serverSays(binary), hello, answer}, "other-prefix"},
		"binary that resembles SOCKS4":       {[]said{serverSays("\x04\x02\x00\x09welcome"), hello, answer}, "other-prefix"},
		"binary that resembles SOCKS5":       {[]said{serverSays("\x05\x07\x00\x09welcome"), hello, answer}, "other-prefix"},
		"binary that resembles a request":    {[]said{serverSays("\x00\x00\x00\x08welcome!"), hello, answer}, "other-prefix"},
		"a request that resembles SOCKS4":    {[]said{clientSays("\x04\x02\x00\x09secure"), hello, answer}, "other-prefix"},
		"a request that resembles TDS":       {[]said{clientSays("\x12\x01\x00\x09\x00\x00\x00\x01\x00secure"), hello, answer}, "other-prefix"},
		"binary that resembles a hello":      {[]said{serverSays("\x16\x03\x01\xff\x30\x02\x00\x00\x2c\x07"), hello, answer}, "other-prefix"},
		"binary that resembles LDAP":         {[]said{serverSays("0\x20\x02\x01\x01\x78\x07"), hello, answer}, "other-prefix"},
		"a line in the answer's segment":     {[]said{serverSays("x\n"), hello, before("READY\r\n", answer)}, "other-prefix"},
		"binary in the answer's segment":     {[]said{serverSays("x\n"), hello, before(binary, answer)}, "other-prefix"},
		"a greeting behind the hello":        {[]said{hello, serverSays("HELLO from 10.0.0.1\r\n"), answer}, "other-prefix"},
		"binary behind the hello":            {[]said{hello, serverSays(binary), answer}, "other-prefix"},
		"joined to the answer":               {[]said{hello, before(binary, answer)}, "other-prefix"},
		"a line joined to the answer":        {[]said{hello, before("HELLO from 10.0.0.1\r\n", answer)}, "other-prefix"},
		"half a greeting behind the hello":   {[]said{serverSays("HELLO fr"), hello, serverSays("om 10.0.0.1\r\n"), answer}, "other-prefix"},
		"in two segments of the server's":    {[]said{serverSays("HELLO\r\n"), serverSays("10.0.0.1\r\n"), hello, answer}, "other-prefix"},
		"a line of the client's":             {[]said{clientSays("SECURE please\n"), hello, answer}, "other-prefix"},
		"a line in the hello's segment":      {[]said{before("SECURE please\r\n", hello), answer}, "other-prefix"},
		"two lines in the hello's segment":   {[]said{before("  V2\nIDENTIFY\n", hello), answer}, "other-prefix"},
		"binary of the client's":             {[]said{clientSays(binary), hello, answer}, "other-prefix"},
		"binary in the hello's segment":      {[]said{before(binary, hello), answer}, "other-prefix"},
		"asked, and OK":                      {[]said{clientSays("SECURE please\n"), serverSays("OK\n"), hello, answer}, "other-prefix"},
		"asked, and OK without a line end":   {[]said{clientSays("GO"), serverSays("OK"), hello, answer}, "other-prefix"},
		"asked in binary, and answered":      {[]said{clientSays("\x00\x00\x00\x02\xca\xfe"), serverSays("\x00\x00\x00\x01\x01"), hello, answer}, "other-prefix"},
		"greeted, asked, and OK":             {[]said{serverSays("CUSTOM 1.0\n"), clientSays("SECURE please\n"), serverSays("OK\n"), hello, answer}, "other-prefix"},
		"greeted like SMTP, asked, and OK":   {[]said{serverSays("220 gate\r\n"), clientSays("SECURE please\n"), serverSays("OK\n"), hello, answer}, "other-prefix"},
		"six turns":                          {[]said{serverSays("A1\n"), clientSays("B1\n"), serverSays("A2\n"), clientSays("B2\n"), serverSays("A3\n"), clientSays("B3\n"), hello, answer}, "other-prefix"},
		"OK joined to the answer":            {[]said{clientSays("SECURE please\n"), hello, before("OK\n", answer)}, "other-prefix"},
		"greeted, and the server runs ahead": {[]said{serverSays("CUSTOM proxy 1.0\r\n"), answer, hello}, "other-prefix"},
		"STARTTLS behind an unknown line":    {[]said{serverSays("CUSTOM 1.0\n"), clientSays("STARTTLS\r\n"), serverSays("OK go\r\n"), hello, answer}, "smtp"},
		"a PROXY header, then a greeting":    {[]said{clientSays("PROXY TCP4 10.0.0.1 10.0.0.2 40000 443\r\n"), serverSays("CUSTOM 1.0\n"), hello, answer}, "other-prefix"},
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
