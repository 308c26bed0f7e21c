package defrag

import "testing"

// give adds a fragment of IPv4.
func (s *Store) give(id uint32, f Fragment, now int64) Result {
	f.Limit = maxLength
	return s.Add(Key{ID: id}, f, now)
}

// checkStore counts the store's chunks and datagrams anew.
func checkStore(t *testing.T, s *Store) {
	t.Helper()
	chunks, kept, held := 0, 0, 0
	for c := s.free; c != nil; c = c.next {
		chunks++
	}
	for key, g := range s.held {
		if g.key != key || g.inUse {
			t.Fatalf("%+v is held as %+v", g.key, key)
		}
		for _, c := range g.chunks {
			if c != nil {
				chunks++
			}
		}
		if !g.complete {
			kept += g.kept
			if !key.rival {
				held++
			}
		}
	}
	if chunks != s.chunks || chunks > maxChunks || kept != s.stats.HeldBytes || held != s.stats.Held || len(s.held) > maxDatagrams {
		t.Fatalf("%d of %d chunks, %d bytes, %d datagrams; %+v", chunks, s.chunks, kept, held, s.stats)
	}
}

// The memory behind the store: chunks are made once and used again.
func TestStoreMakesNoMoreChunksThanAllowed(t *testing.T) {
	var s Store
	data := make([]byte, 60000)
	for i := range 10000 {
		s.give(uint32(i), Fragment{From: 8, To: 8 + len(data), Data: data}, int64(i))
		if s.chunks > maxChunks || len(s.held) > maxDatagrams {
			t.Fatalf("%d chunks, %d datagrams", s.chunks, len(s.held))
		}
	}
	if s.chunks != maxChunks {
		t.Errorf("%d chunks made: the flood did not reach the bound", s.chunks)
	}
	checkStore(t, &s)
	for s.waiting.oldest != nil {
		s.drop(s.waiting.oldest)
	}
	checkStore(t, &s)
	if len(s.held) != 0 || s.stats.Held != 0 || s.stats.HeldBytes != 0 || s.incomplete != 0 || s.stats.Incomplete != 10000 {
		t.Errorf("%d datagrams, %d open, %+v", len(s.held), s.incomplete, s.stats)
	}
}

// A datagram is not evicted for its own fragment, even if it is the oldest.
func TestStoreKeepsTheDatagramAtHand(t *testing.T) {
	var s Store
	large := make([]byte, 60000)
	s.give(0, Fragment{From: 8, To: 16, Data: large[:8]}, 0)
	for i := 1; s.chunks <= maxChunks-len(large)/chunkSize-2; i++ {
		s.give(uint32(i), Fragment{From: 8, To: 8 + len(large), Data: large}, 0)
	}
	s.give(0, Fragment{From: 16, To: 60016, Data: large}, 0)
	r := s.give(0, Fragment{From: 60016, To: 60024, Last: true, Data: large[:8]}, 0)
	if r.State != Waiting {
		t.Fatalf("state %d", r.State)
	}
	r = s.give(0, Fragment{From: 0, To: 8, Data: large[:8]}, 0)
	if r.State != Complete || len(r.Data) != 60024 {
		t.Errorf("state %d, %d bytes", r.State, len(r.Data))
	}
	checkStore(t, &s)
}

// Complete datagrams are evicted before incomplete ones.
func TestStoreForgetsTheCompleteFirst(t *testing.T) {
	var s Store
	data := make([]byte, 8)
	for i := range 10 * maxDatagrams {
		s.give(0, Fragment{From: 8, To: 16, Data: data}, 0)
		id := uint32(i + 1)
		s.give(id, Fragment{From: 0, To: 8, Data: data}, 0)
		s.give(id, Fragment{From: 8, To: 16, Last: true, Data: data}, 0)
	}
	if s.stats.Dropped != 0 || s.stats.Held != 1 || len(s.held) > maxDatagrams {
		t.Errorf("%d datagrams, %+v", len(s.held), s.stats)
	}
	checkStore(t, &s)
}

// A complete datagram is copied once for a fragment beyond its end, not for each
// of those that an attacker sends.
func TestStoreResumesOnce(t *testing.T) {
	var s Store
	data := make([]byte, 60000)
	s.give(0, Fragment{From: 0, To: 40000, Data: data[:40000]}, 0)
	for i, want := range []int{40000 + 8, 8, 8} {
		s.give(0, Fragment{From: 40000, To: 40008, Last: true, Data: data[:8]}, 0)
		s.give(0, Fragment{From: 50000, To: 50008, Data: data[:8]}, 0)
		if got := s.held[Key{}].blocks * blockSize; got != want {
			t.Errorf("round %d: %d bytes, want %d", i, got, want)
		}
		s.give(0, Fragment{From: 40000, To: 50000, Data: data[:10000]}, 0)
		r := s.give(0, Fragment{From: 50008, To: 50016, Last: true, Data: data[:8]}, 0)
		if (r.State == Complete) != (i == 0) {
			t.Errorf("round %d: state %d", i, r.State)
		}
	}
	checkStore(t, &s)
}

// Any fragments of a few datagrams, with ends that contradict each other, in little memory.
func FuzzStore(f *testing.F) {
	f.Add([]byte{0, 0, 0, 3, 0, 3, 1, 5, 1, 0, 0, 1, 0, 8, 2, 200})
	f.Add([]byte{0, 2, 1, 2, 0, 0, 0, 2, 0, 2, 0, 2, 0, 4, 1, 1, 0, 1, 1, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		s := Store{chunks: maxChunks}
		for range 70 { // two datagrams of the longest size and their rivals do not fit
			s.free = &chunk{next: s.free}
		}
		s.chunks = 70
		data := make([]byte, 65536)
		for i := range data {
			data[i] = byte(i >> 3)
		}
		limit := s.chunks
		now := int64(1e18)
		for ; len(script) >= 4; script = script[4:] {
			id, from, kind, size := uint32(script[0]&3), int(script[1])*256, script[2], int(script[3])
			piece := Fragment{From: from, To: min(from+8+size*64, maxLength&^7), Last: kind&1 != 0, Protocol: script[0]}
			if kind&2 != 0 {
				piece.To = min(piece.To, from+8)
			}
			if kind&4 != 0 && piece.Last {
				piece.To -= 3
			}
			piece.Data = data[piece.From:piece.To]
			if kind&8 != 0 {
				piece.Data = piece.Data[:len(piece.Data)/2]
			}
			if kind&16 != 0 {
				piece.Data = data[:len(piece.Data)]
			}
			now += int64(kind>>5) * 100e6
			s.chunks = maxChunks // so that none are made
			r := s.give(id, piece, now)
			s.chunks = limit
			if r.State == Complete && (len(r.Data) == 0 && r.Cut == 0 || r.Cut < 0 || len(r.Data)+r.Cut > maxLength) {
				t.Errorf("%d bytes and %d cut", len(r.Data), r.Cut)
			}
			checkStore(t, &s)
		}
	})
}

// All fragments of a datagram have its number, also those that it refuses, and no other
// datagram's have it.
func TestDatagramsAreNumbered(t *testing.T) {
	var s Store
	data := make([]byte, 16)
	part := func(from int, last bool) Fragment {
		return Fragment{From: from, To: from + len(data), Data: data, Last: last}
	}
	first, other := s.give(1, part(0, false), 1), s.give(2, part(0, false), 2)
	forged := s.give(1, Fragment{From: 4096, To: 4104, Data: data[:8], Last: true}, 3)
	end := s.give(1, part(16, true), 4)
	if first.Datagram == 0 || other.Datagram == 0 || other.Datagram == first.Datagram || forged.Datagram != first.Datagram ||
		end.Datagram != first.Datagram || end.State != Complete {
		t.Errorf("%+v %+v %+v %+v", first, other, forged, end)
	}
	if r := s.give(2, part(16, true), 5); r.State != Complete || r.Datagram != other.Datagram {
		t.Errorf("%+v", r)
	}
	if again := s.give(2, part(16, true), 6); again.Datagram != 0 {
		t.Errorf("a copy behind the end: %+v", again)
	}
	s.Clear()
	if next := s.give(1, part(0, false), 7); next.Datagram <= other.Datagram {
		t.Errorf("after Clear: %+v", next)
	}
}
