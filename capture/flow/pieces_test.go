package flow

import (
	"math/rand"
	"strings"
	"testing"

	"tlsfloor/capture/decode"
)

// Bytes that arrive in reverse order are one piece, and count once.
func TestBackwards(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 4})
	c := conn{isn: [2]uint32{4294960000, 7}}
	text := strings.Repeat("0123456789abcdef", 1<<10)
	push(table, c.syn(fromLow))
	for i := len(text) - 1; i >= 0; i-- {
		push(table, c.data(fromLow, i, text[i:i+1]))
		if i > 0 {
			if k := table.streams[0].half[fromLow].kept; len(k.pending) != 1 || k.room > 4*(len(text)-i)+1024 {
				t.Fatalf("%d bytes from the end: %d pieces, %d bytes of memory", len(text)-i, len(k.pending), k.room)
			}
		}
	}
	if got := string(h.all[0].got[fromLow]); got != text {
		t.Errorf("got %d bytes, want %d", len(got), len(text))
	}
}

// Whatever pieces arrive, in any order, the first to arrive are kept.
func TestKeepFirst(t *testing.T) {
	for seed := range int64(500) {
		r := rand.New(rand.NewSource(seed))
		base := r.Uint32()
		want := make([]int, 300) // the byte at each offset, -1: none came
		for i := range want {
			want[i] = -1
		}
		var h half
		conflicts, differ := false, false
		for range 30 {
			at, n := r.Intn(250), 1+r.Intn(40)
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(r.Intn(2))
				if w := &want[at+i]; *w == -1 {
					*w = int(data[i])
				} else if *w != int(data[i]) {
					differ = true
				}
			}
			_, conflict, full := h.keep(base+uint32(at), data)
			conflicts = conflicts || conflict
			if full {
				t.Fatal("full")
			}
		}
		if conflicts != differ {
			t.Errorf("seed %d: conflict %v, want %v", seed, conflicts, differ)
		}
		got, held := make([]int, len(want)), 0
		for i := range got {
			got[i] = -1
		}
		for i := range h.kept.pending {
			p := h.kept.pending[i]
			if i > 0 && distance(p.seq, h.kept.pending[i-1].end()) <= 0 {
				t.Fatalf("seed %d: pieces %d and %d touch", seed, i-1, i)
			}
			held += len(p.data())
			for j, b := range p.data() {
				got[distance(p.seq, base)+j] = int(b)
			}
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("seed %d: offset %d is %d, want %d", seed, i, got[i], want[i])
			}
		}
		if held != h.kept.beyond {
			t.Errorf("seed %d: %d bytes counted, %d held", seed, h.kept.beyond, held)
		}
	}
}

// Junk far ahead in the window does not use up the pieces that are needed near
// the hole.
func TestPiecesNearTheHoleStay(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 4})
	c := conn{isn: [2]uint32{1, 7}}
	push(table, c.syn(fromLow))
	for i := range 3 * maxPieces {
		push(table, c.data(fromLow, 500000+2*i, "j"))
	}
	push(table, c.data(fromLow, 3, "lo"), c.data(fromLow, 0, "hel"))
	if got := string(h.all[0].got[fromLow]); got != "hello" || h.all[0].lost[fromLow] != 0 {
		t.Errorf("got %q, %d losses", got, h.all[0].lost[fromLow])
	}
	if h.all[0].overflows == 0 {
		t.Error("nobody was told that bytes were given up")
	}
}

// The bound counts memory, however the bytes were cut: every other byte first, then the
// others.
func TestEveryOtherByteFirst(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 4})
	c := conn{isn: [2]uint32{4294967000, 7}}
	text := strings.Repeat("0123456789abcdef", 2*maxPieces/16)
	push(table, c.syn(fromLow))
	for i := 1; i < len(text); i += 2 {
		push(table, c.data(fromLow, i, text[i:i+1]))
		k := table.streams[0].half[fromLow].kept
		room := 0
		for j := range k.pending {
			room += k.pending[j].size()
		}
		if k.room != room || room > maxPending || table.Stats().Bytes < room {
			t.Fatalf("%d pieces take %d bytes: %d are counted, %d by the table", len(k.pending), room, k.room, table.Stats().Bytes)
		}
	}
	for i := 0; i < len(text); i += 2 {
		push(table, c.data(fromLow, i, text[i:i+1]))
	}
	if got := string(h.all[0].got[fromLow]); got != text || h.all[0].overflows != 0 {
		t.Errorf("got %d bytes of %d, %d overflows", len(got), len(text), h.all[0].overflows)
	}
	if k := table.streams[0].half[fromLow].kept; k.room != 0 || k.beyond != 0 {
		t.Errorf("%d bytes and %d of memory are left", k.beyond, k.room)
	}
}

// A consumer that needs more than is kept is told so, and gets no more.
func TestMoreThanIsKept(t *testing.T) {
	h := &opened{}
	h.model.need = func(b []byte) int { return len(b) + 1 }
	table := NewTable(h, Options{MaxFlows: 4})
	c := conn{isn: [2]uint32{1, 7}}
	push(table, c.syn(fromLow))
	for i := 0; i <= MaxBuffered; i += 1024 {
		if h.all != nil && h.all[0].overflows != 0 {
			t.Fatalf("told after %d bytes", i)
		}
		push(table, c.data(fromLow, i, strings.Repeat("x", 1024)))
	}
	if h.all[0].overflows != 1 {
		t.Errorf("told %d times", h.all[0].overflows)
	}
}

// A consumer is told of bytes outside the window, whether anything of their direction was
// seen or not.
func TestBytesOutsideTheWindow(t *testing.T) {
	c := conn{isn: [2]uint32{1, 7}}
	far := c.data(fromLow, 2*window, "hello")
	for name, before := range map[string][]*decode.Packet{
		"a SYN":             {c.syn(fromLow), c.data(fromLow, 0, "a")},
		"an acknowledgment": {acking(c.data(fromHigh, 0, "a"), 2)},
	} {
		h := &opened{}
		table := NewTable(h, Options{MaxFlows: 4})
		push(table, before...)
		push(table, far)
		if r := h.all[0]; len(h.all) != 1 || r.strays != 1 || r.overflows != 0 || strings.Contains(string(r.got[fromLow]), "hello") {
			t.Errorf("behind %s: %d connections, %+v", name, len(h.all), r)
		}
	}
}

// In a direction whose beginning was not captured, maxTried bytes are tried, in segments of
// any size.
func TestBeginningBehindManySegments(t *testing.T) {
	for size, tries := range map[int]int{40: maxTried / tryCharge, 256: maxTried / tryCharge, 1460: maxTried / 1460, 60000: 2} {
		for _, n := range []int{tries, 2 * tries} {
			h := &opened{}
			h.model.start = func(b []byte) bool { return strings.HasPrefix(string(b), "hello") }
			table := NewTable(h, Options{MaxFlows: 4})
			c := conn{isn: [2]uint32{1, 7}}
			for i := range n {
				push(table, c.data(fromLow, i*size, strings.Repeat("x", size)))
			}
			push(table, c.data(fromLow, n*size, "hello, and so on until it is long enough"))
			if got := string(h.all[0].got[fromLow]); (got != "") != (n == tries) {
				t.Errorf("behind %d segments of %d bytes: %q", n, size, got)
			}
		}
	}
}

func TestPadding(t *testing.T) {
	c := conn{isn: [2]uint32{1, 7}}
	const none = "\x00\x00\x00\x00\x00\x00"
	bare := func(off int) *decode.Packet { return c.data(fromLow, off, none) }
	cases := map[string]struct {
		ps   []*decode.Packet
		want string
	}{
		"before data":        {[]*decode.Packet{bare(0), c.data(fromLow, 0, "hello")}, "hello"},
		"twice":              {[]*decode.Packet{bare(0), bare(0), c.data(fromLow, 0, "hello"), bare(5), c.data(fromLow, 5, "!")}, "hello!"},
		"behind a hole":      {[]*decode.Packet{bare(5), c.data(fromLow, 5, "!"), c.data(fromLow, 0, "hello")}, "hello!"},
		"is data":            {[]*decode.Packet{bare(0), c.data(fromLow, 6, "hello")}, none + "hello"},
		"is data, repeated":  {[]*decode.Packet{bare(0), bare(6), bare(12), c.data(fromLow, 18, "hello")}, none + none + none + "hello"},
		"is data, backwards": {[]*decode.Packet{c.data(fromLow, 6, "hello"), bare(0)}, none + "hello"},
		"is acknowledged":    {[]*decode.Packet{c.data(fromLow, 0, "hello"), bare(5), acking(c.data(fromHigh, 0, "yes"), 13)}, "hello" + none},
		"is not":             {[]*decode.Packet{c.data(fromLow, 0, "hello"), bare(5), acking(c.data(fromHigh, 0, "yes"), 7)}, "hello"},
		"an old one":         {[]*decode.Packet{c.data(fromLow, 0, "hello"), bare(2), c.data(fromLow, 5, "!")}, "hello!"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			h := &opened{}
			table := NewTable(h, Options{MaxFlows: 4})
			push(table, c.syn(fromLow), c.syn(fromHigh))
			push(table, k.ps...)
			table.Flush()
			if got := string(h.all[0].got[fromLow]); got != k.want {
				t.Errorf("got %q, want %q", got, k.want)
			}
			if n := h.all[0].conflicts; n != 0 {
				t.Errorf("%d conflicts", n)
			}
		})
	}
}
