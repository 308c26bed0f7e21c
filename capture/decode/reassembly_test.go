package decode

import "testing"

// The memory behind the store: pieces are made once and used again.
func TestStoreMakesNoMorePiecesThanAllowed(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	data := make([]byte, 60000)
	for i := range 10000 {
		s.add(fragmentKey{id: uint32(i)}, fragment{from: 8, to: 8 + len(data), data: data}, int64(i))
		if s.pieces > maxPieces || len(s.held) > maxDatagrams {
			t.Fatalf("%d pieces, %d datagrams", s.pieces, len(s.held))
		}
	}
	if s.pieces != maxPieces {
		t.Errorf("%d pieces made: the flood did not reach the bound", s.pieces)
	}
	for s.waiting.oldest != nil {
		s.drop(s.waiting.oldest)
	}
	free := 0
	for p := s.free; p != nil; p = p.next {
		free++
	}
	if free != s.pieces || len(s.held) != 0 || stats.Held != 0 || stats.HeldBytes != 0 {
		t.Errorf("%d of %d pieces free, %d datagrams, %+v", free, s.pieces, len(s.held), stats)
	}
}

// A datagram does not push itself out, even as the oldest.
func TestStoreKeepsTheDatagramAtHand(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	large := make([]byte, 60000)
	s.add(fragmentKey{id: 0}, fragment{from: 8, to: 16, data: large[:8]}, 0)
	for i := 1; s.pieces <= maxPieces-len(large)/pieceSize-1; i++ {
		s.add(fragmentKey{id: uint32(i)}, fragment{from: 8, to: 8 + len(large), data: large}, 0)
	}
	s.add(fragmentKey{id: 0}, fragment{from: 16, to: 60016, data: large}, 0)
	whole, answer := s.add(fragmentKey{id: 0}, fragment{from: 60016, to: 60024, last: true, data: large[:8]}, 0)
	if answer != waiting {
		t.Fatalf("answer %d", answer)
	}
	whole, answer = s.add(fragmentKey{id: 0}, fragment{from: 0, to: 8, data: large[:8]}, 0)
	if answer != complete || len(whole.data) != 60024 {
		t.Errorf("answer %d, %d bytes", answer, len(whole.data))
	}
}

// Finished datagrams make way before incomplete ones do.
func TestStoreForgetsTheFinishedFirst(t *testing.T) {
	var stats FragmentStats
	s := fragmentStore{stats: &stats}
	data := make([]byte, 8)
	for i := range 10 * maxDatagrams {
		s.add(fragmentKey{id: 0}, fragment{from: 8, to: 16, data: data}, 0)
		id := uint32(i + 1)
		s.add(fragmentKey{id: id}, fragment{from: 0, to: 8, data: data}, 0)
		s.add(fragmentKey{id: id}, fragment{from: 8, to: 16, last: true, data: data}, 0)
	}
	if stats.Dropped != 0 || stats.Held != 1 || len(s.held) > maxDatagrams {
		t.Errorf("%d datagrams, %+v", len(s.held), stats)
	}
}
