package parse_test

import (
	"fmt"
	"os"

	"tlsfloor/parse"
)

// The bytes of one direction of a connection are cut into records, and these into
// messages.
func Example() {
	data, err := os.ReadFile("testdata/client-python.bin") // a record with a ClientHello
	if err != nil {
		fmt.Println(err)
		return
	}
	var (
		stream  parse.RecordStream
		part    parse.Part
		message parse.Message
		hello   parse.ClientHello
	)
	for {
		ok, err := stream.Next(&data, &part)
		if !ok || err != nil {
			break // no more bytes, or not TLS
		}
		if part.Type != parse.Handshake {
			continue
		}
		for rest := part.Fragment; message.Take(&rest); {
			if message.Type != parse.TypeClientHello || hello.Parse(message.Body) != nil {
				continue
			}
			fmt.Printf("ClientHello for %s, TLS record of %d bytes\n", hello.ServerName, part.Length)
			fmt.Println("offers", hello.CipherSuites.Len(), "cipher suites, and at most", hello.MaxVersion())
		}
	}
	// Output:
	// ClientHello for dynamodb.us-west-2.amazonaws.com, TLS record of 512 bytes
	// offers 18 cipher suites, and at most TLSv1.3
}

// TLS is recognised by the first bytes of a connection, on any port. Maybe asks for
// more bytes.
func ExampleLooksLikeClientHello() {
	hello := []byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3} // record of 512 bytes, message of 508, version
	for _, data := range [][]byte{hello, hello[:3], []byte("GET / HTTP/1.1\r\n")} {
		switch parse.LooksLikeClientHello(data) {
		case parse.Yes:
			fmt.Println("a ClientHello")
		case parse.Maybe:
			fmt.Println("too short to tell")
		case parse.No:
			fmt.Println("something else")
		}
	}
	// Output:
	// a ClientHello
	// too short to tell
	// something else
}
