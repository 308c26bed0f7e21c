package quic

import (
	"bytes"
	"testing"
)

// FuzzConnection gives a Connection any datagrams in both directions. It holds no more
// than its bound, reads no more than its datagrams have, and returns the same with a Pool
// that was used before.
func FuzzConnection(f *testing.F) {
	for _, x := range samples {
		client, server := sample(f, x.rfc+"-a2-client-initial"), sample(f, x.rfc+"-a3-server-initial")
		f.Add(client, server, uint16(0), uint16(0))
		f.Add(client, append(unhex(x.retry), server...), uint16(700), uint16(20))
	}
	two := append(fromClient().seal(crypto(0, hello[:100])), fromClient().seal(crypto(100, hello[100:]), closeFrame(0x128))...)
	f.Add(two, negotiationPacket(clientID, firstID, V2), uint16(170), uint16(0))
	f.Add(zeroRTTPacket(), []byte("\x40short"), uint16(5), uint16(0))
	f.Add(fromServer().seal(crypto(0, answer)), two, uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, a, b []byte, cut, missing uint16) {
		var p Pool
		first := results(t, a, b, int(cut), int(missing), &p)
		if again := results(t, a, b, int(cut), int(missing), &p); first != again {
			t.Errorf("%v, and then %v", first, again)
		}
	})
}

// result is what a test compares of a Connection.
type result struct {
	seen       [4]Seen
	ready      [2]string
	version    Version
	retried    bool
	negotiated bool
	closed     bool
}

func results(t *testing.T, a, b []byte, cut, missing int, p *Pool) (r result) {
	var c Connection
	defer c.Close(p)
	cut = min(cut, len(a))
	for i, x := range []struct {
		d        Dir
		datagram []byte
	}{{0, a[:cut]}, {1, b}, {0, a[cut:]}, {1, a}} {
		before := bytes.Clone(x.datagram)
		r.seen[i] = c.Push(x.d, x.datagram, missing, p)
		if !bytes.Equal(before, x.datagram) {
			t.Fatal("the datagram was changed")
		}
		for d := range Dir(2) {
			r.ready[d] += string(c.Ready(d))
			c.Consume(d, len(c.Ready(d))/2)
		}
		if n := c.Held(); n > connectionSize+2*openerSize+2*2*(MaxBuffered+16*maxPieces)+2*maxHeld {
			t.Fatalf("%d bytes are held", n)
		}
	}
	r.version, r.retried, r.negotiated, r.closed = c.Version, c.Retried, c.Negotiated, c.Closed()
	return r
}

// FuzzFrames gives the frames of Initial packets: what an attacker can write in one, as
// anybody can make the keys.
func FuzzFrames(f *testing.F) {
	f.Add(append(crypto(0, hello[:50]), crypto(60, hello[:50])...), crypto(40, hello[:30]))
	f.Add(closeFrame(0x100), []byte{frameACKECN, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{frameACK, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, crypto(1<<61, nil))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var c Connection
		var p Pool
		c.frames(0, a, &p)
		c.frames(0, b, &p)
		before := len(c.Ready(0))
		c.frames(0, a, &p)
		if n := len(c.Ready(0)); n < before {
			t.Errorf("%d bytes were ready, and then %d", before, n)
		}
	})
}

// FuzzStream adds pieces of a text at any offsets, which name where in the text they are,
// and reads it in any portions. What is read is the text.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 10, 5, 20, 2, 8, 30, 40, 0, 40})
	f.Add([]byte{50, 1, 48, 1, 46, 1, 47, 1, 0, 48, 49, 3})
	f.Fuzz(func(t *testing.T, steps []byte) {
		text := make([]byte, 3*256)
		for i := range text {
			text[i] = byte(i) ^ byte(i>>8)*31
		}
		var s stream
		var p Pool
		have := make([]bool, len(text))
		read := 0
		for ; len(steps) >= 2; steps = steps[2:] {
			from := 2 * int(steps[0])
			to := from + int(steps[1])
			if s.add(uint64(from), text[from:to], &p) {
				for i := range have[from:to] {
					have[from+i] = true
				}
			}
			n := len(s.ready())
			for end := read; end < read+n; end++ {
				if !have[end] {
					t.Fatalf("byte %d is ready, and never came", end)
				}
			}
			if read+n < len(have) && have[read+n] {
				t.Fatalf("byte %d came, and is not ready", read+n)
			}
			if !bytes.Equal(s.ready(), text[read:read+n]) {
				t.Fatalf("%q, want %q", s.ready(), text[read:read+n])
			}
			n = n * int(steps[1]&3) / 3
			s.consume(n)
			read += n
		}
	})
}
