package handshake

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// client and server are the directions of the transcripts.
const (
	client Dir = 0
	server Dir = 1
)

const host = "dynamodb.us-west-2.amazonaws.com"

// sent is the bytes that one end of a connection sent with one Write.
type sent struct {
	from  Dir
	bytes []byte
}

// recorder collects the bytes that both ends of a connection send, in order.
type recorder struct {
	mu  sync.Mutex
	all []sent
}

// recordedConn is an end of a connection whose bytes a recorder collects.
type recordedConn struct {
	net.Conn
	from Dir
	to   *recorder
}

func (c recordedConn) Write(b []byte) (int, error) {
	c.to.mu.Lock()
	c.to.all = append(c.to.all, sent{c.from, bytes.Clone(b)})
	c.to.mu.Unlock()
	return c.Conn.Write(b)
}

// newCertificate makes a certificate for host.
func newCertificate(t testing.TB) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// transcript runs a handshake of crypto/tls with itself, and returns the bytes that
// the two ends sent.
func transcript(t testing.TB, asClient, asServer *tls.Config) []sent {
	var log recorder
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := net.Dial("tcp", listening.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := listening.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = listening.Close()
	_ = a.SetDeadline(time.Now().Add(10 * time.Second))
	_ = b.SetDeadline(time.Now().Add(10 * time.Second))
	asClient, asServer = asClient.Clone(), asServer.Clone()
	asClient.InsecureSkipVerify, asClient.ServerName = true, host
	asServer.Certificates = []tls.Certificate{newCertificate(t)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		end := tls.Server(recordedConn{b, server, &log}, asServer)
		if end.Handshake() == nil {
			_, _ = end.Write([]byte("hello"))
		}
		_ = b.Close()
	}()
	end := tls.Client(recordedConn{a, client, &log}, asClient)
	if end.Handshake() == nil {
		_, _ = io.ReadAll(end)
	}
	_ = a.Close()
	<-done
	return log.all
}

// summary is the part of a Message that tests compare.
type summary struct {
	kind    Kind
	dir     Dir
	size    int
	cut     bool
	version string // of the ServerHello, or the highest that the ClientHello offers
	name    string // in the ClientHello or the certificate
}

func summarise(msg *Message) summary {
	s := summary{kind: msg.Kind, dir: msg.Dir}
	switch msg.Kind {
	case ClientHello:
		s.size, s.cut, s.version, s.name = msg.Size, msg.Cut, msg.Client.MaxVersion().String(), string(msg.Client.ServerName)
	case ServerHello:
		s.size, s.cut, s.version = msg.Size, msg.Cut, msg.Server.SelectedVersion.String()
	case Certificate:
		names := msg.Leaf.DNSNames
		name, _ := names.Next()
		s.name = string(name)
	}
	return s
}

// driver gives a Machine the bytes of both ends, as flow.Table would.
type driver struct {
	Machine
	msg        Message
	unconsumed [2][]byte // by direction: not consumed yet
	ignored    [2]bool
	gap        [2]bool // by direction: bytes are missing, and Begins has found no place to resume
	settled    bool
	got        []summary
}

func newDriver(pool *Pool) *driver {
	l := new(driver)
	l.Open(Opening{Known: true, Dir: client}, pool)
	return l
}

// push gives the Machine bytes of a direction.
func (l *driver) push(t testing.TB, d Dir, b []byte) {
	t.Helper()
	pending := append(l.unconsumed[d], b...)
	for !l.ignored[d] && !l.settled {
		n, need, s := l.Push(d, pending, &l.msg)
		if n < 0 || n > len(pending) || need < 0 {
			t.Fatalf("of %d bytes %d are consumed, %d needed", len(pending), n, need)
		}
		if s == Found {
			l.got = append(l.got, summarise(&l.msg))
		}
		pending = pending[n:]
		switch s {
		case Listen:
			l.unconsumed[d] = slices.Clone(pending)
			return
		case Ignore:
			l.ignored[d] = true
		case Settled:
			l.settled = true
		}
	}
}

// pushAll gives it a transcript, in pieces of at most size bytes.
func (l *driver) pushAll(t testing.TB, all []sent, size int) {
	t.Helper()
	for _, s := range all {
		for piece := range slices.Chunk(s.bytes, size) {
			l.push(t, s.from, piece)
		}
	}
}
