package handshake

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"tlsfloor/parse"
)

func between(low, high uint16) *tls.Config { return &tls.Config{MinVersion: low, MaxVersion: high} }

// The messages that a Machine finds do not depend on how the bytes are cut.
func TestRealHandshakes(t *testing.T) {
	var pool Pool
	for name, tt := range map[string]struct {
		client, server *tls.Config
		want           []string // kinds, versions and names
		outcome        Outcome
		alert          parse.AlertDescription
	}{
		"TLSv1":   {between(tls.VersionTLS10, tls.VersionTLS10), &tls.Config{MinVersion: tls.VersionTLS10}, []string{"client TLSv1 " + host, "server TLSv1", "certificate " + host}, Established, 0},
		"TLSv1.1": {between(tls.VersionTLS10, tls.VersionTLS11), &tls.Config{MinVersion: tls.VersionTLS10}, []string{"client TLSv1.1 " + host, "server TLSv1.1", "certificate " + host}, Established, 0},
		"TLSv1.2": {between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{}, []string{"client TLSv1.2 " + host, "server TLSv1.2", "certificate " + host}, Established, 0},
		"TLSv1.3": {&tls.Config{}, &tls.Config{}, []string{"client TLSv1.3 " + host, "server TLSv1.3"}, Established, 0},
		"a server that selects less": {&tls.Config{MinVersion: tls.VersionTLS10}, between(tls.VersionTLS10, tls.VersionTLS11),
			[]string{"client TLSv1.3 " + host, "server TLSv1.1", "certificate " + host}, Established, 0},
		"a HelloRetryRequest": {&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}},
			[]string{"client TLSv1.3 " + host, "server TLSv1.3", "server TLSv1.3"}, Established, 0},
		"refused": {between(tls.VersionTLS10, tls.VersionTLS11), &tls.Config{MinVersion: tls.VersionTLS12}, []string{"client TLSv1.1 " + host}, Refused, 70},
	} {
		all := transcript(t, tt.client, tt.server)
		for _, size := range []int{1, 2, 5, 7, 100, 1400, 1 << 16} {
			l := newDriver(&pool)
			l.pushAll(t, all, size)
			if got := described(l.got); !slices.Equal(got, tt.want) {
				t.Errorf("%s, in pieces of %d: %q", name, size, got)
			}
			if d, ok := l.Client(); !ok || d != client {
				t.Errorf("%s: the client is not known", name)
			}
			if o := l.Outcome(Closed); o != tt.outcome {
				t.Errorf("%s, in pieces of %d: outcome %d", name, size, o)
			}
			if from, a, ok := l.Alert(); ok != (tt.alert != 0) || ok && (from != server || a.Description != tt.alert) {
				t.Errorf("%s, in pieces of %d: alert %v, %v from %d", name, size, ok, a, from)
			}
			if odd := l.AppendAnomalies(nil); len(odd) > 0 {
				t.Errorf("%s, in pieces of %d: %q", name, size, odd)
			}
			l.Close()
		}
	}
}

func described(all []summary) (list []string) {
	for _, s := range all {
		kind := map[Kind]string{ClientHello: "client", ServerHello: "server", Certificate: "certificate", Malformed: "malformed", Incomplete: "incomplete", Overflow: "overflow"}[s.kind]
		list = append(list, strings.Join(strings.Fields(kind+" "+s.version+" "+s.name), " "))
	}
	return list
}

// messagesOf are the unencrypted handshake messages of a direction, without record
// headers.
func messagesOf(all []sent, d Dir) (b []byte) {
	var stream parse.RecordStream
	var part parse.Part
	for _, s := range all {
		for rest := s.bytes; s.from == d; {
			ok, err := stream.Next(&rest, &part)
			if !ok || err != nil || part.Type != parse.Handshake {
				break
			}
			b = append(b, part.Fragment...)
		}
	}
	return b
}

// Handshake messages can be pushed without records, as from a transport with its own
// framing.
func TestMessagesWithoutRecords(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{})
	for _, size := range []int{1, 9, 1 << 16} {
		var l driver
		l.Open(Opening{Known: true, Dir: client}, new(Pool))
		for _, d := range []Dir{client, server} {
			for piece := range slices.Chunk(messagesOf(all, d), size) {
				for {
					left, s := l.PushMessages(d, piece, &l.msg)
					piece = piece[len(piece)-left:]
					if s != Found {
						break
					}
					l.got = append(l.got, summarise(&l.msg))
				}
			}
		}
		want := []string{"client TLSv1.2 " + host, "server TLSv1.2", "certificate " + host}
		if got := described(l.got); !slices.Equal(got[:min(len(got), 3)], want) {
			t.Errorf("in pieces of %d: %q", size, got)
		}
	}
}

// If the rest of a hello is lost, its beginning is returned, and messages after the
// lost bytes are found.
func TestLost(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS10, tls.VersionTLS10), &tls.Config{MinVersion: tls.VersionTLS10})
	for kept := range len(all[0].bytes) {
		l := newDriver(new(Pool))
		l.push(t, client, all[0].bytes[:kept])
		for l.Lost(client, &l.msg) == Found {
			l.got = append(l.got, summarise(&l.msg))
		}
		l.unconsumed[client] = nil
		if kept > 11 { // record and message header, and the version
			if len(l.got) != 1 || l.got[0].kind != ClientHello || !l.got[0].cut || l.got[0].version != "TLSv1" {
				t.Fatalf("%d bytes: %+v", kept, l.got)
			}
		}
		l.push(t, server, all[1].bytes)
		if last := l.got[len(l.got)-1]; last.kind != Certificate {
			t.Fatalf("%d bytes: %+v", kept, l.got)
		}
		if got := l.Begins(client, all[0].bytes); got != Begins {
			t.Errorf("after lost bytes, Begins returns %d for the hello", got)
		}
		if got := l.Begins(client, []byte("GET / HTTP/1.1\r\n")); got == Begins {
			t.Error("HTTP is taken for the beginning of a handshake")
		}
		l.Close()
	}
}

// At the end of the connection, too, the beginning of a hello is returned.
func TestCutAtTheEnd(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS10, tls.VersionTLS11), &tls.Config{MinVersion: tls.VersionTLS10})
	l := newDriver(new(Pool))
	l.push(t, client, all[0].bytes[:60])
	if !l.Cut(client, &l.msg) || !l.msg.Cut || l.msg.Client.LegacyVersion != parse.TLSv11 {
		t.Errorf("%+v", l.msg)
	}
	if l.Cut(client, &l.msg) || l.Cut(server, &l.msg) {
		t.Error("it is returned twice")
	}
	if got := l.AppendAnomalies(nil); !slices.Equal(got, []string{"hello_cut"}) {
		t.Errorf("%q", got)
	}
}

// With NoCertificate, the certificate is not collected.
func TestNoCertificate(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{})
	l := newDriver(new(Pool))
	l.NoCertificate = true
	most := 0
	for _, s := range all {
		for piece := range slices.Chunk(s.bytes, 50) {
			l.push(t, s.from, piece)
			most = max(most, l.Held())
		}
	}
	if len(l.got) != 2 || most > 1024 {
		t.Errorf("%+v, at most %d bytes", l.got, most)
	}
}

// If the server's packets come first, the end that opened the connection still is the
// client, and hellos of the wrong direction are retracted.
func TestRolesAreSwapped(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{})
	l := newDriver(new(Pool))
	l.push(t, server, all[0].bytes) // a ClientHello from the end that accepted the connection
	l.push(t, client, all[0].bytes)
	if len(l.got) != 2 || l.msg.Retracted != TheClientHello|TheServerHello {
		t.Errorf("%+v, retracted %d", l.got, l.msg.Retracted)
	}
	if d, ok := l.Client(); !ok || d != client {
		t.Errorf("the client sends in %d, %v", d, ok)
	}
	if got := l.AppendAnomalies(nil); !slices.Equal(got, []string{"client_hello_from_server"}) {
		t.Errorf("%q", got)
	}
}

// TLS inside another protocol's packets is read: here TDS, whose packets of type 18
// (PRELOGIN) carry the handshake (MS-TDS, 2.2.6.5).
func TestWrapped(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS10, tls.VersionTLS10), &tls.Config{MinVersion: tls.VersionTLS10})
	wrap := func(b []byte) (w []byte) {
		for piece := range slices.Chunk(b, 300) {
			n := len(piece) + 8
			w = append(w, 18, 1, byte(n>>8), byte(n), 0, 0, 0, 0)
			w = append(w, piece...)
		}
		return w
	}
	option := []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 9, 0, 0, 0, 0, 0, 1} // VERSION, ENCRYPTION on
	for _, size := range []int{1, 13, 1 << 16} {
		l := newDriver(new(Pool))
		l.pushAll(t, []sent{{client, wrap(option)}, {server, slices.Concat([]byte{4}, wrap(option)[1:])}}, size)
		for _, s := range all[:2] {
			l.pushAll(t, []sent{{s.from, wrap(s.bytes)}}, size)
		}
		want := []string{"client TLSv1 " + host, "server TLSv1", "certificate " + host}
		if got := described(l.got); !slices.Equal(got, want) || l.Protocol() != "tds" {
			t.Errorf("in pieces of %d: %q, %q", size, got, l.Protocol())
		}
		l.Close()
		if l.Held() != 0 {
			t.Errorf("after Close it holds %d bytes", l.Held())
		}
	}
}

// TestOverflow: too many TLS bytes in another protocol's packets are reported. A Message
// is used for several connections; what an earlier one retracted does not show in it.
func TestOverflow(t *testing.T) {
	l := newDriver(new(Pool))
	l.msg.Retracted = TheClientHello
	sslv2 := []byte{0xff, 0xff, 1, 3, 1, 0x7f, 0xe6, 0, 0, 0, 0x10} // a CLIENT-HELLO of 32 kB
	l.needPreamble().wrap(client, append(sslv2, make([]byte, maxWrapped)...))
	s := l.readWrapped(client, &l.msg)
	if s != Found || l.msg.Kind != Overflow || l.msg.Retracted != 0 || !l.GaveUp(client) {
		t.Errorf("%d, %+v", s, summarise(&l.msg))
	}
}

// The fields that most segments need are in the first cache line: see Machine.
func TestMachineLayout(t *testing.T) {
	const line = 64
	if at := unsafe.Offsetof(Machine{}.messages); at > line {
		t.Errorf("the fields that each segment needs end at byte %d", at)
	}
}

// A handshake allocates nothing once the Pool has memory to reuse.
func TestNoAllocation(t *testing.T) {
	all := transcript(t, between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{})
	var pool Pool
	var m Machine
	msg := new(Message)
	run := func() {
		m.Open(Opening{Known: true, Dir: client}, &pool)
		for _, s := range all {
			for piece := range slices.Chunk(s.bytes, 500) {
				for {
					n, _, status := m.Push(s.from, piece, msg)
					piece = piece[n:]
					if status != Found {
						break
					}
				}
			}
		}
		m.Close()
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
