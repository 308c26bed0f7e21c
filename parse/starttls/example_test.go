package starttls_test

import (
	"fmt"

	"tlsfloor/parse/starttls"
)

// A client asks a PostgreSQL server for TLS, and the server agrees. Both directions
// are pushed as their bytes come.
func ExamplePreamble() {
	const fromClient, fromServer = false, true
	hello := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" // how a ClientHello begins
	var p starttls.Preamble

	step := p.Push(fromClient, []byte("\x00\x00\x00\x08\x04\xd2\x16\x2f")) // SSLRequest
	fmt.Println("client:", step.Consumed, "bytes read; TLS:", step.Status == starttls.TLS)
	step = p.Push(fromServer, []byte("S"))
	fmt.Println("server:", step.Consumed, "byte read; TLS:", step.Status == starttls.TLS)
	step = p.Push(fromClient, []byte(hello))
	fmt.Println("client:", step.Consumed, "bytes read; TLS:", step.Status == starttls.TLS)
	fmt.Println(p.Protocol())
	// Output:
	// client: 8 bytes read; TLS: false
	// server: 1 byte read; TLS: false
	// client: 0 bytes read; TLS: true
	// postgresql
}

// The destination that a proxy is asked for may be the only name of the connection's
// server.
func ExamplePreamble_Target() {
	var p starttls.Preamble
	p.Push(false, []byte("CONNECT s3.amazonaws.com:443 HTTP/1.1\r\n\r\n"))
	p.Push(true, []byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	fmt.Println(p.Target())
	// Output: s3.amazonaws.com 443 true
}
