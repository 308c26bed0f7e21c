package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

const awsName = "dynamodb.us-west-2.amazonaws.com"

func oldServer(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

var oldClient = &tls.Config{ServerName: awsName, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}

// serve runs a server of TLS 1.0 on the near end until the test ends.
func (n *network) serve(t *testing.T, address string) {
	t.Helper()
	config := oldServer(t)
	var l net.Listener
	var err error
	n.do(func() { l, err = net.Listen("tcp", address) })
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				s := tls.Server(c, config)
				_, _ = io.Copy(s, s)
				s.Close()
			}()
		}
	}()
}

// violate makes a real handshake and returns the client's address.
func (n *network) violate(address string) (client string, err error) {
	var c net.Conn
	n.do(func() { c, err = net.DialTimeout("tcp", address, patience) })
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	return c.LocalAddr().String(), tls.Client(c, oldClient).Handshake()
}

// script has the bytes of one real handshake of TLS 1.0, which are sent again as those of
// other clients: two processors cannot make as many real ones.
type script []line

type line struct {
	fromClient bool
	bytes      []byte
}

// recorder is an end of a pipe that records what is written.
type recorder struct {
	net.Conn
	fromClient bool
	mu         *sync.Mutex
	script     *script
}

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	*r.script = append(*r.script, line{r.fromClient, bytes.Clone(b)})
	r.mu.Unlock()
	return r.Conn.Write(b)
}

func newScript(t *testing.T) script {
	t.Helper()
	var s script
	var mu sync.Mutex
	a, b := net.Pipe()
	answered := make(chan error, 1)
	config := oldServer(t)
	go func() { answered <- tls.Server(&recorder{b, false, &mu, &s}, config).Handshake() }()
	must(t, tls.Client(&recorder{a, true, &mu, &s}, oldClient).Handshake())
	must(t, <-answered)
	return s
}

// clientOf returns the address of the client with a number.
func clientOf(n int) netip.AddrPort {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], 0x0a800000+uint32(n))
	return netip.AddrPortFrom(netip.AddrFrom4(ip), 40000)
}

var awsServer = netip.MustParseAddrPort("192.0.2.10:443")

// frames returns a connection with the handshake, from a client.
func (s script) frames(client netip.AddrPort) [][]byte {
	const c, a = 0, 1
	seq := [2]uint32{1000, 2000}
	ends := [2]netip.AddrPort{client, awsServer}
	var all [][]byte
	say := func(from int, flags uint8, payload []byte) {
		segment := wrap.Segment{Src: ends[from], Dst: ends[1-from], Seq: seq[from], Ack: seq[1-from], Flags: flags}
		all = append(all, wrap.Ethernet(wrap.TCP(segment, payload)))
		seq[from] += uint32(len(payload))
		if flags&(decode.SYN|decode.FIN) != 0 {
			seq[from]++
		}
	}
	say(c, decode.SYN, nil)
	say(a, decode.SYN|decode.ACK, nil)
	for _, l := range s {
		from := a
		if l.fromClient {
			from = c
		}
		for rest := l.bytes; len(rest) > 0; rest = rest[min(1400, len(rest)):] {
			say(from, decode.ACK, rest[:min(1400, len(rest))])
		}
	}
	say(c, decode.FIN|decode.ACK, nil)
	say(a, decode.FIN|decode.ACK, nil)
	return all
}

// ledger counts the violations that were made, by the client's address.
type ledger struct {
	mu      sync.Mutex
	clients []string
}

func (l *ledger) add(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients = append(l.clients, client)
}

// addMany adds the clients with the numbers from one to another.
func (l *ledger) addMany(from, to int) {
	for i := from; i < to; i++ {
		l.add(clientOf(i).String())
	}
}

// account says how many violations were found.
type account struct{ sent, found, lost, doubled, foreign int }

func (a account) String() string {
	return fmt.Sprintf("findings: sent %d, found %d, lost %d, doubled %d", a.sent, a.found, a.lost, a.doubled)
}

// exact reports whether each was found once, and no other.
func (a account) exact() bool { return a.lost == 0 && a.doubled == 0 && a.foreign == 0 }

// compare compares the violations that were made with those that were found. A client's
// address may have been used again for another connection.
func (l *ledger) compare(found map[string]int) account {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := account{sent: len(l.clients)}
	made := map[string]int{}
	for _, client := range l.clients {
		made[client]++
	}
	for client, n := range made {
		a.found += min(n, found[client])
		a.doubled += max(0, found[client]-n)
	}
	for client, n := range found {
		if made[client] == 0 {
			a.foreign += n
		}
	}
	a.lost = a.sent - a.found
	return a
}

// violations counts the violations in the text of events, by client. A line
// that is no whole JSON fails the test.
func violations(t *testing.T, text []byte) map[string]int {
	t.Helper()
	found := map[string]int{}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		t.Errorf("the last line is torn: %q", text[max(0, len(text)-60):])
	}
	for _, line := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if len(text) == 0 {
			break
		}
		var e struct {
			Verdict string `json:"verdict"`
			Host    string `json:"host"`
			IP      string `json:"src_ip"`
			Port    int    `json:"src_port"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Errorf("a line is no JSON: %v: %.200q", err, line)
			continue
		}
		if e.Verdict == "violation" && e.Host == awsName {
			found[fmt.Sprintf("%s:%d", e.IP, e.Port)]++
		}
	}
	return found
}

func read(t *testing.T, names ...string) (text []byte) {
	t.Helper()
	for _, name := range names {
		part, err := os.ReadFile(name)
		must(t, err)
		text = append(text, part...)
	}
	return text
}

// linesOf counts the whole lines of a file; 0: it does not exist.
func linesOf(name string) int {
	text, _ := os.ReadFile(name)
	return bytes.Count(text, []byte("\n"))
}
