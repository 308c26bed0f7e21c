package journal

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A power failure leaves anything behind the last synced line. The writer repairs it, and
// uses no index twice.
func TestRepair(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(text []byte) []byte
		whole int    // events that are left
		next  uint64 // index of the next one
	}{
		{"nothing", func(text []byte) []byte { return text }, 10, 10},
		{"half a line", func(text []byte) []byte { return text[:len(text)-20] }, 9, 9},
		{"no newline", func(text []byte) []byte { return text[:len(text)-1] }, 9, 9},
		{"zeros behind", func(text []byte) []byte { return append(text, make([]byte, 5000)...) }, 10, 10},
		{"zeros in place", func(text []byte) []byte {
			return append(text[:len(text)-200], make([]byte, 200)...)
		}, 7, 7},
		{"a flipped last line", func(text []byte) []byte { text[len(text)-40] ^= 4; return text }, 9, 10},
		{"all gone", func([]byte) []byte { return nil }, 0, 0},
		{"no line at all", func([]byte) []byte { return []byte("no line at all") }, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "journal")
			w := create(t, Options{Folder: folder})
			put(t, w, 0, 10, "")
			closeWriter(t, w)
			path := segmentFiles(t, folder)[0]
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, test.spoil(text))
			w = create(t, Options{Folder: folder})
			defer closeWriter(t, w)
			if w.Next() != test.next {
				t.Errorf("goes on with %d, want %d", w.Next(), test.next)
			}
			put(t, w, int(test.next), 20, "")
			s := readAll(t, openReader(t, folder).Next, "")
			if len(s.events) != test.whole+20-int(test.next) || s.lost != test.next-uint64(test.whole) {
				t.Errorf("%v, %d lost: %v", s.events, s.lost, s.losses)
			}
		})
	}
}

// A cursor is ahead of a journal that lost power: the indices that it has read are not
// used again.
func TestCursorAheadOfJournal(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 10, "")
	closeWriter(t, w)
	c, err := OpenCursor(Cursors(folder), "syslog")
	if err != nil {
		t.Fatal(err)
	}
	r := openReader(t, folder)
	take(t, r, 0, 10, "")
	if err := errors.Join(c.Set(r.Position()), c.Close()); err != nil {
		t.Fatal(err)
	}
	for _, left := range []int64{0, 1, 300} {
		path := segmentFiles(t, folder)[0]
		if err := os.Truncate(path, left); err != nil {
			t.Fatal(err)
		}
		w = create(t, Options{Folder: folder})
		if w.Next() < 10 {
			t.Errorf("goes on with %d", w.Next())
		}
		put(t, w, int(w.Next()), int(w.Next())+100, "")
		closeWriter(t, w)
		if err := r.Seek(c.Position()); err != nil {
			t.Fatal(err)
		}
		if s := readAll(t, r.Next, ""); len(s.events) < 100 || s.lost > 0 {
			t.Errorf("%d events, %d lost: %v", len(s.events), s.lost, s.losses)
		}
	}
}

// A writer that is started again and again makes a new segment each time, but not ever
// more: readers list the folder.
func TestManyStarts(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	for i := range 2 * manySegments {
		w := create(t, Options{Folder: folder})
		put(t, w, i, i+1, "")
		closeWriter(t, w)
	}
	if n := len(segmentFiles(t, folder)); n != manySegments {
		t.Errorf("%d segments", n)
	}
	take(t, openReader(t, folder), 0, 2*manySegments, "")
}

// A sector of the last segment cannot be read: the writer begins behind what it can read.
func TestExamineUnreadableSectors(t *testing.T) {
	folder := fill(t, 100, strings.Repeat("x", 200))
	path := segmentFiles(t, folder)[0]
	file, info, err := openRead(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size := info.Size()
	for bad, want := range map[int64]ending{
		1:             {size: size, next: 100},
		size / sector: {size: size / sector * sector, next: 100},
	} {
		e, err := examine(&badDisk{file, map[int64]bool{bad: true}, -1}, 0)
		if err != nil || e.size > want.size || e.size < want.size-300 || e.next > want.next || want.next-e.next > uint64(size%sector)/250+2 {
			t.Errorf("sector %d: %+v, %v", bad, e, err)
		}
	}
}

// Segments end by time only where that lets them be removed sooner.
func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for want, o := range map[time.Duration]Options{
		math.MaxInt64: {}, maxSpan: {Consume: true}, 2 * day: {Age: 32 * day}, time.Minute: {Age: 16 * time.Minute, Consume: true}, time.Second: {Age: time.Second},
	} {
		w := &Writer{options: o}
		if got := w.span(); got != want {
			t.Errorf("%+v: %v, want %v", o, got, want)
		}
	}
}
