package starttls

import (
	"bytes"
	"encoding/binary"
	"testing"

	"tlsfloor/parse"
)

// turn is what one side sends at once.
type turn struct {
	server bool
	data   string
	tls    bool // data begins where TLS begins
}

func c(data string) turn    { return turn{data: data} }
func s(data string) turn    { return turn{data: data, server: true} }
func cTLS(data string) turn { return turn{data: data, tls: true} }
func sTLS(data string) turn { return turn{data: data, server: true, tls: true} }

// caller uses a Preamble as it should be used: it keeps bytes that were not consumed and
// waits for Need. It also checks that every Step is possible.
type caller struct {
	t      testing.TB
	p      Preamble
	buf    [2][]byte
	need   [2]int
	at     [2]int // bytes consumed
	status [2]Status
	inner  [2][]byte
	pushes int
	cutIn  bool // a segment that may begin with a hello came before a message was whole
}

func (c *caller) feed(fromServer bool, data []byte) {
	i := 0
	if fromServer {
		i = 1
	}
	if c.ended(i) {
		return
	}
	c.cutIn = c.cutIn || len(c.buf[i]) > 0 && len(data) > 0 && data[0] == recordHandshake
	c.buf[i] = append(c.buf[i], data...)
	for len(c.buf[i]) > 0 && len(c.buf[i]) >= c.need[i] && !c.ended(i) {
		r := c.p.Push(fromServer, bytes.Clone(c.buf[i]))
		c.pushes++
		c.check(i, r)
		c.at[i] += r.Consumed
		c.buf[i] = c.buf[i][r.Consumed:]
		c.need[i], c.status[i] = r.Need, r.Status
		c.inner[i] = append(c.inner[i], r.Inner...)
		if r.Consumed == 0 {
			break
		}
	}
}

func (c *caller) ended(i int) bool { return c.status[i] == TLS || c.status[i] == Foreign }

func (c *caller) check(i int, r Step) {
	c.t.Helper()
	have := len(c.buf[i])
	switch {
	case r.Consumed < 0 || r.Consumed > have:
		c.t.Fatalf("consumed %d of %d bytes", r.Consumed, have)
	case r.Consumed == 0 && r.Need != 0 && r.Need <= have:
		c.t.Fatalf("needs %d bytes, has %d, consumed none", r.Need, have)
	case r.Need > 1<<16:
		c.t.Fatalf("needs %d bytes: more than a stream keeps", r.Need)
	case len(r.Inner) > r.Consumed:
		c.t.Fatalf("%d inner bytes out of %d consumed", len(r.Inner), r.Consumed)
	case len(r.Inner) > 0 && r.Status != Framed:
		c.t.Fatalf("inner bytes with status %d", r.Status)
	}
}

// play feeds turns in pieces: cut says where to cut each.
func play(t testing.TB, turns []turn, cut func(data []byte) [][]byte) *caller {
	t.Helper()
	c := &caller{t: t}
	for _, u := range turns {
		for _, piece := range cut([]byte(u.data)) {
			c.feed(u.server, piece)
		}
	}
	return c
}

func whole(data []byte) [][]byte { return [][]byte{data} }

func bytewise(data []byte) (out [][]byte) {
	for i := range data {
		out = append(out, data[i:i+1])
	}
	return out
}

// in cuts into pieces of n bytes.
func in(n int) func([]byte) [][]byte {
	return func(data []byte) (out [][]byte) {
		for len(data) > n {
			out, data = append(out, data[:n]), data[n:]
		}
		return append(out, data)
	}
}

// only keeps one direction.
func only(server bool, turns []turn) (out []turn) {
	for _, u := range turns {
		if u.server == server {
			out = append(out, u)
		}
	}
	return out
}

// tlsAt is where each direction's TLS begins; -1: nowhere.
func tlsAt(turns []turn) (at [2]int) {
	sum := [2]int{}
	at = [2]int{-1, -1}
	for _, u := range turns {
		i := 0
		if u.server {
			i = 1
		}
		if u.tls && at[i] < 0 {
			at[i] = sum[i]
		}
		sum[i] += len(u.data)
	}
	return at
}

func handshake(typ byte, version uint16, body []byte) string {
	b := []byte{22, 3, 1}
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+4+2))
	b = append(b, typ, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+2))
	b = binary.BigEndian.AppendUint16(b, version)
	return string(append(b, body...))
}

// The shortest hellos.
var (
	clientHello = handshake(1, 0x0301, append(make([]byte, 33), 0, 2, 0, 0x2f, 1, 0))
	serverHello = handshake(2, 0x0301, append(make([]byte, 33), 0, 0x2f, 0))
	alertRecord = "\x15\x03\x01\x00\x02\x02\x46"

	oldClientHello = "\x80\x1c\x01\x03\x01\x00\x03\x00\x00\x00\x10\x00\x00\x2f0123456789abcdef"
	oldServerHello = "\x80\x1e\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x10\x01\x00\x800123456789abcdef"
)

func TestHellosAreWellFormed(t *testing.T) {
	for name, hello := range map[string]string{
		"client": clientHello, "server": serverHello, "SSLv2 client": oldClientHello, "SSLv2 server": oldServerHello,
	} {
		if tlsStart([]byte(hello), false) != parse.Yes {
			t.Errorf("%s: not a hello", name)
		}
	}
}
