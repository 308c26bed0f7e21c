package parse

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func nextMessage(m *Messages, fragment *[]byte) (msg Message, ok bool) {
	return nextCollected(m, fragment, new(Collector))
}

func nextCollected(m *Messages, fragment *[]byte, c *Collector) (msg Message, ok bool) {
	ok = m.Next(fragment, c, &msg)
	return msg, ok
}

// readMessages feeds a handshake in fragments of n bytes.
func readMessages(m *Messages, handshake []byte, n int) (got []string) {
	for len(handshake) > 0 {
		k := min(n, len(handshake))
		fragment := handshake[:k]
		for {
			msg, ok := nextMessage(m, &fragment)
			if !ok {
				break
			}
			got = append(got, fmt.Sprintf("%d %d %x", msg.Type, msg.Length, msg.Body))
		}
		handshake = handshake[k:]
	}
	return got
}

func TestMessagesAnyCut(t *testing.T) {
	handshake := cat(message(TypeServerHello, fill(80)), message(typeServerHelloDone, nil),
		message(TypeCertificate, fill(300)), message(typeServerHelloDone, nil))
	want := readMessages(new(Messages), handshake, len(handshake))
	if len(want) != 4 {
		t.Fatalf("%d messages", len(want))
	}
	for n := 1; n < len(handshake); n++ {
		if got := readMessages(new(Messages), handshake, n); !slices.Equal(got, want) {
			t.Fatalf("fragments of %d bytes: %q", n, got)
		}
	}
}

func TestMessagesInOneFragmentAreViews(t *testing.T) {
	handshake := cat(message(TypeServerHello, fill(80)), message(typeServerHelloDone, nil))
	fragment := handshake
	var m Messages
	msg, ok := nextMessage(&m, &fragment)
	if !ok || msg.Split || &msg.Body[0] != &handshake[4] {
		t.Errorf("copied: %+v", msg)
	}
	if n := testing.AllocsPerRun(100, func() {
		fragment := handshake
		for range 2 {
			if _, ok := nextMessage(&m, &fragment); !ok {
				t.Fatal("no message")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMessagesSplitIsCollected(t *testing.T) {
	handshake := message(TypeClientHello, fill(1700))
	var m Messages
	first, second := handshake[:1400], handshake[1400:]
	if msg, ok := nextMessage(&m, &first); ok {
		t.Fatalf("%+v", msg)
	}
	if typ, have, length, ok := m.Partial(); !ok || typ != TypeClientHello || have != 1396 || length != 1700 {
		t.Errorf("partial: %v %d %d %v", typ, have, length, ok)
	}
	msg, ok := nextMessage(&m, &second)
	if !ok || !msg.Split || !bytes.Equal(msg.Body, fill(1700)) {
		t.Errorf("%v %+v", ok, msg)
	}
	if _, _, _, ok := m.Partial(); ok {
		t.Error("still partial")
	}
	if nextMessage(&m, &second); m.partial != nil {
		t.Error("the buffer is kept")
	}
}

func TestMessagesTypeIsVisibleEarly(t *testing.T) {
	var m Messages
	fragment := []byte{byte(TypeClientHello)}
	nextMessage(&m, &fragment)
	if typ, have, length, ok := m.Partial(); !ok || typ != TypeClientHello || have != 0 || length != 0 {
		t.Errorf("%v %d %d %v", typ, have, length, ok)
	}
}

func TestMessagesSkipped(t *testing.T) {
	after := message(typeServerHelloDone, nil)
	for _, test := range []struct {
		name      string
		wanted    TypeSet
		typ       HandshakeType
		length    int
		collected int // bytes of the body; 0: it is skipped
	}{
		{"longest hello", 0, TypeClientHello, MaxMessage, MaxMessage},
		{"hello too long", 0, TypeClientHello, MaxMessage + 1, MaxMessage},
		{"longest certificate", 0, TypeCertificate, MaxCertificateMessage, MaxCertificateMessage},
		{"certificate too long", 0, TypeCertificate, MaxCertificateMessage + 1, 0},
		{"longest of all", 0, TypeServerHello, 1<<24 - 1, MaxMessage},
		{"longest of another type", 0, typeCertificateStatus, 1<<24 - 1, 0},
		{"wanted", 1<<TypeServerHello | 1<<TypeCertificate, TypeCertificate, 5000, 5000},
		{"not wanted", 1 << TypeServerHello, TypeCertificate, 5000, 0},
		{"not wanted, too long", 1 << TypeServerHello, TypeClientHello, MaxMessage + 1, 0},
		{"not wanted, type above 31", 1 << TypeServerHello, 200, 5000, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var m Messages
			c := Collector{Wanted: test.wanted}
			handshake := cat(message(test.typ, make([]byte, test.length)), after)
			var got []Message
			for len(handshake) > 0 {
				k := min(1000, len(handshake))
				fragment := handshake[:k]
				for {
					msg, ok := nextCollected(&m, &fragment, &c)
					if !ok {
						break
					}
					if msg.Body != nil {
						msg.Body = bytes.Clone(msg.Body)
					}
					got = append(got, msg)
				}
				handshake = handshake[k:]
				if c := cap(m.partial); c > MaxCertificateMessage+messageHeader {
					t.Fatalf("buffer of %d bytes", c)
				}
			}
			if len(got) != 2 || got[0].Type != test.typ || got[0].Length != test.length ||
				got[0].Skipped != (test.collected == 0) || len(got[0].Body) != test.collected || got[0].Cut != (test.collected > 0 && test.collected < test.length) {
				t.Errorf("%d messages; first of type %v, length %d, skipped %v, cut %v, body of %d", len(got), got[0].Type, got[0].Length, got[0].Skipped, got[0].Cut, len(got[0].Body))
			}
			if len(got) == 2 && got[1].Type != typeServerHelloDone {
				t.Errorf("the message after it has type %v", got[1].Type)
			}
		})
	}
}

// TestMessagesBufferFollowsTheBytes sends a few bytes of a message with a length of
// 64 kB.
func TestMessagesBufferFollowsTheBytes(t *testing.T) {
	var m Messages
	fragment := message(TypeClientHello, make([]byte, MaxMessage))[:100]
	nextMessage(&m, &fragment)
	if c := cap(m.partial); c > firstBuffer {
		t.Errorf("buffer of %d bytes for 100", c)
	}
}

// TestDropForgetsWhatIsSkipped drops a message that is skipped, before its end: the next
// message is not part of it.
func TestDropForgetsWhatIsSkipped(t *testing.T) {
	var m Messages
	c := Collector{Wanted: 1 << TypeClientHello}
	fragment := message(TypeCertificate, fill(5000))[:1000]
	var msg Message
	if !m.Next(&fragment, &c, &msg) || !msg.Skipped || m.Idle() {
		t.Fatalf("%+v", msg)
	}
	m.Drop(&c)
	if !m.Idle() {
		t.Error("not idle")
	}
	for _, part := range [][]byte{hello[:700], hello[700:]} {
		msg = Message{}
		m.Next(&part, &c, &msg)
	}
	if !bytes.Equal(msg.Body, hello[messageHeader:]) {
		t.Errorf("%d bytes of %d", len(msg.Body), len(hello)-messageHeader)
	}
}

// TestCollectorSharesBuffers collects split hellos in the same buffer, one after the
// other.
func TestCollectorSharesBuffers(t *testing.T) {
	var c Collector
	var m [2]Messages
	all := 0
	allocs := testing.AllocsPerRun(100, func() {
		for i := range m {
			for _, half := range [][]byte{hello[:900], hello[900:]} {
				var msg Message
				for m[i].Next(&half, &c, &msg) {
					if !bytes.Equal(msg.Body, hello[messageHeader:]) {
						t.Errorf("%x", msg.Body)
					}
					all++
				}
			}
		}
	})
	if allocs != 0 || all != 202 {
		t.Errorf("%v allocations, %d messages", allocs, all)
	}
}

var hello = message(TypeClientHello, fill(1700))

// TestCollectorIsBounded gives more, and larger, buffers back than are kept.
func TestCollectorIsBounded(t *testing.T) {
	var c Collector
	largest := firstBuffer << (sizes - 1)
	for n := range 2 * maxSpares {
		c.Give(c.Keep(make([]byte, largest+1+n)))
		c.Give(make([]byte, firstBuffer-1))
		c.Give(make([]byte, firstBuffer+1))
		c.Give(make([]byte, largest))
	}
	c.Give(nil)
	for size, spares := range c.spares {
		want := 0
		if size == sizes-1 {
			want = maxSpares
		}
		if len(spares) != want {
			t.Errorf("size %d: %d buffers wait, not %d", size, len(spares), want)
		}
	}
}

// TestCollectorKeepsCopies keeps messages of all lengths, and overwrites what
// they were copied from.
func TestCollectorKeepsCopies(t *testing.T) {
	var c Collector
	for n := range 3 * firstBuffer << sizes {
		if n > 3*firstBuffer && n%61 != 0 {
			continue
		}
		b := fill(n)
		kept := c.Keep(b)
		clear(b)
		if !bytes.Equal(kept, fill(n)) {
			t.Fatalf("%d bytes: %x", n, kept)
		}
		c.Give(kept)
	}
}

// FuzzMessages checks that the messages are the same however a handshake is cut
// into records.
func FuzzMessages(f *testing.F) {
	f.Add(cat(message(TypeServerHello, fill(80)), message(typeServerHelloDone, nil)), uint8(3), uint8(0))
	f.Add(message(TypeClientHello, make([]byte, 70000)), uint8(200), uint8(0))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0, 1}, uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, handshake []byte, a, b uint8) {
		// Of a message that is skipped when cut and whole otherwise, only the
		// header can be compared.
		if len(handshake) > MaxMessage {
			return
		}
		whole := readMessages(new(Messages), handshake, len(handshake)+1)
		cut := readMessages(new(Messages), handshake, int(a)+1)
		if !slices.Equal(whole, cut) {
			t.Fatalf("whole %q, cut %q", whole, cut)
		}
		var uneven []string
		var m Messages
		rest := handshake
		for n := int(b); len(rest) > 0; n = (n*7 + 3) % 256 {
			k := min(n, len(rest))
			uneven = append(uneven, readMessages(&m, rest[:k], k)...)
			rest = rest[k:]
		}
		if !slices.Equal(whole, uneven) {
			t.Fatalf("whole %q, uneven %q", whole, uneven)
		}
	})
}
