package flow

import (
	"testing"

	"tlsfloor/capture/decode"
)

func checkStanding(t *testing.T, table *Table, p *decode.Packet, want Standing, wantBegun bool) {
	t.Helper()
	if got, begun := table.Standing(p); got != want || begun != wantBegun {
		t.Errorf("standing %d, begun %t; want %d, %t", got, begun, want, wantBegun)
	}
}

// A connection goes from its SYN to the decision, in the eyes of both directions.
func TestStanding(t *testing.T) {
	c := conn{isn: [2]uint32{1, 100}}
	h := &opened{}
	h.model.limit = 5
	table := NewTable(h, Options{MaxFlows: 8})
	checkStanding(t, table, c.syn(fromLow), Decided, false) // not known
	push(table, c.syn(fromLow))
	checkStanding(t, table, c.syn(fromLow), Opened, true)
	checkStanding(t, table, c.data(fromHigh, 0, ""), Opened, true) // an acknowledgement alone
	push(table, c.syn(fromHigh), c.data(fromLow, 0, "hell"))
	checkStanding(t, table, c.data(fromHigh, 0, ""), Followed, true)
	h.all[0].Wait()
	checkStanding(t, table, c.data(fromHigh, 0, ""), Waiting, true)
	push(table, c.data(fromLow, 4, "o"))
	checkStanding(t, table, c.data(fromLow, 4, "o"), Decided, true)
	push(table, c.fin(fromLow, 5), c.fin(fromHigh, 0))
	checkStanding(t, table, c.fin(fromHigh, 0), Decided, true)

	next := conn{isn: [2]uint32{70000, 90000}}
	push(table, next.syn(fromLow))
	checkStanding(t, table, next.syn(fromLow), Opened, true)
}

// Without its SYN, a connection has not begun. One that nobody follows is decided.
func TestStandingWithoutOpening(t *testing.T) {
	c := conn{isn: [2]uint32{1, 100}}
	h := &opened{}
	h.model.start = func([]byte) bool { return true }
	table := NewTable(h, Options{MaxFlows: 8})
	push(table, c.data(fromLow, 0, "hello"))
	checkStanding(t, table, c.data(fromLow, 0, "hello"), Followed, false)

	deaf := NewTable(&opened{deaf: true}, Options{MaxFlows: 8})
	push(deaf, c.data(fromLow, 0, "hello"))
	checkStanding(t, deaf, c.data(fromLow, 0, "hello"), Decided, false)
}

// Of several connections with the same addresses and ports, the one that has come
// farthest counts, as long as it is not decided; also beyond maxTwins.
func TestStandingOfTwins(t *testing.T) {
	h := &opened{}
	h.model.limit = 5
	table := NewTable(h, Options{MaxFlows: 4 * maxTwins})
	a := conn{isn: [2]uint32{1000, 2000}}
	push(table, in(1, a.syn(fromLow), a.data(fromLow, 0, "hel"))...)
	for n := range uint32(2 * maxTwins) {
		b := conn{isn: [2]uint32{5_000_000 * (n + 1), 7}}
		push(table, in(n+2, b.syn(fromLow), b.data(fromLow, 0, "hello"))...)
		checkStanding(t, table, in(n+2, b.data(fromLow, 0, "hello"))[0], Followed, true)
	}
	push(table, in(1, a.data(fromLow, 3, "lo"))...)
	checkStanding(t, table, in(1, a.data(fromLow, 3, "lo"))[0], Decided, true)

	last := conn{isn: [2]uint32{77, 7}}
	push(table, in(99, last.syn(fromLow))...)
	checkStanding(t, table, in(99, last.syn(fromLow))[0], Opened, true)
	push(table, in(99, last.data(fromLow, 0, "hello"))...)
	checkStanding(t, table, in(99, last.data(fromLow, 0, "hello"))[0], Decided, true)
}
