//go:build e2e

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const e2eSensor = "e2e"

// e2e is the environment of the clients.
type e2e struct {
	t        *testing.T
	network  *network
	binary   string
	tlsfloor *program
	folder   string // for temporary files
	ca       string // file
	events   string // file
	seen     int    // events
	ses      standInForSES
	table    strings.Builder
}

// e2eEvent has the members of an event that are checked.
type e2eEvent struct {
	Flagged bool   `json:"flagged"`
	Verdict string `json:"verdict"`
	Fix     string `json:"fix"`
	Host    string `json:"host"`
	AWS     struct {
		Service string `json:"service"`
	} `json:"aws"`
	Server struct {
		Version string `json:"version"`
	} `json:"server"`
	Process struct {
		PID        int    `json:"pid"`
		Executable string `json:"executable"`
		Parents    []struct {
			PID int `json:"pid"`
		} `json:"parents"`
	} `json:"process"`
	Software struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Version    string `json:"version"`
		Library    string `json:"library"`
		Confidence string `json:"confidence"`
	} `json:"software"`
	Advice struct {
		ID string `json:"id"`
	} `json:"advice"`
	Sensor struct {
		Host string `json:"host"`
	} `json:"sensor"`
}

func readE2E(t *testing.T, name string) (all []e2eEvent) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		var ev e2eEvent
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		must(t, json.Unmarshal([]byte(line), &ev))
		all = append(all, ev)
	}
	return all
}

// note adds a row to the table that is printed at the end.
func (e *e2e) note(client, held string, ev *e2eEvent) {
	if held == "" {
		held = "nothing"
	}
	software := strings.TrimSpace(ev.Software.Name + " " + ev.Software.Version + ", " + ev.Software.Library)
	fmt.Fprintf(&e.table, "%-34s %-8s -> %-8s %-9s %-6s %-40s advice %s\n",
		client, held, ev.Server.Version, ev.Verdict, ev.Software.Confidence, software, ev.Advice.ID)
}

// parent returns the number, if it is that of a parent of the process, or else 0.
func (ev *e2eEvent) parent(pid int) int {
	for _, p := range ev.Process.Parents {
		if p.PID == pid {
			return pid
		}
	}
	return 0
}

// guide returns what the program says about software.
func (e *e2e) guide(t *testing.T, id string) string {
	t.Helper()
	out, err := exec.Command(e.binary, "explain", id).CombinedOutput()
	if err != nil {
		t.Errorf("explain %s: %v: %s", id, err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func (e *e2e) made(name string) string { return filepath.Join(e.folder, name) }

func (e *e2e) file(name string) string {
	path, err := filepath.Abs(filepath.Join(e2eFolder, name))
	must(e.t, err)
	return path
}

func newE2E(t *testing.T) *e2e {
	t.Helper()
	e := &e2e{t: t, network: newNetwork(t), folder: room(t)}
	e.ca, e.events = e.made("ca.pem"), e.made("events")
	e.binary = build(t)
	e.makeClients()
	e.serveAll()
	e.tlsfloor = e.network.watchLoopback(t, exec.Command(e.binary, "--process", "--emit", "all", "-q", "--sensor-name", e2eSensor), e.events)
	return e
}

// makeClients compiles clients, and writes the files that they read.
func (e *e2e) makeClients() {
	for name, args := range map[string][]string{
		"Java": {"javac", "-d", e.folder, e.file("java/Client.java")},
		"Mono": {"mcs", "-out:" + e.made("Client.exe"), e.file("mono/Client.cs")},
		"Go":   {"go", "build", "-C", e.file("go"), "-o", e.made("e2e-go"), "."},

		"MariaDB Connector/J": {"javac", "-d", e.folder, e.file("mariadb/Database.java")},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			e.t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	// Java's default list forbids TLS 1.0 and 1.1; Mono needs no key database.
	must(e.t, os.WriteFile(e.made("java.security"), []byte("jdk.tls.disabledAlgorithms=\n"), 0o644))
	hosts := "127.0.0.1 localhost"
	for host, address := range e2eHosts {
		hosts += "\n" + address + " " + host
	}
	must(e.t, os.WriteFile(e.made("hosts"), []byte(hosts+"\n"), 0o644))
}

// e2eHosts are names of AWS, with their addresses in the test.
var e2eHosts = map[string]string{
	awsName:                       "127.0.0.1",
	"s3.us-west-2.amazonaws.com":  "127.0.0.1",
	codeCommit:                    "127.0.0.1",
	rdsName:                       "127.0.0.1",
	sesName:                       "127.0.0.1",
	"sqs.us-west-2.amazonaws.com": "127.0.0.2", // selects TLS 1.0
	"sts.us-west-2.amazonaws.com": "127.0.0.3", // refuses below TLS 1.2
}

func (e *e2e) serveAll() {
	authority := newAuthority(e)
	certificate := authority.certify(e.t, slices.Collect(maps.Keys(e2eHosts))...)
	for address, limits := range map[string][2]uint16{
		"127.0.0.1": {tls.VersionTLS10, tls.VersionTLS13},
		"127.0.0.2": {tls.VersionTLS10, tls.VersionTLS10},
		"127.0.0.3": {tls.VersionTLS12, tls.VersionTLS13},
	} {
		e.serve(address, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: limits[0], MaxVersion: limits[1]})
	}
	for _, s := range []struct {
		port, name string
		serve      func(net.Conn, *tls.Config) error
	}{{"5432", rdsName, servePostgreSQL}, {"3306", rdsName, serveMySQL}, {"587", sesName, e.ses.serve}} {
		config := &tls.Config{Certificates: []tls.Certificate{authority.certify(e.t, s.name)}, MinVersion: tls.VersionTLS10}
		e.listen(s.port, func(c net.Conn) error { return s.serve(c, config) })
	}
}

// listen serves connections to a port, one at a time.
func (e *e2e) listen(port string, serve func(net.Conn) error) {
	var l net.Listener
	var err error
	e.network.do(func() { l, err = net.Listen("tcp", "127.0.0.1:"+port) })
	must(e.t, err)
	e.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(e2ePatience))
			_ = serve(c) // if it fails, so does the client
			c.Close()
		}
	}()
}

func (e *e2e) serve(address string, config *tls.Config) {
	var l net.Listener
	var err error
	e.network.do(func() { l, err = net.Listen("tcp", address+":443") })
	must(e.t, err)
	s := &http.Server{Handler: http.HandlerFunc(answer), ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: patience}
	e.t.Cleanup(func() { s.Close() })
	go func() { _ = s.Serve(tls.NewListener(l, config)) }()
}

// e2eAnswers is how long a response takes. On a busy machine a client that ends within
// milliseconds has ended before its file is looked at; what it is called is then less
// sure (checkRefused).
const e2eAnswers = 300 * time.Millisecond

// answer responds as AWS does without tables, buckets and commits.
func answer(w http.ResponseWriter, r *http.Request) {
	time.Sleep(e2eAnswers)
	w.Header().Set("Connection", "close")
	if r.Host == codeCommit {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		_, _ = io.WriteString(w, "001e# service=git-upload-pack\n0000003e"+strings.Repeat("0", 39)+"1 refs/heads/main\x00\n0000")
		return
	}
	if strings.HasPrefix(r.Host, "s3.") {
		w.Header().Set("Content-Type", "application/xml")
		_, _ = io.WriteString(w, `<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets/></ListAllMyBucketsResult>`)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = io.WriteString(w, `{"TableNames":[]}`)
}

// authority makes certificates. Its own is in the clients' E2E_CA.
type authority struct {
	key  *rsa.PrivateKey
	self *x509.Certificate
}

func newAuthority(e *e2e) *authority {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(e.t, err)
	self := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	must(e.t, err)
	must(e.t, os.WriteFile(e.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	return &authority{key, self}
}

// certify makes a certificate for hosts.
func (a *authority) certify(t *testing.T, hosts ...string) tls.Certificate {
	t.Helper()
	of := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: a.self.NotBefore, NotAfter: a.self.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: hosts,
	}
	der, err := x509.CreateCertificate(rand.Reader, of, a.self, a.key.Public(), a.key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}
