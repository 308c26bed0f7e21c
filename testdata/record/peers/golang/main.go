// Command golang is the Go end of the recorded connections: a client and a
// server that speak TLS with crypto/tls, and servers that do not answer a
// hello as they should.
//
//	golang client ADDRESS MIN MAX NAME      NAME "-": send no server_name
//	golang server ADDRESS MIN MAX           answers one line on each connection
//	golang ech-client ADDRESS NAME          hides NAME with Encrypted ClientHello
//	golang ech-server ADDRESS
//	golang tds-server ADDRESS MAX           TLS inside TDS PRELOGIN packets
//	golang reset|close|silent ADDRESS       reads the hello, then RST, FIN, or nothing
//
// Versions are written as TLSv1 TLSv1.1 TLSv1.2 TLSv1.3. Both ends print
// "Protocol: VERSION" and "Cipher: NAME" for a completed handshake. A server's
// certificate and key are the files named by CERT and KEY.
package main

import (
	"fmt"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: golang ROLE ADDRESS [ARGUMENT...]; see the top of main.go")
	}
	if err := play(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatalf("golang %s: %v", os.Args[1], err)
	}
}

func play(role, address string, arguments []string) error {
	want := map[string]int{"client": 3, "server": 2, "ech-client": 1, "tds-server": 1}[role]
	if len(arguments) != want {
		return fmt.Errorf("%d arguments, want %d", len(arguments), want)
	}
	switch role {
	case "client":
		return client(address, clientConfig(arguments[0], arguments[1], arguments[2]))
	case "server":
		return serve(address, serverConfig(arguments[0], arguments[1]))
	case "ech-client":
		return client(address, echClientConfig(arguments[0]))
	case "ech-server":
		return serve(address, echServerConfig())
	case "tds-server":
		return serveTDS(address, serverConfig("TLSv1", arguments[0]))
	case "reset", "close", "silent":
		return disappoint(address, role)
	}
	return fmt.Errorf("no such role")
}
