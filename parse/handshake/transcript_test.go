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

// spoken is what one end of a connection sent at a time.
type spoken struct {
	from  Dir
	bytes []byte
}

// recorder notes what both ends of a connection send, in order.
type recorder struct {
	mu  sync.Mutex
	all []spoken
}

// tapped is an end whose bytes a recorder notes.
type tapped struct {
	net.Conn
	from Dir
	to   *recorder
}

func (c tapped) Write(b []byte) (int, error) {
	c.to.mu.Lock()
	c.to.all = append(c.to.all, spoken{c.from, bytes.Clone(b)})
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

// transcript has crypto/tls shake hands with itself, and returns what the two ends
// sent.
func transcript(t testing.TB, asClient, asServer *tls.Config) []spoken {
	var said recorder
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
		end := tls.Server(tapped{b, server, &said}, asServer)
		if end.Handshake() == nil {
			_, _ = end.Write([]byte("hello"))
		}
		_ = b.Close()
	}()
	end := tls.Client(tapped{a, client, &said}, asClient)
	if end.Handshake() == nil {
		_, _ = io.ReadAll(end)
	}
	_ = a.Close()
	<-done
	return said.all
}

// seen is what a test looks at of a Message.
type seen struct {
	kind    Kind
	dir     Dir
	size    int
	cut     bool
	version string // of the ServerHello; the highest of the ClientHello
	name    string // of the ClientHello, of the certificate
}

func look(msg *Message) seen {
	s := seen{kind: msg.Kind, dir: msg.Dir}
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

// listener gives a Machine what two ends say, as a table of connections would.
type listener struct {
	Machine
	msg     Message
	waiting [2][]byte // by direction: not consumed
	deaf    [2]bool
	gap     [2]bool // by direction: bytes are missing, and no beginning was found behind them
	settled bool
	seen    []seen
}

func newListener(pool *Pool) *listener {
	l := new(listener)
	l.Open(Opening{Known: true, Dir: client}, pool)
	return l
}

// hear gives the Machine bytes of a direction.
func (l *listener) hear(t testing.TB, d Dir, b []byte) {
	t.Helper()
	waiting := append(l.waiting[d], b...)
	for !l.deaf[d] && !l.settled {
		n, need, s := l.Push(d, waiting, &l.msg)
		if n < 0 || n > len(waiting) || need < 0 {
			t.Fatalf("of %d bytes %d are consumed, %d needed", len(waiting), n, need)
		}
		if s == Found {
			l.seen = append(l.seen, look(&l.msg))
		}
		waiting = waiting[n:]
		switch s {
		case Listen:
			l.waiting[d] = slices.Clone(waiting)
			return
		case Ignore:
			l.deaf[d] = true
		case Settled:
			l.settled = true
		}
	}
}

// hearAll gives it a transcript, in pieces of at most size bytes.
func (l *listener) hearAll(t testing.TB, all []spoken, size int) {
	t.Helper()
	for _, s := range all {
		for piece := range slices.Chunk(s.bytes, size) {
			l.hear(t, s.from, piece)
		}
	}
}
