package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"hash/maphash"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/standin"
)

// receipts count events by the number of their client. The zero value has none.
type receipts struct {
	mu      sync.Mutex
	times   []uint8
	hashes  []uint64
	found   int
	doubled int
	changed int // came again with another content, and so with another id
	foreign int
}

var seed = maphash.MakeSeed()

// add adds an event. id is what the far end was told, if anything.
func (r *receipts) add(event []byte, id string) {
	n, ok := numberOf(event)
	hash := maphash.Bytes(seed, event)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok || id != "" && id != string(transport.AppendIdentity(nil, event)) {
		r.foreign++
		return
	}
	for n >= len(r.times) {
		r.times, r.hashes = append(r.times, 0), append(r.hashes, 0)
	}
	switch {
	case r.times[n] == 0:
		r.found++
		r.times[n], r.hashes[n] = 1, hash
	case r.hashes[n] != hash:
		r.changed++
		fallthrough
	default:
		r.doubled++
	}
}

// numberOf is the number of the client that an event is about.
func numberOf(event []byte) (int, bool) {
	_, rest, _ := bytes.Cut(event, []byte(`"src_ip":"`))
	text, _, ok := bytes.Cut(rest, []byte(`"`))
	ip, err := netip.ParseAddr(string(text))
	if !ok || err != nil || !ip.Is4() || event[0] != '{' {
		return 0, false
	}
	b := ip.As4()
	n := int(b[0])<<24 + int(b[1])<<16 + int(b[2])<<8 + int(b[3]) - 0x0a800000
	return n, n >= 0 && n < firstProbe
}

func (r *receipts) different() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found
}

// counts returns how many events were found, came again, and were wrong in any way.
func (r *receipts) counts() (found, doubled, wrong int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.found, r.doubled, r.changed + r.foreign
}

// missing counts the events that others have and r has not.
func (r *receipts) missing(others *receipts) (n int) {
	for i, times := range others.times {
		if times > 0 && (i >= len(r.times) || r.times[i] == 0) {
			n++
		}
	}
	return n
}

// farEnd is a server that counts what it receives. start and stop may be called again and
// again: the address stays. What is under way when it stops is cut off.
type farEnd struct {
	receipts
	kind, spec  string
	start, stop func()
	pause       atomic.Int64 // before each reading of 64 kB or request, in nanoseconds
	before      atomic.Pointer[func(w http.ResponseWriter, r *http.Request) int]
	answered    atomic.Int64 // how often before has answered
	refuse      atomic.Int64 // refuse each event whose number is a multiple; 0: none
}

// newFarEnd starts a far end in a network.
func newFarEnd(t *testing.T, n *network, folder, kind string) *farEnd {
	t.Helper()
	e := &farEnd{kind: kind}
	switch kind {
	case "unix":
		path := filepath.Join(folder, "socket")
		e.spec = "unix:" + path
		e.streams(t, func() (net.Listener, error) {
			l, err := net.Listen("unix", path)
			if err == nil {
				err = os.Chmod(path, 0o777)
			}
			return l, err
		})
	case "tcp", "tls":
		e.spec = e.tcp(t, n, folder)
	case "udp":
		e.spec = "syslog+udp://" + e.datagrams(t, n)
	case "elasticsearch":
		elastic := &standin.Elastic{T: t, Index: "tls", Before: e.hinder, Item: func(event []byte) (int, string) { return e.item(event) }}
		e.spec = "elasticsearch+http://" + e.http(t, n, elastic) + "/tls"
	case "splunk":
		splunk := &standin.Splunk{T: t, Token: soakToken, Before: e.hinder, Take: func(event standin.SplunkEvent) { e.add(event.Event, event.Fields["event_id"]) }}
		splunk.Bad = func(event string) bool { return e.isRefused([]byte(event)) }
		e.spec = "splunk+http://" + e.http(t, n, splunk) + "?token-env=SOAK_TOKEN"
	}
	e.start()
	t.Cleanup(func() { e.stop() })
	return e
}

// addressOf is the address of a kind of far end. In a network of the test's own it is free,
// and no client gets such a port.
func addressOf(kind string) string {
	return "127.0.0.1:" + map[string]string{"tcp": "514", "tls": "6514", "elasticsearch": "9200", "splunk": "8088"}[kind]
}

// listen listens in a network.
func (n *network) listen(address string) (l net.Listener, err error) {
	n.do(func() { l, err = net.Listen("tcp", address) })
	return l, err
}

// http prepares a server, and returns its address.
func (e *farEnd) http(t *testing.T, n *network, handler http.Handler) string {
	var s *http.Server
	e.start = func() {
		l, err := n.listen(addressOf(e.kind))
		must(t, err)
		s = &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
		go func(s *http.Server) { _ = s.Serve(l) }(s)
	}
	e.stop = func() { _ = s.Close() }
	return addressOf(e.kind)
}

func (e *farEnd) hinder(w http.ResponseWriter, r *http.Request) int {
	time.Sleep(time.Duration(e.pause.Load()))
	if before := e.before.Load(); before != nil {
		return (*before)(w, r)
	}
	return 0
}

func (e *farEnd) isHTTP() bool { return e.kind == "elasticsearch" || e.kind == "splunk" }

func (e *farEnd) isRefused(event []byte) bool {
	n, _ := numberOf(event)
	every := int(e.refuse.Load())
	return every > 0 && n%every == 0
}

// item is Elasticsearch's answer to one event.
func (e *farEnd) item(event []byte) (status int, failure string) {
	if e.isRefused(event) {
		return http.StatusBadRequest, `{"type":"document_parsing_exception","reason":"no"}`
	}
	e.add(event, "")
	return http.StatusCreated, ""
}

// tcp prepares a server of syslog, and returns its specification.
func (e *farEnd) tcp(t *testing.T, n *network, folder string) string {
	t.Helper()
	address := addressOf(e.kind)
	if e.kind == "tcp" {
		e.streams(t, func() (net.Listener, error) { return n.listen(address) })
		return "syslog+tcp://" + address
	}
	authority := standin.NewAuthority(t)
	config, ca := authority.Server(t), filepath.Join(folder, "ca.pem")
	e.streams(t, func() (net.Listener, error) {
		l, err := n.listen(address)
		if err != nil {
			return nil, err
		}
		return tls.NewListener(l, config), nil
	})
	must(t, os.WriteFile(ca, read(t, authority.File), 0o644))
	return "syslog+tls://" + address + "?ca=" + ca
}

// streams prepares a server that reads lines.
func (e *farEnd) streams(t *testing.T, listen func() (net.Listener, error)) {
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	var l net.Listener
	e.start = func() {
		var err error
		l, err = listen()
		must(t, err)
		go func(l net.Listener) {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				mu.Lock()
				conns[conn] = true
				mu.Unlock()
				go func() {
					e.lines(conn)
					mu.Lock()
					delete(conns, conn)
					mu.Unlock()
				}()
			}
		}(l)
	}
	e.stop = func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for conn := range conns {
			conn.Close()
		}
	}
}

// lines reads lines until the end. An event begins at the first brace.
func (e *farEnd) lines(conn net.Conn) {
	defer conn.Close()
	from := bufio.NewReaderSize(slowly{conn, &e.pause}, 64<<10)
	for {
		line, err := from.ReadBytes('\n')
		if err != nil {
			return
		}
		e.add(bytes.TrimSuffix(line[max(0, bytes.IndexByte(line, '{')):], []byte("\n")), "")
	}
}

// slowly waits before each reading.
type slowly struct {
	from  io.Reader
	pause *atomic.Int64
}

func (s slowly) Read(b []byte) (int, error) {
	time.Sleep(time.Duration(s.pause.Load()))
	return s.from.Read(b)
}

// datagrams starts a server of syslog over UDP, and returns its address.
func (e *farEnd) datagrams(t *testing.T, n *network) string {
	t.Helper()
	var conn net.PacketConn
	var err error
	n.do(func() { conn, err = net.ListenPacket("udp", "127.0.0.1:0") })
	must(t, err)
	_ = conn.(*net.UDPConn).SetReadBuffer(4 << 20)
	e.start = func() {
		go func() {
			b := make([]byte, 64<<10)
			for {
				n, _, err := conn.ReadFrom(b)
				if err != nil {
					return
				}
				e.add(b[max(0, bytes.IndexByte(b[:n], '{')):n], "")
			}
		}()
	}
	e.stop = func() { conn.Close() }
	return conn.LocalAddr().String()
}

func (e *farEnd) String() string {
	found, doubled, wrong := e.counts()
	return fmt.Sprintf("%s: %d events, %d came again, %d wrong", e.kind, found, doubled, wrong)
}
