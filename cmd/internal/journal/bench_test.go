package journal

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// realistic is the size of most events.
var realistic = strings.Repeat("x", 1200)

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 32} {
		b.Run(map[int]string{1: "one", 32: "batch"}[batch], func(b *testing.B) {
			w := create(b, Options{Folder: filepath.Join(b.TempDir(), "journal")})
			lines := []byte(strings.Repeat(eventOf(1, realistic)+"\n", batch))
			b.SetBytes(int64(len(lines) / batch))
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += batch {
				if err := w.Append(lines, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			closeWriter(b, w)
		})
	}
}

func BenchmarkNext(b *testing.B) {
	folder := filepath.Join(b.TempDir(), "journal")
	w := create(b, Options{Folder: folder})
	const events = 50_000
	for range events / 50 {
		if err := w.Append([]byte(strings.Repeat(eventOf(1, realistic)+"\n", 50)), 50); err != nil {
			b.Fatal(err)
		}
	}
	closeWriter(b, w)
	r := openReader(b, folder)
	b.SetBytes(int64(len(realistic)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			err = r.Seek(Position{})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// A file without checks: each line is checked to be JSON.
func BenchmarkFollow(b *testing.B) {
	path := filepath.Join(b.TempDir(), "events")
	write(b, path, []byte(strings.Repeat(eventOf(1, realistic)+"\n", 20_000)))
	f, err := OpenFile(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.SetBytes(int64(len(realistic)))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_, _, err := f.Next()
		if errors.Is(err, io.EOF) {
			err = f.Seek(Position{})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// Next and Append allocate nothing for an event.
func TestNothingIsAllocated(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	line := []byte(eventOf(1, realistic) + "\n")
	put(t, w, 0, 1, realistic)
	if n := testing.AllocsPerRun(1000, func() {
		if err := w.Append(line, 1); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("Append allocates %v times", n)
	}
	r := openReader(t, folder)
	if n := testing.AllocsPerRun(900, func() {
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}); n > 0.1 { // a buffer, once
		t.Errorf("Next allocates %v times", n)
	}
	closeWriter(t, w)
}
