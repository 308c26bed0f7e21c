package decode

import "testing"

// give adds a fragment as the Decoder does.
func (s *fragmentStore) give(id uint32, f fragment, now int64) (reassembled, answer) {
	s.clock.see(now)
	return s.add(fragmentKey{id: id}, f, now)
}

// checkStore counts the store's chunks and datagrams anew.
func checkStore(t *testing.T, s *fragmentStore) {
	t.Helper()
	chunks, kept, held := 0, 0, 0
	for c := s.free; c != nil; c = c.next {
		chunks++
	}
	for key, g := range s.held {
		if g.key != key || g.busy {
			t.Fatalf("%+v is held as %+v", g.key, key)
		}
		for _, c := range g.chunks {
			if c != nil {
				chunks++
			}
		}
		if !g.finished {
			kept += g.kept
			if !key.rival {
				held++
			}
		}
	}
	if chunks != s.chunks || chunks > maxChunks || kept != s.stats.HeldBytes || held != s.stats.Held || len(s.held) > maxDatagrams {
		t.Fatalf("%d of %d chunks, %d bytes, %d datagrams; %+v", chunks, s.chunks, kept, held, *s.stats)
	}
}

// The memory behind the store: chunks are made once and used again.
func TestStoreMakesNoMoreChunksThanAllowed(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	data := make([]byte, 60000)
	for i := range 10000 {
		s.give(uint32(i), fragment{from: 8, to: 8 + len(data), data: data}, int64(i))
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
	if len(s.held) != 0 || stats.Held != 0 || stats.HeldBytes != 0 || s.open != 0 || stats.Incomplete != 10000 {
		t.Errorf("%d datagrams, %d open, %+v", len(s.held), s.open, stats)
	}
}

// A datagram does not push itself out, even as the oldest.
func TestStoreKeepsTheDatagramAtHand(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	large := make([]byte, 60000)
	s.give(0, fragment{from: 8, to: 16, data: large[:8]}, 0)
	for i := 1; s.chunks <= maxChunks-len(large)/chunkSize-2; i++ {
		s.give(uint32(i), fragment{from: 8, to: 8 + len(large), data: large}, 0)
	}
	s.give(0, fragment{from: 16, to: 60016, data: large}, 0)
	whole, answer := s.give(0, fragment{from: 60016, to: 60024, last: true, data: large[:8]}, 0)
	if answer != waiting {
		t.Fatalf("answer %d", answer)
	}
	whole, answer = s.give(0, fragment{from: 0, to: 8, data: large[:8]}, 0)
	if answer != complete || len(whole.data) != 60024 {
		t.Errorf("answer %d, %d bytes", answer, len(whole.data))
	}
	checkStore(t, &s)
}

// Finished datagrams make way before incomplete ones do.
func TestStoreForgetsTheFinishedFirst(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	data := make([]byte, 8)
	for i := range 10 * maxDatagrams {
		s.give(0, fragment{from: 8, to: 16, data: data}, 0)
		id := uint32(i + 1)
		s.give(id, fragment{from: 0, to: 8, data: data}, 0)
		s.give(id, fragment{from: 8, to: 16, last: true, data: data}, 0)
	}
	if stats.Dropped != 0 || stats.Held != 1 || len(s.held) > maxDatagrams {
		t.Errorf("%d datagrams, %+v", len(s.held), stats)
	}
	checkStore(t, &s)
}

// A finished datagram is copied once for a fragment beyond its end, not for each
// of those that an attacker sends.
func TestStoreResumesOnce(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	data := make([]byte, 60000)
	s.give(0, fragment{from: 0, to: 40000, data: data[:40000]}, 0)
	for i, want := range []int{40000 + 8, 8, 8} {
		s.give(0, fragment{from: 40000, to: 40008, last: true, data: data[:8]}, 0)
		s.give(0, fragment{from: 50000, to: 50008, data: data[:8]}, 0)
		if got := s.held[fragmentKey{}].blocks * blockSize; got != want {
			t.Errorf("round %d: %d bytes, want %d", i, got, want)
		}
		s.give(0, fragment{from: 40000, to: 50000, data: data[:10000]}, 0)
		_, a := s.give(0, fragment{from: 50008, to: 50016, last: true, data: data[:8]}, 0)
		if (a == complete) != (i == 0) {
			t.Errorf("round %d: answer %d", i, a)
		}
	}
	checkStore(t, &s)
}

// Any fragments whatever, of few datagrams so that they meet, in little room and
// with ends that contradict each other.
func FuzzStore(f *testing.F) {
	f.Add([]byte{0, 0, 0, 3, 0, 3, 1, 5, 1, 0, 0, 1, 0, 8, 2, 200})
	f.Add([]byte{0, 2, 1, 2, 0, 0, 0, 2, 0, 2, 0, 2, 0, 4, 1, 1, 0, 1, 1, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		var stats FragmentStats
		s := fragmentStore{stats: &stats, chunks: maxChunks}
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
			piece := fragment{from: from, to: min(from+8+size*64, maxIPLength&^7), last: kind&1 != 0, protocol: script[0]}
			if kind&2 != 0 {
				piece.to = min(piece.to, from+8)
			}
			if kind&4 != 0 && piece.last {
				piece.to -= 3
			}
			piece.data = data[piece.from:piece.to]
			if kind&8 != 0 {
				piece.data = piece.data[:len(piece.data)/2]
			}
			if kind&16 != 0 {
				piece.data = data[:len(piece.data)]
			}
			now += int64(kind>>5) * 100e6
			s.chunks = maxChunks // so that none are made
			whole, a := s.give(id, piece, now)
			s.chunks = limit
			if a == complete && (len(whole.data) == 0 && whole.cut == 0 || whole.cut < 0 || len(whole.data)+whole.cut > maxIPLength) {
				t.Errorf("%d bytes and %d cut", len(whole.data), whole.cut)
			}
			checkStore(t, &s)
		}
	})
}
