package syslog

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/standin"
	"tlsfloor/cmd/internal/testing/wait"
)

var header = Header{Facility: 16, Host: "bastion 1"}

func mark(i int) transport.Mark {
	return transport.Mark{Time: time.Date(2026, 3, 1, 12, 0, i, 123456789, time.UTC).UnixNano(), Severity: transport.Warning}
}

func batchOf(from, to int, padding string) *transport.Batch {
	b := new(transport.Batch)
	for i := from; i < to; i++ {
		b.Add(fmt.Appendf(b.Text(), `{"n":%d,"padding":"%s"}`, i, padding), mark(i))
	}
	return b
}

func TestMessage(t *testing.T) {
	pid := os.Getpid()
	for _, tt := range []struct {
		header Header
		mark   transport.Mark
		want   string
	}{
		{header, mark(0), "<132>1 2026-03-01T12:00:00.123456Z bastion1 tlsfloor %d handshake - {}"},
		{Header{}, transport.Mark{Kind: transport.Stats, Severity: transport.Informational}, "<6>1 1970-01-01T00:00:00.000000Z - tlsfloor %d stats - {}"},
		{Header{Facility: 23, Host: "b\u00fccher\n"}, mark(59), "<188>1 2026-03-01T12:00:59.123456Z bcher tlsfloor %d handshake - {}"},
		{header, transport.Mark{Kind: transport.Stats, Host: "bastion-2"}, "<128>1 1970-01-01T00:00:00.000000Z bastion-2 tlsfloor %d stats - {}"},
		{Header{Host: strings.Repeat("x", 300)}, mark(1), "<4>1 2026-03-01T12:00:01.123456Z " + strings.Repeat("x", 255) + " tlsfloor %d handshake - {}"},
	} {
		if got, want := string(tt.header.appendMessage(nil, tt.mark, []byte("{}"))), fmt.Sprintf(tt.want, pid); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// A row of CSV ends with CR, which is no part of a message.
func TestMessageOfARow(t *testing.T) {
	if got := string(header.appendMessage(nil, mark(0), []byte("a,b\r"))); !strings.HasSuffix(got, " - a,b") {
		t.Errorf("%q", got)
	}
}

func TestFacilities(t *testing.T) {
	for name, want := range map[string]uint8{"kern": 0, "daemon": 3, "authpriv": 10, "local0": 16, "local7": 23} {
		if got, ok := ParseFacility(name); got != want || !ok {
			t.Errorf("%s: %d, %v", name, got, ok)
		}
	}
	if _, ok := ParseFacility("local8"); ok {
		t.Error("local8 is one")
	}
}

// server plays a syslog server that reads one connection at a time.
type server struct {
	net.Listener
	t testing.TB
}

func listen(t *testing.T, config *tls.Config) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	t.Cleanup(func() { l.Close() })
	return &server{l, t}
}

// messages reads the messages of one connection, to its end.
func (s *server) messages(f Framing) (all []string) {
	conn, err := s.Accept()
	if err != nil {
		s.t.Error(err)
		return nil
	}
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		message, err := next(r, f)
		if err == io.EOF && message == "" {
			return all
		}
		if err != nil {
			s.t.Errorf("%v, after %d messages: %.100q", err, len(all), message)
			return all
		}
		all = append(all, message)
	}
}

// next reads a message.
func next(r *bufio.Reader, f Framing) (string, error) {
	if f == Newline {
		message, err := r.ReadString('\n')
		return strings.TrimSuffix(message, "\n"), err
	}
	count, err := r.ReadString(' ')
	if err != nil {
		return count, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(count, " "))
	if err != nil || count[0] == '0' {
		return count, fmt.Errorf("a count of %q", count)
	}
	message := make([]byte, n)
	_, err = io.ReadFull(r, message)
	return string(message), err
}

func TestStreamFramings(t *testing.T) {
	authority := standin.NewAuthority(t)
	for name, tt := range map[string]struct {
		framing Framing
		server  *tls.Config
		client  *transport.TLS
	}{
		"TCP":             {Newline, nil, nil},
		"TCP with octets": {Octets, nil, nil},
		"TLS":             {Newline, authority.Server(t), &transport.TLS{CA: authority.File}},
		"TLS with octets": {Octets, authority.Server(t), &transport.TLS{CA: authority.File}},
	} {
		l := listen(t, tt.server)
		s := &TCP{Address: l.Addr().String(), Header: header, Framing: tt.framing, TLS: tt.client}
		b := batchOf(0, 300, strings.Repeat("x", 1000))
		b.Acknowledge(0) // sent before
		received := make(chan []string)
		go func() { received <- l.messages(tt.framing) }()
		if err := s.Deliver(context.Background(), b); err != nil || b.Pending() > 0 {
			t.Fatalf("%s: %v, %d lines left", name, err, b.Pending())
		}
		all := <-received
		for i, m := range all {
			if want := string(header.appendMessage(nil, b.Mark(i+1), b.Line(i+1))); m != want {
				t.Fatalf("%s: %s, want %s", name, m, want)
			}
		}
		if len(all) != 299 {
			t.Errorf("%s: %d messages", name, len(all))
		}
	}
}

// A server that has taken no batch and ends connections may expect the other framing.
func TestStreamSuspectsFraming(t *testing.T) {
	const hint = "framing=octet"
	s := new(TCP)
	reset := &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}
	for _, err := range []error{errClosed, reset} {
		if got := s.suspectFraming(err); !strings.Contains(got.Error(), hint) || !errors.Is(got, err) {
			t.Error(got)
		}
	}
	if got := s.suspectFraming(os.ErrDeadlineExceeded); got != os.ErrDeadlineExceeded {
		t.Error(got)
	}
	s.worked = true
	if got := s.suspectFraming(errClosed); got != errClosed {
		t.Error(got)
	}
	if got := (&TCP{Framing: Octets}).suspectFraming(errClosed); got != errClosed {
		t.Error(got)
	}
}

// A batch is not acknowledged if the server closes with unread bytes, even if TCP has
// acknowledged them, or during the pause before the FIN.
func TestStreamServerThatDies(t *testing.T) {
	b := batchOf(0, 100, "")
	size := len((&TCP{Header: header}).encode(b))
	read := func(c net.Conn, n int) {
		if _, err := io.ReadFull(c, make([]byte, n)); err != nil {
			t.Error(err)
		}
	}
	for name, tt := range map[string]struct {
		pause time.Duration
		die   func(net.Conn)
	}{
		"at once":           {wait.Limit, func(net.Conn) {}},
		"with some read":    {wait.Limit, func(c net.Conn) { read(c, 1000) }},
		"with all read":     {wait.Limit, func(c net.Conn) { read(c, size) }},
		"while it works on": {wait.Limit, func(c net.Conn) { read(c, size); wait.UntilBlocked(t, "syslog.awaitEnd") }},
		"after some while":  {time.Millisecond, func(net.Conn) { wait.UntilBlocked(t, "syslog.finish") }},
	} {
		l := listen(t, nil)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			tt.die(conn)
			conn.Close()
		}()
		s := &TCP{Address: l.Addr().String(), Header: header, pause: tt.pause}
		if err := s.Deliver(context.Background(), b); err == nil || b.Pending() != 100 {
			t.Errorf("%s: %v, %d lines left", name, err, b.Pending())
		}
	}
}

func TestStreamEndsWithItsContext(t *testing.T) {
	l := listen(t, nil) // that never accepts
	s := &TCP{Address: l.Addr().String(), Header: header}
	for place, b := range map[string]*transport.Batch{
		"(*TCP).exchange": batchOf(0, 20, strings.Repeat("x", 1<<20)), // in the write
		"finish":          batchOf(0, 1, ""),                          // behind it
	} {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- s.Deliver(ctx, b) }()
		wait.UntilBlocked(t, "syslog."+place)
		cancel()
		select {
		case err := <-ended:
			if err == nil || b.Pending() == 0 {
				t.Errorf("%s: %v", place, err)
			}
		case <-time.After(wait.Limit):
			t.Fatalf("%s: goes on", place)
		}
	}
}

func TestStreamCertificates(t *testing.T) {
	authority, other := standin.NewAuthority(t), standin.NewAuthority(t)
	wanting := authority.Server(t)
	wanting.ClientAuth, wanting.ClientCAs = tls.RequireAndVerifyClientCert, authority.Pool()
	mutual := transport.TLS{CA: authority.File}
	mutual.Cert, mutual.Key = authority.Issue(t, "client.test")
	for name, tt := range map[string]struct {
		server *tls.Config
		client transport.TLS
		good   bool
	}{
		"known":                 {authority.Server(t), transport.TLS{CA: authority.File}, true},
		"known by another name": {authority.Server(t), transport.TLS{CA: authority.File, ServerName: "server.test"}, true},
		"unknown":               {authority.Server(t), transport.TLS{CA: other.File}, false},
		"not the name":          {authority.Server(t), transport.TLS{CA: authority.File, ServerName: "other.test"}, false},
		"both known":            {wanting, mutual, true},
		"client unknown":        {wanting, transport.TLS{CA: authority.File}, false},
	} {
		l := listen(t, tt.server)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(io.Discard, conn); conn.Close() }()
			}
		}()
		s := &TCP{Address: l.Addr().String(), TLS: &tt.client}
		if err := s.Check(context.Background()); (err == nil) != tt.good || !tt.good && transport.ClassOf(err) != transport.Misconfigured {
			t.Errorf("%s: %v", name, err)
		}
		b := batchOf(0, 1, "")
		if err := s.Deliver(context.Background(), b); (err == nil) != tt.good || (b.Pending() == 0) != tt.good {
			t.Errorf("%s: %v, %d lines left", name, err, b.Pending())
		}
	}
}

func TestDatagrams(t *testing.T) {
	far, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	var said []string
	d := &UDP{Address: far.LocalAddr().String(), Header: header, Note: func(line string) { said = append(said, line) }}
	defer d.Close()
	b := batchOf(0, 100, "")
	b.Add(fmt.Appendf(b.Text(), `{"long":"%s"}`, strings.Repeat("x", 65_536)), mark(0))
	b.Add(fmt.Appendf(b.Text(), `{"long":"%s"}`, strings.Repeat("x", 65_000)), mark(0))
	if err := d.Deliver(context.Background(), b); err != nil || b.Pending() > 0 || b.Refused() != 1 || len(said) != 1 {
		t.Fatalf("%v, %d lines left, %d refused, said %q", err, b.Pending(), b.Refused(), said)
	}
	buffer := make([]byte, 1<<17)
	for i := range b.Len() {
		if i == 100 {
			continue // too long
		}
		n, _, err := far.ReadFrom(buffer)
		if want := string(header.appendMessage(nil, b.Mark(i), b.Line(i))); err != nil || string(buffer[:n]) != want {
			t.Fatalf("%v: %d bytes: %.100s", err, n, buffer[:n])
		}
	}
}

// A closed port is noticed, and the lines are sent again.
func TestDatagramsToNobody(t *testing.T) {
	far, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := far.LocalAddr().String()
	far.Close()
	d := &UDP{Address: address, Header: header}
	b := batchOf(0, 10, "")
	for range 3 {
		if err := d.Deliver(context.Background(), b); err == nil || b.Pending() != 10 {
			t.Fatalf("%v, %d lines left", err, b.Pending())
		}
	}
	if far, err = net.ListenPacket("udp", address); err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if err := d.Deliver(context.Background(), b); err != nil || b.Pending() > 0 {
		t.Errorf("%v, %d lines left", err, b.Pending())
	}
}

// A real server parses the messages correctly.
func TestRsyslog(t *testing.T) {
	r := standin.StartRsyslog(t)
	for name, transport := range map[string]transport.Transport{
		"UDP":             &UDP{Address: r.UDP, Header: header},
		"TCP":             &TCP{Address: r.TCP, Header: header},
		"TLS":             &TCP{Address: r.TLS, Header: header, TLS: &transport.TLS{CA: r.Authority.File}},
		"TCP with octets": &TCP{Address: r.TCP, Header: header, Framing: Octets},
		"TLS with octets": &TCP{Address: r.TLS, Header: header, Framing: Octets, TLS: &transport.TLS{CA: r.Authority.File}},
	} {
		if err := transport.Check(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		before := len(r.Received())
		b := batchOf(0, 50, strings.Repeat(name[:3], 5000))
		if err := transport.Deliver(context.Background(), b); err != nil || b.Pending() > 0 {
			t.Errorf("%s: %v, %d lines left", name, err, b.Pending())
		}
		wait.Until(t, func() bool { return len(r.Received()) >= before+50 }) // UDP has no acknowledgement
		received := r.Received()[before:]
		for i, m := range received {
			want := standin.Message{
				Pri: "132", Time: fmt.Sprintf("2026-03-01T12:00:%02d.123456+00:00", i), Host: "bastion1", App: "tlsfloor",
				Process: strconv.Itoa(os.Getpid()), ID: "handshake", Text: string(b.Line(i)),
			}
			if m.Time = strings.Replace(m.Time, "Z", "+00:00", 1); m != want {
				t.Fatalf("%s: %.200v\nwant %.200v", name, m, want)
			}
		}
		if len(received) != 50 {
			t.Errorf("%s: %d messages", name, len(received))
		}
		if err := transport.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
