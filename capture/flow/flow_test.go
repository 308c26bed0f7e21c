package flow

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"
	"unsafe"

	"tlsfloor/capture/decode"
)

const recorderSize = int(unsafe.Sizeof(recorder{}))

// recorder is a Consumer that records its calls.
type recorder struct {
	Stream
	got       [2][]byte
	lost      [2]int
	conflicts int
	overflows int
	strays    int
	ended     []Cause
	said      Digest
	opener    Opener
	odd       decode.Anomaly
	limit     int                    // settle after this many bytes; 0: never
	need      func(data []byte) int  // how many bytes a unit takes; nil: any
	start     func(data []byte) bool // nil: never
	calls     int
}

func (r *recorder) Start(_ Dir, data []byte) bool { return r.start != nil && r.start(data) }

func (r *recorder) Data(d Dir, data []byte) (int, int, Interest) {
	r.calls++
	if r.need != nil {
		n := r.need(data)
		if n > len(data) {
			return 0, n, Listen
		}
		data = data[:n]
	}
	r.got[d] = append(r.got[d], data...)
	if r.limit > 0 && len(r.got[d]) >= r.limit {
		return len(data), 0, Settled
	}
	return len(data), 0, Listen
}

func (r *recorder) Lost(d Dir) Interest        { r.lost[d]++; return Listen }
func (r *recorder) Held() int                  { return recorderSize }
func (r *recorder) Conflict(Dir)               { r.conflicts++ }
func (r *recorder) Begins(*decode.Packet, Dir) {}
func (r *recorder) Midway(Dir) bool            { return false }
func (r *recorder) Dropped(_ Dir, far bool) {
	if far {
		r.strays++
	} else {
		r.overflows++
	}
}
func (r *recorder) Odd(a decode.Anomaly) { r.odd |= a }
func (r *recorder) Said() Digest         { return r.said }
func (r *recorder) End(c Cause)          { r.ended = append(r.ended, c) }

// opened is a Handler that follows every connection with a copy of model.
type opened struct {
	model recorder
	all   []*recorder
	deaf  bool
}

func (o *opened) Open(_ *decode.Packet, _ Dir, op Opener) Consumer {
	if o.deaf {
		return nil
	}
	r := o.model
	r.opener = op
	o.all = append(o.all, &r)
	return &r
}

func (o *opened) Greets(data []byte) bool { return bytes.HasPrefix(data, []byte("hello")) }

// conn builds the packets of one connection. The client has the lower address, so its
// direction is fromLow.
type conn struct {
	isn  [2]uint32
	port uint16
	now  int64
}

func (c *conn) packet(d Dir, flags uint8, off int, payload string) *decode.Packet {
	p := &decode.Packet{Time: c.now, Proto: decode.TCP, Flags: flags, Payload: []byte(payload)}
	p.Seq = c.isn[d] + uint32(off)
	a, b := decode.Addr{10: 0xff, 11: 0xff, 12: 10, 15: 1}, decode.Addr{10: 0xff, 11: 0xff, 12: 10, 15: 2}
	p.Src, p.Dst, p.SrcPort, p.DstPort = a, b, 1000+c.port, 443
	if d == fromHigh {
		p.Src, p.Dst, p.SrcPort, p.DstPort = b, a, 443, 1000+c.port
	}
	return p
}

func (c *conn) syn(d Dir) *decode.Packet {
	flags := uint8(decode.SYN)
	if d == fromHigh {
		flags |= decode.ACK
	}
	return c.packet(d, flags, 0, "")
}

// data is payload at an offset from the stream's first byte.
func (c *conn) data(d Dir, off int, payload string) *decode.Packet {
	return c.packet(d, decode.ACK, off+1, payload)
}

func (c *conn) fin(d Dir, off int) *decode.Packet {
	return c.packet(d, decode.ACK|decode.FIN, off+1, "")
}

func (c *conn) rst(d Dir, off int) *decode.Packet { return c.packet(d, decode.RST, off+1, "") }

func push(t *Table, ps ...*decode.Packet) {
	for _, p := range ps {
		t.Push(p)
	}
}

func TestOrder(t *testing.T) {
	c := conn{isn: [2]uint32{4294967290, 77}} // the client's numbers wrap after five bytes
	lo := func(off int, s string) *decode.Packet { return c.data(fromLow, off, s) }
	const text = "the quick brown fox"
	cases := map[string][]*decode.Packet{
		"in order":               {lo(0, text[:4]), lo(4, text[4:])},
		"sent twice":             {lo(0, text[:4]), lo(0, text[:4]), lo(4, text[4:]), lo(4, text[4:])},
		"swapped":                {lo(4, text[4:]), lo(0, text[:4])},
		"overlapping":            {lo(0, text[:8]), lo(4, text[4:12]), lo(2, text[2:])},
		"three pieces backwards": {lo(10, text[10:]), lo(5, text[5:10]), lo(0, text[:5])},
		"one over many holes":    {lo(2, text[2:3]), lo(6, text[6:7]), lo(12, text[12:13]), lo(1, text[1:]), lo(0, text[:1])},
		"keep-alive":             {lo(0, text), lo(len(text)-1, "x")},
	}
	for name, ps := range cases {
		t.Run(name, func(t *testing.T) {
			h := &opened{}
			table := NewTable(h, Options{MaxFlows: 8})
			push(table, c.syn(fromLow), c.syn(fromHigh))
			push(table, ps...)
			if got := string(h.all[0].got[fromLow]); got != text {
				t.Errorf("got %q, want %q", got, text)
			}
			if h.all[0].opener != (Opener{Dir: fromLow, Known: true, Greeted: [2]bool{true, true}}) {
				t.Errorf("opener %+v", h.all[0].opener)
			}
			if b := table.Stats().Bytes; b != recorderSize {
				t.Errorf("%d bytes held after everything was consumed", b)
			}
		})
	}
}

func TestFastOpenCarriesDataInSYN(t *testing.T) {
	c := conn{isn: [2]uint32{9, 9}}
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	push(table, c.packet(fromLow, decode.SYN, 0, "hello"), c.data(fromLow, 5, " world"))
	if got := string(h.all[0].got[fromLow]); got != "hello world" {
		t.Errorf("got %q", got)
	}
}

// A table that was cleared is like a new one, and consumers are not called.
func TestClear(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 4})
	for round := range 3 {
		for port := range uint16(3) {
			c := conn{isn: [2]uint32{1, 100}, port: port}
			push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "hello"), c.data(fromLow, 10, "behind a hole"))
			if last := h.all[len(h.all)-1]; len(h.all) != 3*round+int(port)+1 || string(last.got[fromLow]) != "hello" {
				t.Fatalf("round %d: %d connections, the last got %q", round, len(h.all), last.got[fromLow])
			}
		}
		table.Clear()
		if s := table.Stats(); s.Open != 0 || s.Bytes != 0 {
			t.Fatalf("%+v", s)
		}
	}
	table.Flush()
	for i, r := range h.all {
		if len(r.ended) > 0 {
			t.Errorf("connection %d was ended", i)
		}
	}
}

// A connection whose consumer panics is forgotten, and no other one.
func TestForget(t *testing.T) {
	h := &opened{}
	h.model.need = func(data []byte) int {
		if data[0] == '!' {
			panic("a consumer's fault")
		}
		return len(data)
	}
	table := NewTable(h, Options{MaxFlows: 4})
	if table.Forget() {
		t.Error("forgot a connection where none was")
	}
	one, two := conn{isn: [2]uint32{1, 100}, port: 1}, conn{isn: [2]uint32{1, 100}, port: 2}
	push(table, one.syn(fromLow), two.syn(fromLow), one.data(fromLow, 0, "a"), two.data(fromLow, 0, "b"))
	func() {
		defer func() {
			if recover() == nil || !table.Forget() {
				t.Error("nothing was to be forgotten")
			}
		}()
		push(table, one.data(fromLow, 1, "!"))
	}()
	push(table, two.data(fromLow, 1, "c"))
	table.Flush()
	if s := table.Stats(); s.Open != 0 || s.Bytes != 0 || len(h.all[0].ended) != 0 || len(h.all[1].ended) != 1 || string(h.all[1].got[fromLow]) != "bc" {
		t.Errorf("%+v; ended %v and %v; the other got %q", s, h.all[0].ended, h.all[1].ended, h.all[1].got[fromLow])
	}
}

func TestSYNACKRepeatedWithAnotherNumber(t *testing.T) {
	c := conn{isn: [2]uint32{1, 100}}
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "hi"))
	c.isn[fromHigh] = 5000
	push(table, c.syn(fromHigh), c.data(fromHigh, 0, "answer"))
	if len(h.all) != 1 || string(h.all[0].got[fromHigh]) != "answer" {
		t.Errorf("%d connections, got %q", len(h.all), h.all[0].got[fromHigh])
	}
}

// Two servers, or one that lost its memory, answer with two numbers in turn.
func TestDataBehindTheOtherSYNACK(t *testing.T) {
	h := &opened{}
	h.model.start = func(b []byte) bool { return true }
	table := NewTable(h, Options{MaxFlows: 8})
	real, stray := conn{isn: [2]uint32{1, 97572840}}, conn{isn: [2]uint32{1, 3212050950}}
	push(table, real.syn(fromLow), stray.syn(fromHigh), real.syn(fromHigh), real.data(fromLow, 0, "hi"), stray.syn(fromHigh), real.data(fromHigh, 0, "answer"))
	if got := string(h.all[0].got[fromHigh]); len(h.all) != 1 || got != "answer" {
		t.Errorf("%d connections, got %q", len(h.all), got)
	}
}

// A client that gets an old SYN-ACK sends RST and tries again. The answer to that may come
// late.
func TestOpenedAgainAfterRST(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.syn(fromLow), c.rst(fromLow, 0))
	c.now = 3 * second
	push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "hi"))
	for s := int64(4); s < 18; s++ {
		table.Expire(s * second)
	}
	c.now = 18 * second
	push(table, c.data(fromHigh, 0, "answer"))
	if got := string(h.all[0].got[fromHigh]); len(h.all) != 1 || got != "answer" {
		t.Errorf("%d connections, got %q", len(h.all), got)
	}
}

// Where captures are joined, time jumps by years: that is no silence.
func TestClockThatJumps(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}, now: 1000 * second}
	push(table, c.syn(fromLow), c.data(fromLow, 0, "hel"))
	for _, years := range []int64{5, -20, 40} {
		other := conn{port: 9, now: years * 365 * 86400 * second}
		push(table, other.syn(fromLow))
	}
	c.now = 1001 * second
	push(table, c.data(fromLow, 3, "lo"))
	if got := string(h.all[0].got[fromLow]); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestNetworksDoNotMix(t *testing.T) {
	c := conn{}
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	a, b := c.data(fromLow, 0, "one"), c.data(fromLow, 0, "two")
	b.Network[0], b.NumLayers = 7, 1
	v6 := c.data(fromLow, 0, "six")
	v6.V6 = true
	h.model.start = func([]byte) bool { return true }
	push(table, a, b, v6)
	if len(h.all) != 3 {
		t.Fatalf("%d connections, want 3", len(h.all))
	}
}

func TestEndings(t *testing.T) {
	c := conn{isn: [2]uint32{1, 2}}
	open := []*decode.Packet{c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "x")}
	others := func(at int64) (ps []*decode.Packet) { // as many as it takes to be believed
		for i := range uint16(3) {
			ps = append(ps, (&conn{port: 1 + i, now: at}).data(fromLow, 0, "y"))
		}
		return ps
	}
	again := conn{isn: [2]uint32{900000, 2}}
	cases := map[string]struct {
		more []*decode.Packet
		want Cause
	}{
		"capture ends":           {nil, Finished},
		"FIN":                    {[]*decode.Packet{c.fin(fromLow, 1)}, Closed},
		"both FIN, data between": {[]*decode.Packet{c.fin(fromLow, 1), c.data(fromHigh, 0, "late"), c.fin(fromHigh, 4)}, Closed},
		"RST":                    {[]*decode.Packet{c.rst(fromHigh, 0)}, Reset},
		"silence":                {append(others(100*second), others(200*second)...), Idle},
		"new SYN":                {[]*decode.Packet{again.syn(fromLow)}, Replaced},
		"one packet from later":  {others(200 * second)[:1], Finished},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			h := &opened{}
			table := NewTable(h, Options{MaxFlows: 8})
			push(table, open...)
			push(table, k.more...)
			table.Flush()
			if got := h.all[0].ended; len(got) != 1 || got[0] != k.want {
				t.Errorf("ended %v, want [%v]", got, k.want)
			}
			if s := table.Stats(); s.Open != 0 || s.Bytes != 0 {
				t.Errorf("after Flush: %+v", s)
			}
		})
	}
}

// In a capture that holds every packet twice, each connection is one.
func TestWholeConnectionRepeated(t *testing.T) {
	h := &opened{}
	h.model.limit = 2
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	for range 2 {
		push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "hi"), c.fin(fromLow, 2), c.fin(fromHigh, 0))
	}
	if len(h.all) != 1 {
		t.Errorf("%d connections, want 1", len(h.all))
	}
}

// A server may take 30 seconds to refuse: the flow must still be there.
func TestAnswerAfterThirtySeconds(t *testing.T) {
	c := conn{isn: [2]uint32{1, 2}}
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "hello"))
	for s := int64(1); s < 60; s++ {
		table.Expire(s * second)
	}
	c.now = 60 * second
	push(table, c.data(fromHigh, 0, "alert"))
	if got := string(h.all[0].got[fromHigh]); got != "alert" {
		t.Errorf("got %q", got)
	}
}

func TestReuseOfAddressesWithoutSYN(t *testing.T) {
	h := &opened{}
	h.model.start = func([]byte) bool { return true }
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.data(fromLow, 0, "one"), c.data(fromHigh, 0, "1"), c.fin(fromLow, 3), c.fin(fromHigh, 1))
	push(table, c.data(fromLow, 0, "one")) // a retransmission is no new connection
	c.isn = [2]uint32{90000, 80000}
	push(table, c.data(fromLow, 0, "two"))
	if len(h.all) != 2 || string(h.all[1].got[fromLow]) != "two" {
		t.Fatalf("%d connections", len(h.all))
	}
}

// Without a SYN the first segment seen may be the second of the hello.
func TestBeginningFoundBehindLaterSegment(t *testing.T) {
	h := &opened{}
	h.model.start = func(b []byte) bool { return bytes.HasPrefix(b, []byte("HELLO")) }
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.data(fromLow, 9, "end"), c.data(fromLow, 0, "HELLO the"))
	if got := string(h.all[0].got[fromLow]); got != "HELLO theend" {
		t.Errorf("got %q", got)
	}
}

func TestBeginningSpreadOverSmallSegments(t *testing.T) {
	h := &opened{}
	h.model.start = func(b []byte) bool { return bytes.HasPrefix(b, []byte("HELLO")) }
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.data(fromLow, 50, "later"), c.data(fromLow, 102, "LL"), c.data(fromLow, 100, "HE"), c.data(fromLow, 104, "O"))
	if got := string(h.all[0].got[fromLow]); got != "HELLO" {
		t.Errorf("got %q", got)
	}
}

func TestHoleThatNeverFills(t *testing.T) {
	h := &opened{}
	h.model.start = func(b []byte) bool { return bytes.HasPrefix(b, []byte("HELLO")) }
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 50, "lost its head"), c.data(fromLow, 100, "HELLO"))
	table.Flush()
	r := h.all[0]
	if r.lost[fromLow] != 1 || string(r.got[fromLow]) != "HELLO" {
		t.Errorf("lost %d, got %q", r.lost[fromLow], r.got[fromLow])
	}
}

func TestSnapLengthCutIsALoss(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	p := c.data(fromLow, 0, "begin")
	p.Missing = 500
	push(table, c.syn(fromLow), p, c.data(fromLow, 505, "rest"))
	if r := h.all[0]; r.lost[fromLow] != 1 || string(r.got[fromLow]) != "begin" {
		t.Errorf("lost %d, got %q", r.lost[fromLow], r.got[fromLow])
	}
}

func TestConflictIsReportedAndFirstKept(t *testing.T) {
	h := &opened{}
	h.model.need = func([]byte) int { return 6 }
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.syn(fromLow), c.data(fromLow, 0, "abc"), c.data(fromLow, 1, "XXdef"))
	if r := h.all[0]; r.conflicts != 1 || string(r.got[fromLow]) != "abcdef" {
		t.Errorf("conflicts %d, got %q", r.conflicts, r.got[fromLow])
	}
}

// Segments of one byte must not make the consumer parse a record once for each byte.
func TestNeedIsRespected(t *testing.T) {
	h := &opened{}
	h.model.need = func([]byte) int { return 1000 }
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.syn(fromLow))
	for i := range 1000 {
		push(table, c.data(fromLow, i, "x"))
	}
	if r := h.all[0]; r.calls > 2 || len(r.got[fromLow]) != 1000 {
		t.Errorf("%d calls, %d bytes", r.calls, len(r.got[fromLow]))
	}
}

func TestSettledFlowIsNotFollowedAgain(t *testing.T) {
	h := &opened{}
	h.model.limit = 3
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	push(table, c.syn(fromLow), c.data(fromLow, 0, "abc"), c.data(fromLow, 3, "def"), c.fin(fromLow, 6), c.data(fromHigh, 0, "x"))
	table.Flush()
	if r := h.all[0]; len(h.all) != 1 || string(r.got[fromLow]) != "abc" || len(r.ended) != 0 {
		t.Errorf("%d connections, %+v", len(h.all), h.all[0])
	}
}

// Every connection of a flood holds as much as it can: memory stays within the bounds, and
// a real handshake among them is still followed.
func TestFloodKeepsBounds(t *testing.T) {
	h := &opened{}
	h.model.need = func(b []byte) int { return MaxBuffered }
	table := NewTable(h, Options{MaxFlows: 500, MaxBytes: 1 << 20})
	filler := string(bytes.Repeat([]byte("x"), 4000))
	for i := range 5000 {
		c := conn{port: uint16(i), isn: [2]uint32{1, 2}, now: int64(i) * 1000}
		push(table, c.syn(fromLow), c.data(fromLow, 100, filler), c.data(fromLow, 0, "a"))
		if s := table.Stats(); s.Bytes > 1<<20+8000 || s.Open > 500 {
			t.Fatalf("after %d: %+v", i, s)
		}
	}
	real := conn{port: 60000, isn: [2]uint32{1, 2}, now: 5e6}
	h.model.need = nil
	push(table, real.syn(fromLow), real.data(fromLow, 0, "hello"))
	if r := h.all[len(h.all)-1]; string(r.got[fromLow]) != "hello" {
		t.Errorf("got %q", r.got[fromLow])
	}
	table.Flush()
	if s := table.Stats(); s.Bytes != 0 || s.Open != 0 || s.EvictedSum() == 0 {
		t.Errorf("after Flush: %+v", s)
	}
}

// The queues skip records of entries that moved to another class; no entry may be lost when
// they make room.
func TestQueuesUnderChurn(t *testing.T) {
	h := &opened{}
	h.model.limit = 5
	table := NewTable(h, Options{MaxFlows: 5000})
	for i := range 60000 {
		c := conn{port: uint16(i), isn: [2]uint32{uint32(i), 2}, now: int64(i) * 1000}
		push(table, c.syn(fromLow), c.data(fromLow, 0, "hel"))
		if i%3 != 0 { // two of three go on to the end
			push(table, c.data(fromLow, 3, "lo"), c.fin(fromLow, 5), c.fin(fromHigh, 0))
		}
		for class, q := range table.queues {
			n := 0
			for at := q.head; i%5000 == 0 && at != q.tail; at++ {
				if table.current(*q.at(at)) {
					n++
				}
			}
			if i%5000 == 0 && n != q.length {
				t.Fatalf("after %d: class %d has %d entries in its queue, and counts %d", i, class, n, q.length)
			}
		}
	}
	table.Flush()
	if s := table.Stats(); s.Open != 0 || s.Bytes != 0 {
		t.Errorf("after Flush: %+v", s)
	}
}

// A SYN flood is evicted before the handshakes in progress.
func TestSYNFloodSparesHandshakes(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 100})
	victim := conn{port: 60000, isn: [2]uint32{1, 2}}
	push(table, victim.syn(fromLow), victim.data(fromLow, 0, "hel"))
	for i := range 10000 {
		c := conn{port: uint16(i), isn: [2]uint32{uint32(i), 2}}
		push(table, c.syn(fromLow))
	}
	push(table, victim.data(fromLow, 3, "lo"))
	if len(h.all) != 1 || string(h.all[0].got[fromLow]) != "hello" {
		t.Errorf("%d connections, got %q", len(h.all), h.all[0].got[fromLow])
	}
}

func TestClockThatRunsBack(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}, now: 1000 * second}
	push(table, c.syn(fromLow), c.data(fromLow, 0, "hel"))
	c.now = 500 * second
	push(table, c.data(fromLow, 3, "lo"))
	if got := string(h.all[0].got[fromLow]); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// Property: however a stream is cut, shuffled within a window and repeated,
// the consumer gets the same bytes.
func TestAnyCutAnyOrder(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		want := make([]byte, 1+r.Intn(20000))
		r.Read(want)
		c := conn{isn: [2]uint32{r.Uint32(), r.Uint32()}}
		h := &opened{}
		table := NewTable(h, Options{MaxFlows: 4})
		push(table, c.syn(fromLow))
		push(table, shuffled(r, &c, want)...)
		if len(h.all) != 1 || !bytes.Equal(h.all[0].got[fromLow], want) {
			t.Fatalf("seed %d: got %d bytes, want %d", seed, len(h.all[0].got[fromLow]), len(want))
		}
		if b := table.Stats().Bytes; b != recorderSize {
			t.Fatalf("seed %d: %d bytes held", seed, b)
		}
	}
}

// shuffled cuts b into segments, repeats some, lets some overlap the one
// before, and swaps within a window of eight.
func shuffled(r *rand.Rand, c *conn, b []byte) (ps []*decode.Packet) {
	for at := 0; at < len(b); {
		n := min(1+r.Intn(1500), len(b)-at)
		from := max(0, at-r.Intn(200))
		ps = append(ps, c.data(fromLow, from, string(b[from:at+n])))
		if r.Intn(10) == 0 {
			ps = append(ps, c.data(fromLow, at, string(b[at:at+n])))
		}
		at += n
	}
	for i := range ps {
		j := min(i+r.Intn(8), len(ps)-1)
		ps[i], ps[j] = ps[j], ps[i]
	}
	return ps
}

// FuzzPush pushes packets made of the input into a small table: the counts add up, and the
// bounds hold.
func FuzzPush(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x10\x00\x05\x03\x01\x04\x10\x09\x00"))
	f.Add(bytes.Repeat([]byte{0x10, 0x00, 0x40, 0x07, 0x02}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := &opened{}
		h.model.need = func(b []byte) int { return int(b[0]) }
		h.model.start = func(b []byte) bool { return len(b)&1 == 0 }
		table := NewTable(h, Options{MaxFlows: 4, MaxBytes: 1000})
		for ; len(b) >= 5; b = b[5:] {
			c := conn{port: uint16(b[0] & 7), isn: [2]uint32{0, 0}, now: int64(b[4]) * second}
			p := c.packet(Dir(b[1]&1), b[2], int(b[3]), fmt.Sprintf("%0*d", b[0]>>3, 0))
			p.Missing = int(b[1] >> 6)
			p.Network[0], p.NumLayers = uint32(b[1]>>2&15), b[1]>>2&1
			table.Push(p)
		}
		table.Flush()
		if s := table.Stats(); s.Open != 0 || s.Bytes != 0 {
			t.Fatalf("after Flush: %+v", s)
		}
	})
}

// An entry is one cache line. With eight bytes more, nearly all would lie in two.
func TestEntryIsOneCacheLine(t *testing.T) {
	if size := unsafe.Sizeof(entry{}); size != 64 {
		t.Errorf("%d bytes", size)
	}
	if size := unsafe.Sizeof(entry{}) + unsafe.Sizeof(numbers{}); size != 96 { // as defaultMaxFlows says
		t.Errorf("%d bytes a connection", size)
	}
}

// Most packets cost one look-up of a settled flow.
func BenchmarkSettled(b *testing.B) {
	for _, flows := range []int{100, 10000, 100000} {
		b.Run(fmt.Sprint(flows), func(b *testing.B) {
			h := &opened{deaf: true}
			table := NewTable(h, Options{})
			ps := make([]*decode.Packet, flows)
			for i := range ps {
				c := conn{isn: [2]uint32{1, 2}}
				ps[i] = c.data(fromLow, 0, "x")
				ps[i].Src[13], ps[i].Src[14] = byte(i), byte(i>>8)
				ps[i].SrcPort = uint16(i >> 16)
				table.Push(ps[i])
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				table.Push(ps[i%flows])
			}
		})
	}
}

func TestSettledCostsNoAllocation(t *testing.T) {
	h := &opened{deaf: true}
	table := NewTable(h, Options{MaxFlows: 8})
	c := conn{isn: [2]uint32{1, 2}}
	p := c.data(fromLow, 0, "x")
	if n := testing.AllocsPerRun(100, func() { table.Push(p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
