// Command pion is an end of the recorded connections that speaks DTLS with pion/dtls. It is
// a module of its own, so that tlsfloor itself does not depend on that.
//
//	pion client ADDRESS NAME      NAME "-": send no server_name
//	pion server ADDRESS           answers one line on each connection
//
// Both ends print "Protocol: VERSION" for a completed handshake. A server's certificate and
// key are the files named by CERT and KEY.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/pion/dtls/v3"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: pion client|server ADDRESS [NAME]")
	}
	address, err := net.ResolveUDPAddr("udp", os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	if err := play(os.Args[1], address, os.Args[3:]); err != nil {
		log.Fatalf("pion %s: %v", os.Args[1], err)
	}
}

func play(role string, address *net.UDPAddr, arguments []string) error {
	switch {
	case role == "client" && len(arguments) == 1:
		return client(address, arguments[0])
	case role == "server" && len(arguments) == 0:
		return serve(address)
	}
	return errors.New("no such role, or other arguments")
}

func client(address *net.UDPAddr, name string) error {
	options := []dtls.ClientOption{dtls.WithInsecureSkipVerify(true)}
	if name != "-" {
		options = append(options, dtls.WithServerName(name))
	}
	conn, err := dtls.DialWithOptions("udp", address, options...)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := announce(conn); err != nil {
		return err
	}
	fmt.Fprintln(conn, "hello")
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}

func serve(address *net.UDPAddr) error {
	pair, err := tls.LoadX509KeyPair(os.Getenv("CERT"), os.Getenv("KEY"))
	if err != nil {
		return err
	}
	listener, err := dtls.ListenWithOptions("udp", address, dtls.WithCertificates(pair))
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := answer(conn.(*dtls.Conn)); err != nil {
			log.Print(err)
		}
		conn.Close()
	}
}

func answer(conn *dtls.Conn) error {
	if err := announce(conn); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(conn, line)
	return err
}

// announce says which version was agreed: pion speaks only one.
func announce(conn *dtls.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	fmt.Println("Protocol: DTLSv1.2")
	return nil
}
