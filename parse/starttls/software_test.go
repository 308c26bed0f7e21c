package starttls

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a server's end of a connection that records all bytes.
type recorder struct {
	net.Conn
	mu    sync.Mutex
	turns []turn
	tls   [2]bool // TLS has begun in this direction
}

func (r *recorder) note(server bool, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := 0
	if server {
		i = 1
	}
	first := !r.tls[i] && len(data) > 0 && data[0] == recordHandshake
	r.tls[i] = r.tls[i] || first
	r.turns = append(r.turns, turn{server: server, data: string(data), tls: first})
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.note(false, b[:n])
	return n, err
}

func (r *recorder) Write(b []byte) (int, error) {
	r.note(true, b)
	return r.Conn.Write(b)
}

// peer is a script's view of the connection. It reads no more than it needs,
// so that the hello is left to TLS.
type peer struct{ net.Conn }

// until reads up to and including a byte.
func (p peer) until(end byte) string {
	var out []byte
	for b := []byte{end + 1}; b[0] != end; {
		if _, err := io.ReadFull(p, b); err != nil {
			return ""
		}
		out = append(out, b[0])
	}
	return string(out)
}

func (p peer) exactly(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(p, b); err != nil {
		return ""
	}
	return string(b)
}

func (p peer) say(text string) bool {
	_, err := io.WriteString(p, text)
	return err == nil
}

// lines answers lines until one contains the upgrade command. "%t" in a reply
// is the line's first word.
func lines(greeting, upgrade, granted string, replies ...string) func(peer) {
	return func(p peer) {
		p.say(greeting)
		for {
			line := p.until('\n')
			reply := granted
			if !strings.Contains(line, upgrade) {
				reply = answer(line, replies)
			}
			tag, _, _ := strings.Cut(line, " ")
			if line == "" || !p.say(strings.ReplaceAll(reply, "%t", tag)) || reply == granted {
				return
			}
		}
	}
}

// answer takes the reply after the word that the line contains.
func answer(line string, replies []string) string {
	for i := 0; i+1 < len(replies); i += 2 {
		if strings.Contains(line, replies[i]) {
			return replies[i+1]
		}
	}
	return ""
}

func xmppPeer(p peer) {
	for tag := ""; !strings.HasPrefix(tag, "<stream:stream"); {
		if tag = strings.TrimSpace(p.until('>')); tag == "" {
			return
		}
	}
	p.say(xmlHead + xmlStream + "<stream:features><starttls xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/></stream:features>")
	p.until('>')
	p.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
}

func postgresqlPeer(p peer) {
	for range 2 {
		if p.exactly(8) == pgSSL {
			p.say("S")
			return
		}
		p.say("N")
	}
}

func socks5Peer(p peer) {
	offer := p.exactly(3)
	if offer == "" {
		return
	}
	p.exactly(int(offer[1]) - 1)
	p.say("\x05\x00")
	head := p.exactly(5)
	if head == "" {
		return
	}
	size, _ := socks5Size([]byte(head))
	p.exactly(size - 5)
	p.say("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
}

func socks4Peer(named bool) func(peer) {
	return func(p peer) {
		p.exactly(8)
		p.until(0)
		if named {
			p.until(0)
		}
		p.say("\x00\x5a\x00\x00\x00\x00\x00\x00")
	}
}

func connectPeer(p peer) {
	for line := "x"; strings.TrimSpace(line) != ""; {
		line = p.until('\n')
	}
	p.say("HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n")
}

func nbdPeer(p peer) {
	p.say("NBDMAGICIHAVEOPT\x00\x03")
	p.exactly(4 + (8 + 4 + 4))
	p.say(nbdReply + "\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00\x00")
}

func upgradePeer(p peer) {
	for line := "x"; strings.TrimSpace(line) != ""; {
		line = p.until('\n')
	}
	p.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2,HTTP/1.1\r\n\r\n")
}

// vncPeer offers VeNCrypt with X509None.
func vncPeer(p peer) {
	p.say("RFB 003.008\n")
	p.until('\n')
	p.say("\x01\x13")
	p.exactly(1)
	p.say("\x00\x02")
	p.exactly(2)
	p.say("\x00\x01\x00\x00\x01\x04")
	p.exactly(4)
	p.say("\x01")
}

// TestRealClients connects real programs to a script, and pushes the recorded bytes.
func TestRealClients(t *testing.T) {
	certificate := selfSigned(t)
	openssl := func(starttls string, more ...string) []string {
		return append([]string{"openssl", "s_client", "-connect", "ADDRESS", "-starttls", starttls}, more...)
	}
	curl := func(more ...string) []string {
		return append([]string{"curl", "-sk", "--max-time", "5", "--noproxy", ""}, more...)
	}
	smtpPeer := lines("220-mx\r\n220 ready\r\n", "STARTTLS", "220 go\r\n", "EHLO", "250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n", "LHLO", "250-mx\r\n250 STARTTLS\r\n")
	imapPeer := lines("* OK IMAP4 ready\r\n", "STARTTLS", "%t OK go\r\n", "CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS\r\n%t OK done\r\n")
	pop3Peer := lines("+OK ready\r\n", "STLS", "+OK go\r\n", "CAPA", "+OK\r\nSTLS\r\nUIDL\r\n.\r\n")
	ftpPeer := lines("220 ftp\r\n", "AUTH", "234 go\r\n", "FEAT", "211-Features:\r\n AUTH TLS\r\n211 End\r\n")
	ldapPeer := func(p peer) { p.exactly(len(ber31)); p.say(berOK) }
	mysqlPeer := func(greeting string) func(peer) { return func(p peer) { p.say(greeting); p.exactly(36) } }
	const host = "www.example.com"
	for _, tc := range []struct {
		name, proto, host string
		command           []string
		script            func(peer)
	}{
		{"openssl smtp", "smtp", "", openssl("smtp"), smtpPeer},
		{"openssl lmtp", "smtp", "", openssl("lmtp"), smtpPeer},
		{"openssl imap", "imap", "", openssl("imap"), imapPeer},
		{"openssl pop3", "pop3", "", openssl("pop3"), pop3Peer},
		{"openssl ftp", "ftp", "", openssl("ftp"), ftpPeer},
		{"openssl nntp", "nntp", "", openssl("nntp"), lines("200 news\r\n", "STARTTLS", "382 go\r\n", "CAPABILITIES", "101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n")},
		{"openssl sieve", "sieve", "", openssl("sieve"), lines("\"IMPLEMENTATION\" \"test\"\r\n\"STARTTLS\"\r\nOK\r\n", "STARTTLS", "OK \"go\"\r\n")},
		{"openssl irc", "irc", "", openssl("irc"), lines("", "STARTTLS", ":test 670 * :STARTTLS successful\r\n")},
		{"openssl ldap", "ldap", "", openssl("ldap"), ldapPeer},
		{"openssl xmpp", "xmpp", "", openssl("xmpp", "-name", host), xmppPeer},
		{"openssl xmpp-server", "xmpp", "", openssl("xmpp-server", "-name", host), xmppPeer},
		{"openssl postgres", "postgresql", "", openssl("postgres"), postgresqlPeer},
		{"openssl mysql", "mysql", "", openssl("mysql"), mysqlPeer(myGreeting)},
		{"openssl through a proxy", "http-connect", host, []string{"openssl", "s_client", "-proxy", "ADDRESS", "-connect", host + ":443"}, connectPeer},
		{"curl smtp through a proxy", "smtp", host, curl("-px", "http://ADDRESS", "--ssl-reqd", "smtp://"+host),
			func(p peer) { connectPeer(p); smtpPeer(p) }},
		{"curl smtp", "smtp", "", curl("--ssl-reqd", "smtp://ADDRESS"), smtpPeer},
		{"curl imap", "imap", "", curl("--ssl-reqd", "imap://ADDRESS"), imapPeer},
		{"curl pop3", "pop3", "", curl("--ssl-reqd", "pop3://ADDRESS"), pop3Peer},
		{"curl ftp", "ftp", "", curl("--ssl-reqd", "ftp://ADDRESS"), ftpPeer},
		{"curl through a proxy", "http-connect", host, curl("-x", "http://ADDRESS", "https://"+host), connectPeer},
		{"curl through socks4a", "socks4", host, curl("--socks4a", "ADDRESS", "https://"+host), socks4Peer(true)},
		{"curl through socks4", "socks4", "192.0.2.7", curl("--socks4", "ADDRESS", "https://192.0.2.7"), socks4Peer(false)},
		{"curl through socks5", "socks5", host, curl("--socks5-hostname", "ADDRESS", "https://"+host), socks5Peer},
		{"curl behind a PROXY header", "proxy-protocol", "", curl("--haproxy-protocol", "https://ADDRESS"), func(p peer) { p.until('\n') }},
		{"nbdinfo", "nbd", "", []string{"nbdinfo", "nbds://ADDRESS/?tls-verify-peer=false"}, nbdPeer},
		{"lpstat", "http-upgrade", "", []string{"lpstat", "-E", "-h", "ADDRESS", "-r"}, upgradePeer},
		{"gvnccapture", "vnc", "", []string{"gvnccapture", "HOST:DISPLAY", "/dev/null"}, vncPeer},
		{"psql", "postgresql", "", []string{"psql", "host=HOST port=PORT sslmode=require user=x connect_timeout=5"}, postgresqlPeer},
		{"mariadb", "mysql", "", []string{"mysql", "-hHOST", "-PPORT", "-ux", "--ssl", "--connect-timeout=5"}, mysqlPeer(mariaGreeting)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tc.command[0]); err != nil {
				t.Skipf("no %s here", tc.command[0])
			}
			turns := record(t, tc.command, tc.script, certificate)
			at := tlsAt(turns)
			if at[0] < 0 || at[1] < 0 {
				t.Fatalf("the client did not come to TLS: %+v", turns)
			}
			for _, cut := range cuttings {
				got := play(t, turns, cut)
				got.mustFind(at)
				if host, _, _ := got.p.Target(); host != tc.host || got.p.Protocol() != tc.proto {
					t.Errorf("protocol %q, host %q", got.p.Protocol(), host)
				}
			}
			play(t, only(false, turns), whole).mustFind(tlsAt(only(false, turns)))
			play(t, only(true, turns), whole).mustFind(tlsAt(only(true, turns)))
		})
	}
}

// record runs a command against a script, followed by TLS, and returns the bytes that
// were sent.
func record(t *testing.T, command []string, script func(peer), certificate tls.Certificate) []turn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan []turn, 1)
	go func() {
		done <- serve(listener, script, certificate)
		time.AfterFunc(time.Second, cancel) // some try again for ever
	}()

	host, port, _ := net.SplitHostPort(listener.Addr().String())
	display := listener.Addr().(*net.TCPAddr).Port - 5900
	fill := strings.NewReplacer("ADDRESS", listener.Addr().String(), "HOST", host, "PORT", port, "DISPLAY", strconv.Itoa(display))
	var args []string
	for _, a := range command[1:] {
		args = append(args, fill.Replace(a))
	}
	cmd := exec.CommandContext(ctx, command[0], args...)
	cmd.Stdin = strings.NewReader("")
	out, err := cmd.CombinedOutput() // it may fail: the script has the upgrade only
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v\n%s", command[0], err, out)
	}
	listener.Close()
	return <-done
}

// serve takes one connection to the end of the TLS handshake.
func serve(listener net.Listener, script func(peer), certificate tls.Certificate) []turn {
	conn, err := listener.Accept()
	if err != nil {
		return nil
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	r := &recorder{Conn: conn}
	script(peer{r})
	secure := tls.Server(r, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if secure.Handshake() == nil {
		_ = conn.SetDeadline(time.Now().Add(2 * time.Second)) // some wait for an answer
		_, _ = bufio.NewReader(secure).ReadByte()             // until the client closes
	}
	return r.turns
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
