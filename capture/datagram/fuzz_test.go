package datagram

import (
	"testing"

	"tlsfloor/capture/decode"
)

// FuzzTable makes a conversation's life of bytes: three for each datagram.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x00\x13\x07\x01\x13\x07\x02\x10\x00"))
	f.Add([]byte("\x00\x11\x00\x00\x21\xff\x00\x31\x00\x01\x11\x00\x00\x12\x00\x05\x13\xff\x07\x13\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, table := newScript(Options{MaxConversations: 5, MaxBytes: 3500})
		at := int64(0)
		for ; len(b) >= 3; b = b[3:] {
			at += int64(b[2]) * 500
			from, to := uint16(1), uint16(2+b[0]>>4)
			if b[0]&1 != 0 {
				from, to = to, from
			}
			p := packet(at, from, to, string(b[1]&3)+"a")
			p.Word = decode.Word(b[0] >> 2 & 3)
			if b[1]&4 != 0 {
				p = inVLAN(uint32(b[1]>>5), p)
			}
			table.Push(p, b[1]&16 != 0)
			check(t, s, table)
		}
		table.Flush()
		if st := table.Stats(); st.Open != 0 || st.Bytes != 0 || len(table.index) != 0 {
			t.Fatalf("left: %+v", st)
		}
	})
}

// check compares what the Table counts with what it holds.
func check(t *testing.T, s *script, table *Table) {
	t.Helper()
	held, chained := 0, 0
	for i := range table.consumers {
		if table.consumers[i] != nil {
			held++
		}
	}
	for _, i := range table.index {
		for ; i != none; i = table.entries[i].twin {
			chained++
		}
	}
	st := table.Stats()
	if st.Bytes != 1000*held || st.Bytes > 3500 || st.Open > 5 || st.Open != chained || table.asked != none {
		t.Fatalf("%+v, %d followed, %d in the index", st, held, chained)
	}
}
