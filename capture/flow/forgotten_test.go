package flow

import (
	"testing"

	"tlsfloor/capture/decode"
)

func TestForgottenIsBounded(t *testing.T) {
	var f forgotten
	for i := range uint32(100_000) {
		k := key{ports: i}
		if f.knows(&k) {
			t.Fatalf("connection %d is known", i)
		}
		f.note(&k, 1000)
		if !f.knows(&k) {
			t.Fatalf("connection %d is not known", i)
		}
	}
	if len(f)*forgottenWays != 512 {
		t.Errorf("%d places", len(f))
	}
}

// A connection that was silent, and one that was evicted, are distinguished from one that
// was never seen.
func TestOpenerTellsOfTheForgotten(t *testing.T) {
	for name, forget := range map[string]func(*Table){
		"silence": func(t *Table) { t.Expire(600 * second) },
		"no room": func(t *Table) {
			for i := range uint16(8) {
				other := conn{port: 100 + i, now: second}
				t.Push(other.data(fromLow, 0, "x"))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &opened{}
			table := NewTable(h, Options{MaxFlows: 4})
			c := conn{isn: [2]uint32{1, 2}, now: second}
			push(table, c.syn(fromLow), c.data(fromLow, 0, "x"))
			forget(table)
			push(table, c.data(fromLow, 1, "y"))
			never := conn{port: 50, now: second}
			push(table, []*decode.Packet{never.data(fromLow, 1, "z")}...)
			all := h.all[len(h.all)-2:]
			if !all[0].opener.Forgotten || all[0].opener.Known || all[1].opener.Forgotten {
				t.Errorf("openers %+v and %+v", all[0].opener, all[1].opener)
			}
		})
	}
}
