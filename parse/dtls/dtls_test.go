package dtls

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"tlsfloor/parse"
)

// helloBody is a ClientHello of DTLS 1.2 with a random of r and a cookie, filled up to
// size bytes.
func helloBody(r byte, cookie string, size int) []byte {
	b := append([]byte{0xfe, 0xfd}, bytes.Repeat([]byte{r}, 32)...)
	b = append(append(b, 0, byte(len(cookie))), cookie...)
	b = append(b, 0, 2, 0xc0, 0x2f, 1, 0)
	if pad := size - len(b) - 6; pad > 0 {
		b = append(b, byte((pad+4)>>8), byte(pad+4), 0, 21, byte(pad>>8), byte(pad)) // padding
		b = append(b, make([]byte, pad)...)
	}
	return b
}

// record puts fragments into a record.
func record(typ parse.ContentType, epoch uint16, content ...[]byte) []byte {
	b := bytes.Join(content, nil)
	h := []byte{byte(typ), 0xfe, 0xfd, byte(epoch >> 8), byte(epoch), 0, 0, 0, 0, 0, 1, byte(len(b) >> 8), byte(len(b))}
	return append(h, b...)
}

// piece is the fragment of a message from offset to end.
func piece(typ parse.HandshakeType, seq uint16, body []byte, offset, end int) []byte {
	h := make([]byte, fragmentHeader)
	binary.BigEndian.PutUint32(h, uint32(typ)<<24|uint32(len(body)))
	binary.BigEndian.PutUint16(h[4:], seq)
	binary.BigEndian.PutUint32(h[5:], uint32(offset))
	h[5] = byte(seq)
	binary.BigEndian.PutUint32(h[8:], uint32(end-offset))
	h[8] = byte(offset)
	return append(h, body[offset:end]...)
}

// read gives a datagram to a Conversation, and returns copies of what it holds.
func read(c *Conversation, d uint8, pool *Pool, datagram []byte) (items []Item) {
	in := Datagram{Rest: datagram}
	for {
		var it Item
		if !c.Next(d, &in, pool, &it) {
			return items
		}
		it.Message.Body = bytes.Clone(it.Message.Body)
		items = append(items, it)
	}
}

func TestLooks(t *testing.T) {
	body := helloBody(7, "", 100)
	hello := record(parse.Handshake, 0, piece(parse.TypeClientHello, 0, body, 0, len(body)))
	change := func(at int, to byte) []byte {
		b := bytes.Clone(hello)
		b[at] = to
		return b
	}
	for name, test := range map[string]struct {
		b    []byte
		want Look
	}{
		"hello":               {hello, Hello},
		"a later fragment":    {record(parse.Handshake, 0, piece(parse.TypeClientHello, 0, body, 50, 60)), Hello},
		"ServerHello":         {record(parse.Handshake, 0, piece(parse.TypeServerHello, 0, body, 0, len(body))), Hello},
		"DTLS as AnyConnect":  {append(append([]byte{22, 1, 0}, hello[3:25]...), append([]byte{1, 0}, hello[27:]...)...), Hello},
		"protected":           {record(parse.ApplicationData, 1, make([]byte, 40)), Record},
		"unified":             {append([]byte{0x2e, 0, 1, 0, 20}, make([]byte, 20)...), Unified},
		"epoch 1":             {change(4, 1), Record},
		"of TLS":              {change(1, 3), No},
		"another version":     {change(25, 3), Record},
		"a long session id":   {change(25+34, 33), Record},
		"longer than it is":   {change(24, 255), Record},
		"other message":       {change(13, 11), Record},
		"STUN":                {append([]byte{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 24)...), No},
		"TURN channel":        {append([]byte{0x40, 0, 0, 8}, hello...), No},
		"RTP":                 {append([]byte{0x80, 0x60}, make([]byte, 40)...), No},
		"QUIC":                {append([]byte{0xc0, 0, 0, 0, 1}, make([]byte, 40)...), No},
		"ZRTP":                {append([]byte{0x10, 0, 0, 0}, make([]byte, 40)...), No},
		"nothing":             {nil, No},
		"a byte":              {[]byte{22}, No},
		"a header":            {hello[:13], Record},
		"a cut hello":         {hello[:40], Hello},
		"a length too high":   {change(11, 0xff), No},
		"a fragment too long": {change(22, 1), Record},
	} {
		if got := Looks(test.b); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// TestFragmentsInAnyOrder cuts hellos at random places, and sends the fragments in any
// order, some twice, some overlapping.
func TestFragmentsInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var pool Pool
	for round := range 300 {
		body := helloBody(byte(round), "", 100+r.IntN(2000))
		for i := 60; i < len(body); i++ {
			body[i] = byte(r.Uint32())
		}
		var all [][]byte
		for at := 0; at < len(body); {
			end := min(len(body), at+1+r.IntN(300))
			all = append(all, piece(parse.TypeClientHello, 0, body, at, end))
			if r.IntN(3) == 0 {
				all = append(all, piece(parse.TypeClientHello, 0, body, max(0, at-r.IntN(50)), min(len(body), end+r.IntN(50))))
			}
			at = end
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var c Conversation
		found := 0
		for _, f := range all {
			for _, it := range read(&c, 0, &pool, record(parse.Handshake, 0, f)) {
				if found++; it.Kind != Message || !bytes.Equal(it.Message.Body, body) {
					t.Fatalf("round %d: %+v", round, it)
				}
			}
		}
		if found != 1 {
			t.Fatalf("round %d: %d messages of %d fragments", round, found, len(all))
		}
		c.Close(&pool)
	}
}

func TestSeveralMessages(t *testing.T) {
	var c Conversation
	var pool Pool
	hello, certificate := helloBody(1, "", 0), make([]byte, 900)
	items := read(&c, 1, &pool, bytes.Join([][]byte{
		record(parse.Handshake, 0, piece(typeHelloVerify, 0, []byte{0xfe, 0xff, 1, 7}, 0, 4)),
		record(parse.Handshake, 0,
			piece(parse.TypeServerHello, 0, hello, 0, len(hello)), piece(parse.TypeCertificate, 1, certificate, 0, 500)),
		record(parse.AlertRecord, 0, []byte{2, 70}),
		record(parse.Handshake, 0, piece(14, 2, nil, 0, 0)),
		record(parse.Handshake, 0, piece(parse.TypeCertificate, 1, certificate, 500, 900)),
		record(parse.ChangeCipherSpec, 0, []byte{1}),
		record(parse.Handshake, 1, make([]byte, 48)),
		{0x2e, 0, 1, 0, 17}, make([]byte, 17),
	}, nil))
	var kinds []Kind
	for _, it := range items {
		kinds = append(kinds, it.Kind)
	}
	want := []Kind{HelloVerify, Message, Alert, Message, Message, Protected, Protected}
	if len(kinds) != len(want) {
		t.Fatalf("%v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Fatalf("%v, want %v", kinds, want)
		}
	}
	if m := items[4].Message; m.Type != parse.TypeCertificate || !m.Split || len(m.Body) != 900 {
		t.Errorf("certificate: %+v", m)
	}
	if m := items[3].Message; !m.Skipped || m.Type != 14 {
		t.Errorf("ServerHelloDone: %+v", m)
	}
	if items[2].Alert != (parse.Alert{Level: 2, Description: 70}) {
		t.Errorf("%+v", items[2].Alert)
	}
}

// TestHellosMix checks two hellos whose fragments alternate.
func TestHellosMix(t *testing.T) {
	var c Conversation
	var pool Pool
	first, second := helloBody(1, "", 300), helloBody(1, "cookie", 300)
	var found []int
	for at := 0; at < 300; at += 100 {
		for seq, body := range [][]byte{first, second} {
			for _, it := range read(&c, 0, &pool, record(parse.Handshake, 0, piece(1, uint16(seq), body, at, at+100))) {
				if !bytes.Equal(it.Message.Body, body) {
					t.Errorf("%d: %+v", seq, it)
				}
				found = append(found, seq)
			}
		}
	}
	if len(found) != 2 {
		t.Errorf("%v", found)
	}
	c.Close(&pool)
	if c.Held() != 0 {
		t.Error("it holds memory after Close")
	}
}

func TestAnother(t *testing.T) {
	var c Conversation
	var pool Pool
	whole := func(seq uint16, body []byte) []byte {
		return record(parse.Handshake, 0, piece(1, seq, body, 0, len(body)))
	}
	first := whole(0, helloBody(1, "", 0))
	if c.Another(0, first) {
		t.Error("no hello was seen")
	}
	read(&c, 0, &pool, first)
	for name, test := range map[string]struct {
		d    uint8
		b    []byte
		want bool
	}{
		"again":                  {0, first, false},
		"with the cookie":        {0, whole(1, helloBody(1, "cookie", 0)), false},
		"new random with cookie": {0, whole(0, helloBody(2, "cookie", 0)), false},
		"after a retry request":  {0, whole(1, helloBody(2, "", 0)), false},
		"from the server":        {1, whole(0, helloBody(2, "", 0)), false},
		"another":                {0, whole(0, helloBody(2, "", 0)), true},
		"short":                  {0, first[:20], false},
	} {
		if got := c.Another(test.d, test.b); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestLongMessage checks that a message which claims more than is collected is cut, and
// costs what came.
func TestLongMessage(t *testing.T) {
	var c Conversation
	var pool Pool
	body := make([]byte, parse.MaxMessage+5000)
	last := record(parse.Handshake, 0, piece(1, 0, body, parse.MaxMessage-10, parse.MaxMessage))
	read(&c, 0, &pool, last)
	if n := c.Held(); n > 1000 {
		t.Errorf("%d bytes for a fragment of 10", n)
	}
	var got []Item
	for at := 0; at < len(body); at += 1000 {
		got = append(got, read(&c, 0, &pool, record(parse.Handshake, 0, piece(1, 0, body, at, min(len(body), at+1000))))...)
	}
	if len(got) != 1 || !got[0].Message.Cut || len(got[0].Message.Body) != parse.MaxMessage {
		t.Errorf("%d items", len(got))
	}
}

func TestCut(t *testing.T) {
	var c Conversation
	var pool Pool
	body := helloBody(1, "", 400)
	read(&c, 0, &pool, record(parse.Handshake, 0, piece(1, 0, body, 0, 100), piece(1, 0, body, 200, 300)))
	in := Datagram{Rest: record(parse.Handshake, 0, piece(2, 5, body, 0, 400))[:200], Cut: true}
	var it Item
	if c.Next(1, &in, &pool, &it) {
		t.Errorf("%+v", it)
	}
	for d, want := range []int{100, 200 - recordHeader - fragmentHeader} {
		if !c.Cut(uint8(d), &pool, &it) || !it.Message.Cut || !bytes.Equal(it.Message.Body, body[:want]) {
			t.Errorf("%d: %+v", d, it.Message)
		}
		if c.Cut(uint8(d), &pool, &it) {
			t.Errorf("%d: twice", d)
		}
	}
}

// TestSpansAreBounded sends each second byte of messages.
func TestSpansAreBounded(t *testing.T) {
	var c Conversation
	var pool Pool
	body := helloBody(1, "", 4000)
	for seq := range uint16(2 * maxPartials) {
		for at := 0; at < len(body); at += 2 {
			read(&c, 0, &pool, record(parse.Handshake, 0, piece(1, seq, body, at, at+1)))
		}
	}
	if n := c.Held(); n > maxPartials*(maxSpans*24+4096) {
		t.Errorf("%d bytes held", n)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var c Conversation
	var pool Pool
	var it Item
	body := helloBody(1, "", 600)
	whole := record(parse.Handshake, 0, piece(1, 0, body, 0, len(body)))
	a, b := record(parse.Handshake, 0, piece(1, 0, body, 0, 300)), record(parse.Handshake, 0, piece(1, 0, body, 300, 600))
	if n := testing.AllocsPerRun(100, func() {
		for _, datagram := range [...][]byte{whole, b, a} {
			in := Datagram{Rest: datagram}
			if Looks(datagram) != Hello {
				t.Fatal("no hello")
			}
			for c.Next(0, &in, &pool, &it) {
			}
			if datagram[24] != 0 || len(datagram) == len(whole) {
				c.Close(&pool)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// From the datagram to the fields of its ClientHello.
func BenchmarkHello(b *testing.B) {
	body := helloBody(1, "", 250)
	datagram := record(parse.Handshake, 0, piece(1, 0, body, 0, len(body)))
	var c Conversation
	var pool Pool
	var it Item
	var hello parse.ClientHello
	for b.Loop() {
		if Looks(datagram) != Hello {
			b.Fatal("no hello")
		}
		in := Datagram{Rest: datagram}
		for c.Next(0, &in, &pool, &it) {
			if err := hello.ParseOf(parse.DTLS, it.Message.Body); err != nil {
				b.Fatal(err)
			}
		}
		c.Close(&pool)
	}
}

func BenchmarkForeign(b *testing.B) {
	rtp := append([]byte{0x80, 0x60}, make([]byte, 160)...)
	for b.Loop() {
		if Looks(rtp) != No {
			b.Fatal("DTLS")
		}
	}
}
