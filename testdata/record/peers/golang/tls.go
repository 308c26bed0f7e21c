package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

var versions = map[string]uint16{
	"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11,
	"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

func clientConfig(min, max, name string) *tls.Config {
	config := &tls.Config{MinVersion: versions[min], MaxVersion: versions[max], InsecureSkipVerify: true}
	if name != "-" {
		config.ServerName = name
	}
	return config
}

func serverConfig(min, max string) *tls.Config {
	pair, err := tls.LoadX509KeyPair(os.Getenv("CERT"), os.Getenv("KEY"))
	if err != nil {
		log.Fatal(err)
	}
	return &tls.Config{MinVersion: versions[min], MaxVersion: versions[max], Certificates: []tls.Certificate{pair}}
}

// client says one line and waits for the answer.
func client(address string, config *tls.Config) error {
	raw, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	conn := tls.Client(raw, config)
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return err
	}
	announce(conn)
	fmt.Fprintln(conn, "hello")
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}

// serve answers each connection's line and ends with the process.
func serve(address string, config *tls.Config) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		raw, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := answer(tls.Server(raw, config)); err != nil {
			log.Print(err)
		}
	}
}

func answer(conn *tls.Conn) error {
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return err
	}
	announce(conn)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, line)
	return err
}

func announce(conn *tls.Conn) {
	state := conn.ConnectionState()
	name := map[uint16]string{}
	for n, v := range versions {
		name[v] = n
	}
	fmt.Printf("Protocol: %s\nCipher: %s\n", name[state.Version], tls.CipherSuiteName(state.CipherSuite))
	if state.ECHAccepted {
		fmt.Println("ECH: accepted")
	}
}
