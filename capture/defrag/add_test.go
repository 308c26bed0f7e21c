package defrag

import (
	"bytes"
	"testing"
)

// segment begins with a TCP header of 20 bytes.
var segment = append([]byte{1, 187, 200, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0, 0, 0, 0, 0, 0}, "0123456789ab"...)

// cut is the fragment with the bytes of segment from from to to.
func cut(from, to int) Fragment {
	return Fragment{
		From: from, To: to, Limit: maxLength, Last: to == len(segment), Protocol: protocolTCP, Data: segment[from:to],
	}
}

// claims is f with other data.
func claims(f Fragment, data string) Fragment {
	f.Data = []byte(data)[:f.To-f.From]
	return f
}

func TestAdd(t *testing.T) {
	const junk = "XXXXXXXXXXXXXXXXXXXXXXXX"
	beyond := Fragment{From: 40, To: 48, Limit: maxLength, Protocol: protocolTCP, Data: []byte(junk[:8])}
	for _, test := range []struct {
		name      string
		fragments []Fragment
		state     State // after the last fragment
		anomalies Anomaly
		ports     bool // they are returned with the last fragment
	}{
		{"in order", []Fragment{cut(0, 24), cut(24, 32)}, Complete, 0, false},
		{"in reverse order", []Fragment{cut(24, 32), cut(0, 24)}, Complete, 0, false},
		{"the first alone", []Fragment{cut(0, 24)}, Waiting, 0, false},
		{"a copy", []Fragment{cut(0, 24), cut(0, 24)}, Waiting, 0, false},
		{"an overlap", []Fragment{cut(0, 24), claims(cut(16, 24), junk)}, Waiting, Overlap, true},
		{"an overlap, and the rest", []Fragment{cut(0, 24), claims(cut(16, 24), junk), cut(24, 32)}, Complete, Overlap, false},
		{"an overlap before the ports", []Fragment{cut(16, 24), claims(cut(16, 24), junk)}, Waiting, 0, false},
		{"no whole TCP header", []Fragment{cut(0, 16)}, Waiting, Tiny, true},
		{"beyond the end", []Fragment{cut(0, 24), cut(24, 32), beyond}, Waiting, Conflict, true},
		{"empty", []Fragment{{From: 8, To: 8, Limit: maxLength}}, Refused, 0, false},
		{"longer than a packet", []Fragment{{From: 65528, To: 65536, Limit: maxLength, Data: segment[:8]}}, Refused, 0, false},
		{"less than eight bytes, and not the last", []Fragment{{To: 7, Limit: maxLength, Data: segment[:7]}}, Refused, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s Store
			var r Result
			for i, f := range test.fragments {
				r = s.Add(Key{ID: 1}, f, int64(i)*1e6)
			}
			if r.State != test.state || r.Anomalies != test.anomalies || (r.Ports != nil) != test.ports {
				t.Errorf("%+v, want state %d, anomalies %b, ports %v", r, test.state, test.anomalies, test.ports)
			}
			if test.ports && !bytes.Equal(r.Ports, segment[:4]) {
				t.Errorf("ports % x", r.Ports)
			}
			if r.State == Complete && (!bytes.Equal(r.Data, segment) || r.Cut != 0 || r.Protocol != protocolTCP) {
				t.Errorf("%q, %d cut, protocol %d", r.Data, r.Cut, r.Protocol)
			}
			checkStore(t, &s)
		})
	}
}

// What is held when the store is cleared counts as dropped and incomplete, and does not
// come back.
func TestClear(t *testing.T) {
	var s Store
	s.Add(Key{ID: 1}, cut(0, 24), 0)
	noTCP := cut(0, 24)
	noTCP.NoTCP = true
	s.Add(Key{ID: 2}, noTCP, 0)
	if n := s.Stats(); n.Held != 2 || n.Incomplete != 1 || n.Dropped != 0 {
		t.Errorf("before: %+v", n)
	}
	s.Clear()
	if r := s.Add(Key{ID: 1}, cut(24, 32), 1); r.State != Waiting {
		t.Errorf("state %d", r.State)
	}
	if n := s.Stats(); n.Held != 1 || n.Incomplete != 2 || n.Dropped != 2 || n.Received != 3 {
		t.Errorf("after: %+v", n)
	}
}

// Other traffic moves the clock, but not the few frames whose time is wrong.
func TestSee(t *testing.T) {
	for _, test := range []struct {
		name   string
		frames int
		state  State
	}{
		{"a few", strayFrames - 2, Complete},
		{"all", strayFrames, Waiting},
	} {
		var s Store
		s.Add(Key{ID: 1}, cut(0, 24), 1e18)
		for range test.frames {
			s.See(1e18 + 2*maxAge)
		}
		if r := s.Add(Key{ID: 1}, cut(24, 32), 1e18+2*maxAge); r.State != test.state {
			t.Errorf("%s: state %d", test.name, r.State)
		}
	}
}
