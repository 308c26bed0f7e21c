package starttls

import (
	"fmt"
	"strings"
	"testing"

	"tlsfloor/parse/upgrade/text"
)

// TestMuchIsSaidToAProxy pushes long dialogues with a proxy before TLS, of which almost
// nothing is kept.
func TestMuchIsSaidToAProxy(t *testing.T) {
	const granted = "HTTP/1.1 200 Connection established\r\n\r\n"
	connect := func(fields string) turn { return c("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n" + fields + "\r\n") }
	page := func(size int) string { return strings.Repeat("HTTP/1.1 200 OK\r\n\r\n"+serverHello, size/60+1)[:size] }
	refused := func(size int) turn {
		return s(fmt.Sprintf("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: %d\r\n\r\n%s", size, page(size)))
	}
	inChunks := func(size, chunk int) turn {
		text := "HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n"
		for ; size > 0; size -= chunk {
			text += fmt.Sprintf("%x;x=y\r\n%s\r\n", min(size, chunk), page(min(size, chunk)))
		}
		return s(text + "0\r\nTrailer: x\r\n\r\n")
	}
	token := func(size int) string {
		return "Proxy-Authorization: Negotiate " + strings.Repeat("YII=", size/4) + "\r\n"
	}
	for name, turns := range map[string][]turn{
		"a page of 40 kB":              {connect(""), refused(40 << 10), connect(""), s(granted)},
		"a page of 1 MB":               {connect(""), refused(1 << 20), connect(""), s(granted)},
		"three pages of 1 MB":          {connect(""), refused(1 << 20), connect(""), refused(1 << 20), connect(""), refused(1 << 20), connect(""), s(granted)},
		"1 MB in chunks of 4 kB":       {connect(""), inChunks(1<<20, 4096), connect(""), s(granted)},
		"1 MB in one chunk":            {connect(""), inChunks(1<<20, 1<<20), connect(""), s(granted)},
		"a token of 33 kB":             {connect(""), refused(0), connect(token(33 << 10)), s(granted)},
		"five tokens of 64 kB":         {connect(token(64 << 10)), refused(3), connect(token(64 << 10)), refused(3), connect(token(64 << 10)), refused(3), connect(token(64 << 10)), refused(3), connect(token(64 << 10)), s(granted)},
		"a header line of 100 kB":      {connect("Cookie: " + strings.Repeat("x", 100<<10) + "\r\n"), s("HTTP/1.1 200 OK\r\nVia: " + strings.Repeat("y", 100<<10) + "\r\n\r\n")},
		"a request line of 100 kB":     {c("GET http://www.example.com/" + strings.Repeat("x", 100<<10) + " HTTP/1.1\r\n\r\n"), s("HTTP/1.1 204 No\r\n\r\n"), connect(""), s(granted)},
		"200 header lines":             {connect(strings.Repeat("X-Field: y\r\n", 200)), s("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Field: y\r\n", 200) + "\r\n")},
		"a page behind interim answer": {connect(""), s("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), refused(40 << 10), connect(""), s(granted)},
		"an upload of 1 MB": {c(fmt.Sprintf("PUT http://www.example.com/ HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", 1<<20, page(1<<20))),
			s("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"), connect(""), s(granted)},
	} {
		turns = append(turns, cTLS(clientHello), sTLS(serverHello))
		for _, size := range []int{1 << 16, 1460, 536} {
			t.Run(fmt.Sprintf("%s/%d", name, size), func(t *testing.T) {
				got := &caller{t: t}
				for _, u := range turns {
					for _, piece := range in(size)([]byte(u.data)) {
						got.feed(u.server, piece)
						if held := len(got.buf[0]) + len(got.buf[1]); !u.tls && held > text.MaxLine {
							t.Fatalf("%d bytes are held", held)
						}
					}
				}
				got.mustFind(tlsAt(turns))
				got.mustBe("http-connect", "a", 443)
			})
		}
	}
}

// TestHTTPGoesOnInClear: a hello in a body, or behind a body of unknown length, is part of
// a file.
func TestHTTPGoesOnInClear(t *testing.T) {
	const connect, granted = "CONNECT a:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"
	file := granted + serverHello
	upload := connect + clientHello
	for name, turns := range map[string][]turn{
		"a download":                     {c("GET / HTTP/1.1\r\n\r\n"), s(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(file), file))},
		"a download without a length":    {c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n" + serverHello + file)},
		"a download with two lengths":    {c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx" + file)},
		"a download with a wrong length": {c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + file)},
		"a download in chunks":           {c("GET / HTTP/1.1\r\n\r\n"), s(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(file), file))},
		"a compressed download":          {c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n" + file)},
		"chunks that are none":           {c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" + file)},
		"the last answer":                {c("GET / HTTP/1.1\r\n\r\n"), s("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" + file)},
		"a download, seen alone":         {s("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + serverHello)},
		"an upload":                      {c(fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", len(upload), upload))},
		"an upload in chunks":            {c(fmt.Sprintf("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(upload), upload))},
		"a compressed upload":            {c("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n" + upload)},
		"an upload with two lengths":     {c("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 999\r\n\r\nx" + upload)},
		"an upload behind another":       {c("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nxPOST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n" + upload)},
		"WebSocket": {c("GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
			s("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + serverHello), c(clientHello)},
		"an upgrade that is not taken up": {c("GET / HTTP/1.1\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n"),
			s("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), s(serverHello), c(clientHello)},
		"an upgrade, and an upload": {c(fmt.Sprintf("POST / HTTP/1.1\r\nUpgrade: TLS/1.0\r\nContent-Length: %d\r\n\r\n%s", len(clientHello), clientHello))},
	} {
		for how, cut := range cuttings {
			t.Run(name+"/"+how, func(t *testing.T) {
				play(t, turns, cut).mustFind([2]int{-1, -1})
			})
		}
	}
}
