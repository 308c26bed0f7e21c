package handshake

import (
	"crypto/tls"
	"slices"
	"testing"

	"tlsfloor/parse"
)

// maxHeld bounds Held: in each direction a message in pieces, in a buffer that may be
// twice as long, two hellos, and a record in another protocol's packets with the bytes
// after it.
const maxHeld = 2*2*(parse.MaxCertificateMessage+4) + 2*2*parse.MaxMessage + 2*4*maxWrapped + 4096

// FuzzMachine gives a Machine any bytes in both directions, in pieces of any size, some
// of which are lost. It consumes no more than it is given, holds no more than its
// bound, and returns the same with a Pool that was used before.
func FuzzMachine(f *testing.F) {
	for _, tt := range []struct{ client, server *tls.Config }{
		{between(tls.VersionTLS10, tls.VersionTLS10), &tls.Config{MinVersion: tls.VersionTLS10}},
		{between(tls.VersionTLS12, tls.VersionTLS12), &tls.Config{}},
		{&tls.Config{CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP384}}, &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP384}}},
		{between(tls.VersionTLS10, tls.VersionTLS11), &tls.Config{MinVersion: tls.VersionTLS12}},
	} {
		var bytes [2][]byte
		for _, s := range transcript(f, tt.client, tt.server) {
			bytes[s.from] = append(bytes[s.from], s.bytes...)
		}
		for _, size := range []uint16{3, 100, 1400} {
			f.Add(bytes[client], bytes[server], size, uint16(0))
			f.Add(bytes[server], bytes[client], size, uint16(2))
			f.Add(slices.Concat([]byte("CONNECT a:443 HTTP/1.1\r\n\r\n"), bytes[client]), slices.Concat([]byte("HTTP/1.1 200 OK\r\n\r\n"), bytes[server]), size, uint16(5))
		}
	}
	f.Add([]byte{0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 7, 0, 0xc0}, []byte{0x80, 14, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 7, 0, 0xc0}, uint16(100), uint16(0))
	f.Fuzz(func(t *testing.T, fromClient, fromServer []byte, size, lost uint16) {
		all := [2][]byte{fromClient[:min(len(fromClient), 1<<13)], fromServer[:min(len(fromServer), 1<<13)]}
		pool := new(Pool)
		first := resultOf(t, pool, all, max(int(size), 1), int(lost))
		if second := resultOf(t, pool, all, max(int(size), 1), int(lost)); !slices.Equal(first, second) {
			t.Errorf("%q\nand then %q", first, second)
		}
	})
}

// resultOf is what a Machine finds in the bytes of two ends that send in turn, in
// pieces of a size, of which each lost-th is missing.
func resultOf(t *testing.T, pool *Pool, all [2][]byte, size, lost int) []string {
	l := newDriver(pool)
	defer l.Close()
	for n := 1; len(all[0])+len(all[1]) > 0; n++ {
		for d := range all {
			piece := all[d][:min(size, len(all[d]))]
			all[d] = all[d][len(piece):]
			if len(piece) == 0 || l.settled {
				continue
			}
			if lost > 0 && n%lost == 0 {
				l.lose(Dir(d))
				continue
			}
			if l.gap[d] && l.Begins(Dir(d), piece) != Begins {
				continue
			}
			l.gap[d] = false
			l.push(t, Dir(d), piece)
			if held := l.Held(); held > maxHeld {
				t.Fatalf("%d bytes are held", held)
			}
		}
	}
	for d := range all {
		if l.Cut(Dir(d), &l.msg) {
			l.got = append(l.got, summarise(&l.msg))
		}
	}
	got := append(described(l.got), l.AppendAnomalies(nil)...)
	return append(got, l.Protocol(), string(rune('0'+l.Outcome(Closed))))
}

// lose tells the Machine that bytes of a direction are missing.
func (l *driver) lose(d Dir) {
	for {
		switch l.Lost(d, &l.msg) {
		case Found:
			l.got = append(l.got, summarise(&l.msg))
		case Ignore:
			l.ignored[d] = true
			return
		default:
			l.unconsumed[d], l.gap[d] = nil, true
			return
		}
	}
}
