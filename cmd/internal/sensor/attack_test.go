package sensor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/classify/event"
)

// recordedConn is an end of an in-memory connection. It logs the bytes written to it.
type recordedConn struct {
	net.Conn
	log  *[]sent
	lock *sync.Mutex
	from int
}

// sent is the bytes that one end sent with one Write: 0 is the client, 1 the server.
type sent struct {
	from  int
	bytes []byte
}

func (c *recordedConn) Write(b []byte) (int, error) {
	c.lock.Lock()
	*c.log = append(*c.log, sent{c.from, append([]byte(nil), b...)})
	c.lock.Unlock()
	return c.Conn.Write(b)
}

// handshakeFrames runs a TLS handshake between Go's client and server, and returns it
// as the frames of a TCP connection.
func handshakeFrames(t *testing.T, client, server *tls.Config) []capture.Frame {
	t.Helper()
	return connection(handshakeOf(t, client, server))
}

// handshakeOf runs a TLS handshake between Go's client and server, and returns the
// bytes that they sent.
func handshakeOf(t *testing.T, client, server *tls.Config) []sent {
	t.Helper()
	var log []sent
	var lock sync.Mutex
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- tls.Server(&recordedConn{b, &log, &lock, 1}, server).Handshake() }()
	if err := tls.Client(&recordedConn{a, &log, &lock, 0}, client).Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return log
}

// connection puts the bytes in log into the segments of a TCP connection.
func connection(log []sent) (frames []capture.Frame) {
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:40000"), netip.MustParseAddrPort("192.0.2.10:443")}
	seq := [2]uint32{1000, 2000}
	send := func(from int, flags uint8, b []byte) {
		s := wrap.Segment{Src: ends[from], Dst: ends[1-from], Seq: seq[from], Flags: flags}
		frames = append(frames, *segment(s, b, int64(len(frames))*1e6))
		seq[from] += uint32(len(b))
	}
	send(0, decode.SYN, nil)
	send(1, decode.SYN|decode.ACK, nil)
	seq[0], seq[1] = seq[0]+1, seq[1]+1
	for _, s := range log {
		for rest := s.bytes; len(rest) > 0; {
			n := min(len(rest), 1400)
			send(s.from, decode.ACK, rest[:n])
			rest = rest[n:]
		}
	}
	return frames
}

func certificateFor(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A server can put anything into its certificate. All of it ends as values in one line
// of printable JSON, and never as the name that the client sent.
func TestHostileCertificates(t *testing.T) {
	long := strings.Repeat("a", 60) + ".example"
	cases := map[string]struct {
		change func(*x509.Certificate)
		host   string
	}{
		"10,000 names": {func(c *x509.Certificate) {
			for i := range 10_000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d.example", i))
			}
		}, "n0.example"},
		"10,000 names, AWS's last": {func(c *x509.Certificate) {
			for i := range 10_000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d.example", i))
			}
			c.DNSNames = append(c.DNSNames, "*.s3.amazonaws.com.")
		}, "*.s3.amazonaws.com"},
		"localhost, an address and AWS's name": {func(c *x509.Certificate) {
			c.DNSNames = []string{"localhost", "xn--bcher-kva.example", "sqs.us-east-1.amazonaws.com", "s3.amazonaws.com"}
			c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 10)}
		}, "sqs.us-east-1.amazonaws.com"},
		"only addresses, and a common name": {func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 10)}
			c.Subject = pkix.Name{CommonName: "SQS.us-east-1.amazonaws.com"}
		}, "sqs.us-east-1.amazonaws.com"},
		"1,000 names, AWS's in the middle": {func(c *x509.Certificate) {
			for i := range 1000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d.example", i))
			}
			c.DNSNames[50] = "sqs.us-east-1.amazonaws.com"
		}, "sqs.us-east-1.amazonaws.com"},
		"64 kB": {func(c *x509.Certificate) {
			for range 900 {
				c.DNSNames = append(c.DNSNames, long)
			}
		}, long},
		"NUL and terminal escapes": {func(c *x509.Certificate) {
			c.DNSNames = []string{"s3.amazonaws.com\x00.evil.example", "\x1b[2Jx.amazonaws.com"}
			c.Subject = pkix.Name{CommonName: "\x1b]0;owned\x07", Organization: []string{"a\x00b\r\n"}}
		}, ""},
		"newline in a subject, no names": {func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "s3.amazonaws.com\n{\"flagged\":false}"}
		}, ""},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			server := &tls.Config{Certificates: []tls.Certificate{certificateFor(t, k.change)}, MinVersion: tls.VersionTLS10}
			client := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
			var lines []string
			s := newSensor(t, func(f *classify.Finding) {
				lines = append(lines, string(event.NewNative(event.Sensor{}).AppendFinding(nil, f)))
			})
			s.sessions.Certificates = true
			for _, f := range handshakeFrames(t, client, server) {
				s.Process(&f)
			}
			s.table.Flush()
			if len(lines) != 1 {
				t.Fatalf("%d events", len(lines))
			}
			checkHostile(t, lines[0], k.host)
		})
	}
}

func checkHostile(t *testing.T, line, host string) {
	t.Helper()
	for i := range len(line) {
		if line[i] < 0x20 || line[i] > 0x7e {
			t.Fatalf("byte %#x in %q", line[i], line)
		}
	}
	var event struct {
		Host   string
		Client struct{ SNI *string }
	}
	if err := json.Unmarshal([]byte(line), &event); err != nil {
		t.Fatal(err)
	}
	if event.Host != host || event.Client.SNI != nil {
		t.Errorf("host %q, want %q; %s", event.Host, host, line[:min(len(line), 2000)])
	}
}

// A server may send a HelloRequest before it has received a hello (RFC 5246, 7.4.1.1).
func TestHelloRequestBeforeEverything(t *testing.T) {
	server := &tls.Config{Certificates: []tls.Certificate{certificateFor(t, func(*x509.Certificate) {})}, MinVersion: tls.VersionTLS10}
	client := &tls.Config{ServerName: "sqs.us-east-1.amazonaws.com", InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}
	request := sent{from: 1, bytes: []byte{22, 3, 1, 0, 4, 0, 0, 0, 0}}
	var got []classify.Finding
	s := newSensor(t, func(f *classify.Finding) { got = append(got, *f) })
	for _, f := range connection(append([]sent{request}, handshakeOf(t, client, server)...)) {
		s.Process(&f)
	}
	s.table.Flush()
	if len(got) != 1 || !got[0].Flagged || got[0].Outcome != classify.Established {
		t.Fatalf("%+v", got)
	}
}
