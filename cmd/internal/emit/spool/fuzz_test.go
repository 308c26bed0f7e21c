package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpen opens a spool with any segment and position: reading it ends, and new items can
// be added.
func FuzzOpen(f *testing.F) {
	whole := AppendItem(AppendItem([]byte(magic), []byte("one")), []byte("two"))
	var slots []byte
	slots = append(slots, make([]byte, 2*slotSize)...)
	f.Add(whole, slots)
	f.Add(whole[:len(whole)-1], []byte{})
	f.Add([]byte(magic), slots[:slotSize])
	f.Add([]byte(magic+"\xff\xff\xff\xff\x00\x00\x00\x00"), slots)
	f.Add([]byte(magic+"\x00\x00\x00\x00\x00\x00\x00\x00"), slots)
	f.Add([]byte("not a segment"), []byte("not a position"))
	f.Fuzz(func(t *testing.T, segment, slots []byte) {
		folder := t.TempDir()
		write(t, segmentPath(folder, 1), segment)
		write(t, filepath.Join(folder, "position"), slots)
		s, err := Open(folder, MinSize)
		if err != nil {
			t.Fatal(err)
		}
		drain(t, s)
		put(t, s, 0, 3)
		take(t, s, 0, 3)
		closeSpool(t, s)
	})
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// drain commits all items, as many as the spool counts.
func drain(t *testing.T, s *Spool) {
	t.Helper()
	for n := s.Len(); n > 0; {
		items, err := s.Read(1)
		if err != nil || len(items) == 0 {
			t.Fatalf("%d of the items are not there: %v", n, err)
		}
		n -= len(items)
		if err := s.Commit(len(items)); err != nil || s.Len() != n {
			t.Fatalf("%d items are left, want %d: %v", s.Len(), n, err)
		}
	}
	if items, err := s.Read(1); len(items) > 0 || errors.Is(err, errDamaged) {
		t.Fatalf("%q, %v behind the last item", items, err)
	}
}

// FuzzReader reads any bytes: the items, encoded again, are a prefix of them.
func FuzzReader(f *testing.F) {
	whole := AppendItem(AppendItem(nil, []byte("one")), []byte("two"))
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Add(append(whole, "\x00\xff\x00\x00\x00\x00\x00\x00 and more"...))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := reader{file: bytes.NewReader(text), end: int64(len(text))}
		var again []byte
		for {
			item, err := r.next()
			if err != nil {
				break
			}
			again = AppendItem(again, item)
		}
		if !bytes.HasPrefix(text, again) || r.at != int64(len(again)) {
			t.Fatalf("%q is at %d, and reads as %q", text, r.at, again)
		}
	})
}

// FuzzItem checks that readItem reads what AppendItem writes, and that other bytes are an
// item only with a correct checksum.
func FuzzItem(f *testing.F) {
	f.Add([]byte("item"), []byte("\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte{}, []byte("\xff"))
	f.Fuzz(func(t *testing.T, item, rest []byte) {
		encoded := AppendItem(nil, item)
		got, size, ok := readItem(append(encoded, rest...))
		if !ok || size != len(encoded) || string(got) != string(item) {
			t.Fatalf("%q comes back as %q, %d, %v", item, got, size, ok)
		}
		if got, size, ok := readItem(rest); ok && (size > len(rest) || string(AppendItem(nil, got)) != string(rest[:size])) {
			t.Fatalf("%q read from %q", got, rest)
		}
	})
}
