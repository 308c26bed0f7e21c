package handshake

import (
	"crypto/tls"
	"slices"
	"testing"

	"tlsfloor/parse"
)

// maxHeld is what Held promises at most: in each direction a message in pieces, in
// a buffer that may be twice as long, two hellos, and a record in another protocol's
// packets with what came behind it.
const maxHeld = 2*2*(parse.MaxCertificateMessage+4) + 2*2*parse.MaxMessage + 2*4*maxWrapped + 4096

// FuzzMachine lets two ends say anything, in pieces of any size, with bytes that are
// lost. A Machine takes no more than it is given, holds no more than it says, and
// returns the same where its Pool was used before.
func FuzzMachine(f *testing.F) {
	for _, tt := range []struct{ client, server *tls.Config }{
		{between(tls.VersionTLS10, tls.VersionTLS10), &tls.Config{MinVersion: tls.VersionTLS10}},
		{between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{}},
		{&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}}},
		{between(tls.VersionTLS10, tls.VersionTLS11), &tls.Config{MinVersion: tls.VersionTLS12}},
	} {
		var said [2][]byte
		for _, s := range transcript(f, tt.client, tt.server) {
			said[s.from] = append(said[s.from], s.bytes...)
		}
		for _, size := range []uint16{3, 100, 1400} {
			f.Add(said[client], said[server], size, uint16(0))
			f.Add(said[server], said[client], size, uint16(2))
			f.Add(slices.Concat([]byte("CONNECT a:443 HTTP/1.1\r\n\r\n"), said[client]), slices.Concat([]byte("HTTP/1.1 200 OK\r\n\r\n"), said[server]), size, uint16(5))
		}
	}
	f.Add([]byte{0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 7, 0, 0xc0}, []byte{0x80, 14, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 7, 0, 0xc0}, uint16(100), uint16(0))
	f.Fuzz(func(t *testing.T, fromClient, fromServer []byte, size, lost uint16) {
		all := [2][]byte{fromClient[:min(len(fromClient), 1<<13)], fromServer[:min(len(fromServer), 1<<13)]}
		pool := new(Pool)
		first := result(t, pool, all, max(int(size), 1), int(lost))
		if second := result(t, pool, all, max(int(size), 1), int(lost)); !slices.Equal(first, second) {
			t.Errorf("%q\nand then %q", first, second)
		}
	})
}

// result is what a Machine makes of what two ends say in turn, in pieces of a size,
// of which each lost-th is missing.
func result(t *testing.T, pool *Pool, all [2][]byte, size, lost int) []string {
	l := newListener(pool)
	defer l.Close()
	for n := 1; len(all[0])+len(all[1]) > 0; n++ {
		for d := range all {
			piece := all[d][:min(size, len(all[d]))]
			all[d] = all[d][len(piece):]
			if len(piece) == 0 || l.settled {
				continue
			}
			if lost > 0 && n%lost == 0 {
				l.miss(Dir(d))
				continue
			}
			if l.gap[d] && l.Begins(Dir(d), piece) != Begins {
				continue
			}
			l.gap[d] = false
			l.hear(t, Dir(d), piece)
			if held := l.Held(); held > maxHeld {
				t.Fatalf("%d bytes are held", held)
			}
		}
	}
	for d := range all {
		if l.Cut(Dir(d), &l.msg) {
			l.seen = append(l.seen, look(&l.msg))
		}
	}
	got := append(described(l.seen), l.AppendAnomalies(nil)...)
	return append(got, l.Protocol(), string(rune('0'+l.Outcome(Closed))))
}

// miss tells the Machine that bytes of a direction are missing.
func (l *listener) miss(d Dir) {
	for {
		switch l.Lost(d, &l.msg) {
		case Found:
			l.seen = append(l.seen, look(&l.msg))
		case Ignore:
			l.deaf[d] = true
			return
		default:
			l.waiting[d], l.gap[d] = nil, true
			return
		}
	}
}
