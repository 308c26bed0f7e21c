package dtls

import (
	"bytes"
	"testing"

	"tlsfloor/parse"
)

// FuzzConversation reads two datagrams in each direction: they are cut out of the input by
// its first bytes.
func FuzzConversation(f *testing.F) {
	body := helloBody(1, "", 300)
	f.Add([]byte{0}, record(parse.Handshake, 0, piece(1, 0, body, 0, 200)), record(parse.Handshake, 0, piece(1, 0, body, 150, 300)))
	f.Add([]byte{1}, record(parse.Handshake, 0, piece(1, 0, body, 200, 300), piece(1, 0, body, 0, 100)), record(parse.Handshake, 0, piece(1, 0, body, 50, 250)))
	f.Add([]byte{2}, record(parse.Handshake, 0, piece(2, 1, body, 0, 300), piece(11, 2, body, 0, 100)), append([]byte{0x2c, 0, 0, 20}, make([]byte, 20)...))
	f.Add([]byte{7}, append(record(parse.AlertRecord, 0, []byte{2, 40}), record(parse.Handshake, 1, body)...), record(25, 1, body))
	f.Add([]byte{4}, record(parse.Handshake, 0, piece(3, 0, []byte{0xfe, 0xff, 2, 1, 2}, 0, 5)), record(parse.Handshake, 0, piece(1, 1, helloBody(1, "ab", 0), 0, 40)))
	f.Fuzz(func(t *testing.T, how, a, b []byte) {
		var c Conversation
		var pool Pool
		mode := byte(0)
		if len(how) > 0 {
			mode = how[0]
		}
		for i, datagram := range [][]byte{a, b, b, a} {
			d := uint8(i) & mode & 1
			before := bytes.Clone(datagram)
			Looks(datagram)
			c.Another(d, datagram)
			in := Datagram{Rest: datagram, Cut: mode&2 != 0}
			var it Item
			for n := 0; c.Next(d, &in, &pool, &it); n++ {
				checkItem(t, &it)
				if n > len(datagram) {
					t.Fatal("it does not end")
				}
			}
			if !bytes.Equal(before, datagram) {
				t.Fatal("the datagram was changed")
			}
			if c.Held() > 2*maxPartials*(2*parse.MaxCertificateMessage+maxSpans*24) {
				t.Fatalf("%d bytes held", c.Held())
			}
		}
		for d := range uint8(2) {
			var it Item
			for c.Cut(d, &pool, &it) {
				if len(it.Message.Body) > it.Message.Length {
					t.Fatalf("%+v", it)
				}
			}
		}
		c.Close(&pool)
		if c.Held() != 0 {
			t.Fatal("it holds memory after Close")
		}
	})
}

func checkItem(t *testing.T, it *Item) {
	t.Helper()
	m := &it.Message
	if it.Kind == Message && !m.Skipped && !m.Cut && len(m.Body) != m.Length {
		t.Fatalf("a message of %d bytes has %d", m.Length, len(m.Body))
	}
}
