// Command quicgo is the end of recorded connections that speaks QUIC, with
// quic-go.
//
//	quicgo client ADDRESS NAME [OPTION...]    NAME "-": send no server_name
//	quicgo server ADDRESS [OPTION...]         answers one line on each stream
//
// Options:
//
//	versions=v2,v1   of QUIC, in order; v1 without it
//	classic          a client's key share is X25519 alone: a hello of one datagram
//	alpn=NAME        "h3" without it
//	retry            a server validates addresses by Retry
//	http3            a server answers requests of HTTP/3
//	early            a client connects again, with 0-RTT data
//	migrate          a client changes its port, and goes on
//
// A client, and a server of HTTP/3, prints "QUIC: VERSION", "Protocol: VERSION"
// and "Cipher: NAME" for each completed handshake. A server's certificate and key are the files named
// by CERT and KEY.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 {
		log.Fatal("usage: quicgo ROLE ADDRESS [ARGUMENT...]; see the top of main.go")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := play(ctx, os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatalf("quicgo %s: %v", os.Args[1], err)
	}
}

func play(ctx context.Context, role, address string, arguments []string) error {
	switch {
	case role == "client" && len(arguments) > 0:
		o, err := parse(arguments[1:])
		if err != nil {
			return err
		}
		return client(ctx, address, arguments[0], o)
	case role == "server":
		o, err := parse(arguments)
		if err != nil {
			return err
		}
		return serve(ctx, address, o)
	}
	return errors.New("no such role")
}

type options struct {
	quic                          quic.Config
	tls                           tls.Config
	retry, early, migrates, http3 bool
}

func parse(arguments []string) (*options, error) {
	o := &options{tls: tls.Config{NextProtos: []string{"h3"}}}
	o.quic = quic.Config{Versions: []quic.Version{quic.Version1}, Allow0RTT: true, HandshakeIdleTimeout: 10 * time.Second}
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		switch name {
		case "versions":
			o.quic.Versions = nil
			for _, v := range strings.Split(value, ",") {
				o.quic.Versions = append(o.quic.Versions, map[string]quic.Version{"v1": quic.Version1, "v2": quic.Version2}[v])
			}
		case "classic":
			o.tls.CurvePreferences = []tls.CurveID{tls.X25519}
		case "alpn":
			o.tls.NextProtos = []string{value}
		case "retry":
			o.retry = true
		case "http3":
			o.http3 = true
		case "early":
			o.early = true
		case "migrate":
			o.migrates = true
		default:
			return nil, fmt.Errorf("no option is called %q", name)
		}
	}
	return o, nil
}

// transport opens a socket for QUIC. It is not connected: a migration needs it so.
func transport(address string) (*quic.Transport, error) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", at)
	return &quic.Transport{Conn: socket}, err
}

func serve(ctx context.Context, address string, o *options) error {
	certificate, err := tls.LoadX509KeyPair(os.Getenv("CERT"), os.Getenv("KEY"))
	if err != nil {
		return err
	}
	o.tls.Certificates = []tls.Certificate{certificate}
	t, err := transport(address)
	if err != nil {
		return err
	}
	if o.retry {
		t.VerifySourceAddress = func(net.Addr) bool { return true }
	}
	listener, err := t.ListenEarly(&o.tls, &o.quic)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept(ctx)
		if err != nil {
			return err
		}
		if o.http3 {
			go answerHTTP(ctx, conn)
		} else {
			go answer(ctx, conn)
		}
	}
}

// answerHTTP answers the same line to every request, also for a browser's favicon.
func answerHTTP(ctx context.Context, conn *quic.Conn) {
	if err := handshaken(ctx, conn); err != nil {
		log.Print(err)
		return
	}
	server := http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "good day")
	})}
	server.ServeQUICConn(conn)
}

func answer(ctx context.Context, conn *quic.Conn) {
	for {
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		if _, err := stream.Read(make([]byte, 16)); err != nil && err != io.EOF {
			return
		}
		fmt.Fprintln(stream, "good day")
		stream.Close()
	}
}

func client(ctx context.Context, address, name string, o *options) error {
	o.tls.InsecureSkipVerify = true // the certificates are made for this run
	if name != "-" {
		o.tls.ServerName = name
	}
	o.tls.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	server, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return err
	}
	if err := connect(ctx, server, o); err != nil || !o.early {
		return err
	}
	return connect(ctx, server, o)
}

func connect(ctx context.Context, server *net.UDPAddr, o *options) error {
	t, err := transport(":0")
	if err != nil {
		return err
	}
	defer t.Close()
	conn, err := t.DialEarly(ctx, server, &o.tls, &o.quic)
	if err != nil {
		return err
	}
	if err := ask(ctx, conn); err != nil {
		return err
	}
	if err := handshaken(ctx, conn); err != nil {
		return err
	}
	if o.early {
		time.Sleep(100 * time.Millisecond) // for the session ticket
	}
	if o.migrates {
		if err := migrate(ctx, conn); err != nil {
			return err
		}
	}
	return conn.CloseWithError(0, "")
}

// handshaken waits for the end of the handshake, and prints what was agreed.
func handshaken(ctx context.Context, conn *quic.Conn) error {
	select {
	case <-conn.HandshakeComplete():
	case <-conn.Context().Done():
		return context.Cause(conn.Context())
	case <-ctx.Done():
		return ctx.Err()
	}
	state := conn.ConnectionState()
	fmt.Println("QUIC:", map[quic.Version]string{quic.Version1: "v1", quic.Version2: "v2"}[state.Version])
	fmt.Println("Protocol:", strings.Replace(tls.VersionName(state.TLS.Version), "TLS ", "TLSv", 1))
	fmt.Println("Cipher:", tls.CipherSuiteName(state.TLS.CipherSuite))
	return nil
}

// ask asks the server for its line on a new stream.
func ask(ctx context.Context, conn *quic.Conn) error {
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stream, "hello"); err != nil {
		return err
	}
	stream.Close()
	_, err = io.ReadAll(stream)
	return err
}

// migrate goes on from another port (RFC 9000, 9).
func migrate(ctx context.Context, conn *quic.Conn) error {
	t, err := transport(":0")
	if err != nil {
		return err
	}
	path, err := conn.AddPath(t)
	if err != nil {
		return err
	}
	if err := path.Probe(ctx); err != nil {
		return err
	}
	if err := path.Switch(); err != nil {
		return err
	}
	return ask(ctx, conn)
}
