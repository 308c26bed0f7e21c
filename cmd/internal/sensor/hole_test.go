package sensor

import (
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
)

// lost, as the bytes of a sent, stands for bytes that the capture lost.
var lost = []byte(nil)

// TestHelloBehindHole: bytes of a hello after lost bytes count as a hello, unless they
// may be another protocol's content.
func TestHelloBehindHole(t *testing.T) {
	hello, answer := clientHelloFor(0x0301), serverHelloFor(0x0301)
	text := func(from int, s string) sent { return sent{from, []byte(s)} }
	hole := func(from int) sent { return sent{from, lost} }
	const get, ok = "GET /a.pcap HTTP/1.1\r\nHost: a.example\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"
	for name, tt := range map[string]struct {
		log  []sent
		want int // number of findings
	}{
		"nothing else, from the client":         {[]sent{hole(0), {0, hello}}, 1},
		"nothing else, an answer":               {[]sent{hole(1), {1, answer}}, 1},
		"a hello, a hole, an answer":            {[]sent{{0, hello}, hole(1), {1, answer}}, 1},
		"half a hello, a hole, another":         {[]sent{{0, hello[:60]}, hole(0), {0, hello}, {1, answer}}, 1},
		"from the accepting end, silent client": {[]sent{hole(1), {1, hello}}, 0},
		"from the accepting end, no hole":       {[]sent{{1, hello}}, 1},
		"an answer from the opening end":        {[]sent{hole(0), {0, answer}}, 0},
		"reversed, the answer behind a hole":    {[]sent{{1, hello}, hole(0), {0, answer}}, 1},
		"HTTP answer to a request":              {[]sent{text(0, get), hole(1), {1, hello}}, 0},
		"HTTP answer, a ServerHello":            {[]sent{text(0, get), hole(1), {1, answer}}, 0},
		"HTTP answer that began":                {[]sent{text(0, get), text(1, ok), hole(1), {1, hello}}, 0},
		"HTTP answer, request not captured":     {[]sent{text(1, ok), hole(1), {1, answer}}, 0},
		"HTTP header cut":                       {[]sent{text(1, "HTTP/1.1 200 OK\r\nServer: a\r\n"), hole(1), {1, answer}}, 0},
		"HTTP request with a body":              {[]sent{text(0, "POST / HTTP/1.1\r\nHost: a.example\r\n"), hole(0), {0, hello}}, 0},
		"SMTP without STARTTLS":                 {[]sent{text(1, "220 mx ESMTP\r\n"), text(0, "EHLO a\r\nMAIL FROM:<a>\r\n"), hole(0), {0, hello}}, 0},
		"SMTP with STARTTLS":                    {[]sent{text(1, "220 mx ESMTP\r\n"), text(0, "EHLO a\r\nSTARTTLS\r\n"), hole(0), {0, hello}}, 1},
		"SMTP, the command lost, the grant not": {[]sent{text(1, "220 mx ESMTP\r\n"), text(0, "EHLO a\r\n"), hole(0), text(1, "250 mx\r\n220 go\r\n"), {0, hello}}, 1},
		"POP3, the command lost":                {[]sent{text(1, "+OK\r\n"), text(0, "CAPA\r\n"), hole(0), text(1, "+OK\r\n.\r\n+OK\r\n"), {0, hello}}, 1},
		"a mail that is fetched":                {[]sent{text(1, "+OK\r\n+OK 400 octets\r\nReceived: a\r\n"), hole(1), {1, answer}}, 0},
		"an unknown protocol, client":           {[]sent{text(0, "\x01\x02\x03\x04\x05\x06\x07\x08"), hole(0), {0, hello}}, 0},
		"an unknown protocol, server":           {[]sent{text(1, "\x01\x02\x03\x04\x05\x06\x07\x08"), hole(1), {1, answer}}, 0},
		"CONNECT, its end lost":                 {[]sent{text(0, "CONNECT a:443 HTTP/1.1\r\nUser-"), hole(0), {0, hello}, {1, answer}}, 1},
		"CONNECT, the grant's end lost":         {[]sent{text(0, "CONNECT a:443 HTTP/1.1\r\n\r\n"), text(1, "HTTP/1.1 200 OK\r\n\r\n"), hole(1), {0, hello}, {1, answer}}, 1},
		"a proxy's page, its beginning lost":    {[]sent{text(0, "CONNECT a:443 HTTP/1.1\r\n\r\n"), text(1, "HTTP/1.1 403 No\r\nContent-Length: 4000\r\n"), hole(1), {1, answer}}, 0},
		"the greeting alone was another's":      {[]sent{text(1, "220 mx ESMTP\r\n"), hole(0), {0, hello}}, 1},
		"a hello behind the other's content":    {[]sent{text(0, get), text(1, ok), hole(1), {1, hello}, {0, answer}}, 0},
		"two holes":                             {[]sent{text(0, "EHLO a\r\nDATA\r\n"), hole(0), text(0, "Subject: a\r\n"), hole(0), {0, hello}}, 0},
		"after content in which it would fit":   {[]sent{text(0, "POST / HTTP/1.1\r\n"), {0, hello}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var found []classify.Finding
			s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
			l := &line{Sensor: s}
			l.send(0, decode.SYN, nil)
			l.send(1, decode.SYN, nil)
			for _, s := range tt.log {
				if len(s.bytes) == 0 {
					l.seq[s.from] += 40
					continue
				}
				l.send(s.from, 0, s.bytes)
			}
			l.send(0, decode.FIN, nil)
			l.send(1, decode.FIN, nil)
			s.table.Flush()
			if len(found) != tt.want {
				t.Errorf("%d findings, want %d: %+v", len(found), tt.want, found)
			}
		})
	}
}

// TestHelloBehindHoleInContent: in every protocol, and wherever bytes of it are lost,
// bytes after them that look like a hello are content.
func TestHelloBehindHoleInContent(t *testing.T) {
	client, server := clientHelloFor(0x0301), serverHelloFor(0x0301)
	text := func(from int, s string) sent { return sent{from, []byte(s)} }
	page := "HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + strings.Repeat("text ", 30)
	found := 0
	for name, dialogue := range map[string][]sent{
		"HTTP":        {text(0, "GET /a.pcap HTTP/1.1\r\nHost: a.example\r\n\r\n"), text(1, page)},
		"HTTP upload": {text(0, "PUT /a.pcap HTTP/1.1\r\nContent-Length: 400000\r\n\r\n"+strings.Repeat("text ", 30)), text(1, "HTTP/1.1 100 Continue\r\n\r\n")},
		"SMTP":        {text(1, "220 mx ESMTP\r\n"), text(0, "EHLO a\r\n"), text(1, "250 mx\r\n"), text(0, "MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n"), text(1, "250 a\r\n250 b\r\n354 go\r\n"), text(0, "Subject: a\r\n\r\ntext\r\n")},
		"POP3":        {text(1, "+OK\r\n"), text(0, "USER a\r\nPASS b\r\nRETR 1\r\n"), text(1, "+OK\r\n+OK\r\n+OK 400 octets\r\nReceived: from a\r\nSubject: b\r\n")},
		"IMAP":        {text(1, "* OK\r\n"), text(0, "a LOGIN x y\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\n"), text(1, "a OK\r\nb OK\r\n* 1 FETCH (BODY[] {4000}\r\nReceived: from a\r\n")},
		"PostgreSQL":  {text(0, "\x00\x00\x00\x23\x00\x03\x00\x00user\x00postgres\x00database\x00a\x00\x00"), text(1, "R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"), text(0, "Q\x00\x00\x00\x0eselect 1\x00")},
		"SSH":         {text(1, "SSH-2.0-OpenSSH_9.6\r\n"), text(0, "SSH-2.0-OpenSSH_9.6\r\n"), text(1, "\x00\x00\x04\x34\x0a\x14 and so on"), text(0, "\x00\x00\x04\x34\x0a\x14 and so on")},
		"Redis":       {text(0, "*2\r\n$3\r\nGET\r\n$1\r\nx\r\n"), text(1, "$4000\r\nvalue")},
		"unknown":     {text(0, "\xde\xad\xbe\xef\xde\xad\xbe\xef"), text(1, "\xca\xfe\xba\xbe\xca\xfe\xba\xbe")},
	} {
		for from := range 2 {
			for _, hello := range [][]byte{client, server} {
				for _, again := range []bool{false, true} {
					for _, size := range []int{1400, 7} {
						log := append(slices.Clone(dialogue), sent{from, lost}, sent{from, hello})
						if again { // with bytes of the protocol between the two
							log = append(slices.Clone(dialogue), sent{from, lost}, text(from, "and more of it, and more of it, and more"), sent{from, lost}, sent{from, hello})
						}
						if got := findingsWithLosses(t, log, size, false, true); len(got) != 0 {
							t.Errorf("%s, from %d, message %d, again %v, segments of %d: %+v", name, from, hello[5], again, size, got)
						}
						found++
					}
				}
			}
		}
	}
	if found != 9*16 {
		t.Errorf("%d places were tried", found)
	}
}
