package keep

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"tlsfloor/capture"
)

// contents are the frames of a list, as text.
func contents(s *store, l *list) (all []string) {
	s.each(l, func(f *capture.Frame, source uint16) {
		all = append(all, fmt.Sprintf("%d %d %d %x", f.Time, f.Length, source, f.Data))
	})
	return all
}

// Property: whatever is put, joined and released, each list has the frames that a list of
// copies has, and no block is lost or in two lists.
func TestStoreAgainstCopies(t *testing.T) {
	for seed := range int64(5) {
		r := rand.New(rand.NewSource(seed))
		s := newStore(64 << 10)
		lists, copies := make([]list, 6), make([][]string, 6)
		for range 1500 {
			i, j := r.Intn(len(lists)), r.Intn(len(lists))
			switch r.Intn(8) {
			case 0:
				s.release(&lists[i])
				copies[i] = nil
			case 1:
				if i != j {
					s.join(&lists[i], &lists[j])
					copies[i], copies[j] = append(copies[i], copies[j]...), nil
				}
			default:
				f := capture.Frame{Time: r.Int63(), Length: r.Intn(1 << 20), Data: bytes.Repeat([]byte{byte(r.Int())}, r.Intn(700))}
				if source := uint16(r.Intn(9)); s.put(&lists[i], &f, source) {
					copies[i] = append(copies[i], fmt.Sprintf("%d %d %d %x", f.Time, f.Length, source, f.Data))
				} else if s.room(&lists[i]) >= headerSize+len(f.Data) {
					t.Fatal("there was room")
				}
			}
			used := int32(0)
			for n := range lists {
				if got := contents(&s, &lists[n]); fmt.Sprint(got) != fmt.Sprint(copies[n]) {
					t.Fatalf("seed %d, list %d:\n%v\nwant\n%v", seed, n, got, copies[n])
				}
				used += lists[n].blocks
			}
			if used != s.inUse || s.made > s.most {
				t.Fatalf("%d blocks in lists, %d of %d in use", used, s.inUse, s.most)
			}
		}
		for n := range lists {
			s.release(&lists[n])
		}
		free := 0
		for b := s.free; b != 0; b = s.next[b] {
			free++
		}
		if free != int(s.made) || s.made < s.most/2 {
			t.Fatalf("seed %d: %d free of %d", seed, free, s.made)
		}
	}
}

// A frame longer than all that is free changes nothing.
func TestStoreIsBounded(t *testing.T) {
	s := newStore(10 * 262)
	var l, other list
	if s.most != 10 || !s.put(&l, &capture.Frame{Data: make([]byte, 10*blockSize-headerSize)}, 0) {
		t.Fatalf("%d blocks", s.most)
	}
	if s.put(&l, &capture.Frame{}, 0) || s.put(&other, &capture.Frame{}, 0) || other != (list{}) || l.frames != 1 {
		t.Errorf("%+v %+v", l, other)
	}
}
