package flow

import (
	"fmt"
	"testing"

	"tlsfloor/capture/decode"
)

// in puts packets into a VLAN.
func in(vlan uint32, ps ...*decode.Packet) []*decode.Packet {
	for _, p := range ps {
		p.Network[0], p.NumLayers = vlan, 1
	}
	return ps
}

func acking(p *decode.Packet, ack uint32) *decode.Packet {
	p.Ack, p.Flags = ack, p.Flags|decode.ACK
	return p
}

// Each direction has a tag of its own. An answer belongs to the connection that it
// acknowledges, whichever connection has its tag already.
func TestAnswersDecide(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 16})
	a := conn{isn: [2]uint32{1000, 2000}}
	b := conn{isn: [2]uint32{500000, 600000}}
	push(table, in(10, a.syn(fromLow))...)
	push(table, in(20, b.syn(fromLow))...)
	push(table, in(20, acking(a.syn(fromHigh), 1001))...)
	push(table, in(10, acking(b.syn(fromHigh), 500001))...)
	push(table, in(10, acking(a.data(fromLow, 0, "a out"), 2001))...)
	push(table, in(20, acking(b.data(fromLow, 0, "b out"), 600001))...)
	push(table, in(20, acking(a.data(fromHigh, 0, "a back"), 1006))...)
	push(table, in(10, acking(b.data(fromHigh, 0, "b back"), 500006))...)
	if len(h.all) != 2 {
		t.Fatalf("%d connections, want 2", len(h.all))
	}
	for i, name := range []string{"a", "b"} {
		if out, back := string(h.all[i].got[fromLow]), string(h.all[i].got[fromHigh]); out != name+" out" || back != name+" back" {
			t.Errorf("connection %s: %q and %q", name, out, back)
		}
	}
}

// An attacker can make as many networks as a tunnel has numbers, all with the addresses and
// ports of one connection.
func TestTwinsAreBounded(t *testing.T) {
	h := &opened{}
	h.model.start = func([]byte) bool { return true }
	table := NewTable(h, Options{MaxFlows: 4 * maxTwins})
	for vni := range uint32(3 * maxTwins) {
		c := conn{isn: [2]uint32{vni << 24, 7}}
		push(table, in(vni+1, c.data(fromLow, 0, fmt.Sprint(vni)))...)
		push(table, in(vni+1, c.data(fromLow, len(fmt.Sprint(vni)), " again"))...)
	}
	if len(h.all) != 3*maxTwins || table.apart != 2*maxTwins {
		t.Fatalf("%d connections, %d past the bound", len(h.all), table.apart)
	}
	for vni, r := range h.all {
		if got, want := string(r.got[fromLow]), fmt.Sprint(vni, " again"); got != want {
			t.Errorf("network %d: got %q, want %q", vni, got, want)
		}
	}
	table.Flush()
	if s := table.Stats(); s.Open != 0 || table.apart != 0 {
		t.Errorf("after Flush: %d open, %d past the bound", s.Open, table.apart)
	}
}

// Same compares with twins, also with those that are over.
func TestSame(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 16})
	c := conn{isn: [2]uint32{1000, 2000}}
	for vlan := range uint32(3) {
		push(table, in(vlan, c.syn(fromLow), c.data(fromLow, 0, "hello"))...)
	}
	// report calls Same for the ith view, and ends it if it is over.
	report := func(i int32, said Digest, over bool) (reported bool, copies int) {
		h.all[i].said = said
		table.asked = i
		defer func() { table.asked = none }()
		reported, list := table.Same(said)
		if over {
			table.settle(i)
		}
		return reported, len(list)
	}
	for _, k := range []struct {
		name     string
		view     int32
		said     Digest
		over     bool
		reported bool
		copies   int
	}{
		{"the first", 0, Digest{1, 2}, true, false, 0},
		{"other words", 1, Digest{1, 3}, false, false, 0},
		{"the same words, later", 2, Digest{1, 2}, false, true, 0},
		{"fewer of them", 2, Digest{1, 0}, true, true, 1},
	} {
		if reported, copies := report(k.view, k.said, k.over); reported != k.reported || copies != k.copies {
			t.Errorf("%s: reported %v, %d copies; want %v, %d", k.name, reported, copies, k.reported, k.copies)
		}
	}
}

// A connection whose end and whose successor's SYN were lost ends with a hello
// that is far from its numbers, when it has been silent.
func TestPortUsedAgain(t *testing.T) {
	cases := []struct {
		name    string
		pause   int64
		settled bool
		payload string
		again   bool
	}{
		{"settled, then a hello", 30 * second, true, "hello", true},
		{"settled, then something else", 30 * second, true, "other", false},
		{"settled, at once", 0, true, "hello", false},
		{"under way, then a hello", 30 * second, false, "hello", true},
		{"under way, a little later", 5 * second, false, "hello", false},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			h := &opened{}
			h.model.start = func([]byte) bool { return true }
			if k.settled {
				h.model.limit = 3
			}
			table := NewTable(h, Options{MaxFlows: 4})
			c := conn{isn: [2]uint32{1, 2}, now: second}
			push(table, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "one"))
			c.isn, c.now = [2]uint32{900000, 800000}, second+k.pause
			push(table, c.data(fromLow, 0, k.payload))
			if got := len(h.all) == 2; got != k.again {
				t.Errorf("another connection: %v, want %v", got, k.again)
			}
		})
	}
}

// A SYN may be captured after its answer, or after data.
func TestLateSYN(t *testing.T) {
	c := conn{isn: [2]uint32{4294967290, 7000}}
	syn, answer := c.syn(fromLow), acking(c.syn(fromHigh), 4294967291)
	out, back := acking(c.data(fromLow, 0, "hello"), 7001), acking(c.data(fromHigh, 0, "answer"), 0)
	for name, ps := range map[string][]*decode.Packet{
		"behind its answer": {answer, syn, out, back},
		"behind data":       {answer, out, syn, back},
		"last":              {answer, out, back, syn},
		"without an answer": {out, syn, back},
		"the answer last":   {out, back, syn, answer},
	} {
		t.Run(name, func(t *testing.T) {
			h := &opened{}
			h.model.start = func([]byte) bool { return true }
			table := NewTable(h, Options{MaxFlows: 4})
			push(table, ps...)
			if len(h.all) != 1 || string(h.all[0].got[fromLow]) != "hello" || string(h.all[0].got[fromHigh]) != "answer" {
				t.Fatalf("%d connections, first %q %q", len(h.all), h.all[0].got[fromLow], h.all[0].got[fromHigh])
			}
		})
	}
}

// told puts packets into a tunnel of the end that sends in a direction, which is believed
// about its own packets only.
func told(by Dir, ps ...*decode.Packet) []*decode.Packet {
	for _, p := range in(7, ps...) {
		p.Word, p.Sender = decode.DestinationWord, p.Dst
		if (p.SrcPort == 443) == (by == fromHigh) {
			p.Word, p.Sender = decode.SourceWord, p.Src
		}
	}
	return ps
}

// An end of a connection knows its numbers. Packets in that end's tunnel are another
// connection than the same packets outside, and than those in the other end's tunnel,
// whichever come first.
func TestTellersStayApart(t *testing.T) {
	c := conn{isn: [2]uint32{1000, 2000}}
	opening := func() []*decode.Packet {
		return []*decode.Packet{c.syn(fromLow), acking(c.syn(fromHigh), 1001)}
	}
	words := func(text string) *decode.Packet { return acking(c.data(fromLow, 0, text), 2001) }
	none := func(ps ...*decode.Packet) []*decode.Packet { return ps }
	ways := map[string]func(...*decode.Packet) []*decode.Packet{
		"outside":              none,
		"in a tunnel":          func(ps ...*decode.Packet) []*decode.Packet { return in(7, ps...) },
		"told by the client":   func(ps ...*decode.Packet) []*decode.Packet { return told(fromLow, ps...) },
		"told by the server":   func(ps ...*decode.Packet) []*decode.Packet { return told(fromHigh, ps...) },
		"in another's network": func(ps ...*decode.Packet) []*decode.Packet { return in(8, ps...) },
	}
	for first, one := range ways {
		for second, other := range ways {
			h := &opened{}
			table := NewTable(h, Options{MaxFlows: 16})
			push(table, one(opening()...)...)
			push(table, other(words("forged"))...)
			push(table, one(words("spoken"))...)
			got := make([]string, 0, 2)
			for _, r := range h.all {
				got = append(got, string(r.got[fromLow]))
			}
			apart := (first[:4] == "told" || second[:4] == "told") && first != second
			if is := len(h.all) == 2 && got[1] == "spoken"; is != apart && first != second {
				t.Errorf("%s, then %s: %q", first, second, got)
			}
		}
	}
}

// A connection knows in which direction packets came in a tunnel.
func TestTunnelled(t *testing.T) {
	h := &opened{}
	table := NewTable(h, Options{MaxFlows: 16})
	c := conn{isn: [2]uint32{1000, 2000}}
	push(table, c.syn(fromLow), acking(c.syn(fromHigh), 1001), acking(c.data(fromLow, 0, "plain"), 2001), acking(c.data(fromHigh, 0, "plain"), 1006))
	s := h.all[0].stream()
	if s.Tunnelled(fromLow) || s.Tunnelled(fromHigh) {
		t.Fatal("nothing came in a tunnel")
	}
	p := acking(c.data(fromHigh, 5, "tunnel"), 1006)
	in(7, p)
	p.Word = decode.SenderWord
	push(table, p)
	if len(h.all) != 1 || s.Tunnelled(fromLow) || !s.Tunnelled(fromHigh) {
		t.Errorf("%d connections, tunnelled %v and %v", len(h.all), s.Tunnelled(fromLow), s.Tunnelled(fromHigh))
	}
}
