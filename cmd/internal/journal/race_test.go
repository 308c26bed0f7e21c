package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// These tests let a writer do something at the worst moment: when a read of a reader is
// done, and its result not yet known to it.

// hooked calls after once, when a read has returned what.
type hooked struct {
	source
	what  func(n int, err error) bool
	after func()
}

func (h *hooked) ReadAt(p []byte, at int64) (int, error) {
	n, err := h.source.ReadAt(p, at)
	if h.after != nil && h.what(n, err) {
		after := h.after
		h.after = nil
		after()
	}
	return n, err
}

func foundEnd(n int, _ error) bool  { return n == 0 }
func foundPart(n int, _ error) bool { return n > 0 }

// The reader has found the end of a segment. Before it looks for the next one, the writer
// appends to this one and begins that.
func TestSegmentGrowsAndEnds(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 3, "")
	r := openReader(t, folder)
	take(t, r, 0, 3, "")
	r.scan.file = &hooked{r.scan.file, foundEnd, func() {
		put(t, w, 3, 4, "")
		w.mu.Lock()
		err := w.roll()
		w.mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		put(t, w, 4, 6, "")
	}}
	take(t, r, 3, 6, "")
	wantEnd(t, r)
	closeWriter(t, w)
}

// The same with a file that is renamed.
func TestFileGrowsAndIsRenamed(t *testing.T) {
	e := newEventFile(t)
	e.write(3)
	f := follow(t, e.path)
	wantEvents(t, f, 0, 3)
	f.scan.file = &hooked{f.scan.file, foundEnd, func() {
		e.rename(".1")
		e.write(1)
		e.reopen()
		e.write(2)
	}}
	wantEvents(t, f, 3, 6)
}

// The reader has read a part of a line that the writer takes back, since the disk is full.
// Another line is in its place then, and longer.
func TestPartIsTakenBack(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 3, "")
	r := openReader(t, folder)
	take(t, r, 0, 3, "")
	path := segmentFiles(t, folder)[0]
	line := appendLine(nil, []byte(`{"schema":"tlsfloor/1","other":"event"}`), 3)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = file.Write(line[:len(line)-5])
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	r.scan.file = &hooked{r.scan.file, foundPart, func() {
		w.mu.Lock()
		w.torn = true
		w.mu.Unlock()
		put(t, w, 3, 5, "and this is a longer one, of which the end is behind that of the other one")
	}}
	take(t, r, 3, 5, "and this is a longer one, of which the end is behind that of the other one")
	wantEnd(t, r)
	closeWriter(t, w)
}

// What a failed write has left is taken back by the next one, and never shows.
func TestTornWriteIsTakenBack(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 3, "")
	w.mu.Lock()
	_, err := w.file.WriteString(`{"schema":"tlsfloor/1","n":3,"pad`)
	w.torn = true
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	r := openReader(t, folder)
	take(t, r, 0, 3, "")
	wantEnd(t, r)
	put(t, w, 3, 6, "")
	take(t, r, 3, 6, "")
	closeWriter(t, w)
}

// A segment is not the one that was read, because bytes were put before its lines, or its
// newline at the position is damaged: what was read does not come again, and the rest
// comes once.
func TestMisfit(t *testing.T) {
	for name, change := range map[string]func(text []byte, offset int64) []byte{
		"shifted": func(text []byte, _ int64) []byte { return append([]byte("garbage\n"), text...) },
		"flipped": func(text []byte, offset int64) []byte { text[offset-1] ^= 1; return text },
	} {
		folder := fill(t, 20, "")
		r := openReader(t, folder)
		take(t, r, 0, 8, "")
		at := r.Position()
		path := segmentFiles(t, folder)[0]
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, change(text, at.Offset))
		if err := r.Seek(at); err != nil {
			t.Fatal(err)
		}
		s := readAll(t, r.Next, "")
		// A flipped newline makes one line of two, of which one was read before.
		due := 8
		if name == "flipped" {
			due = 9
		}
		if len(s.losses) == 0 || fmt.Sprint(s.events) != fmt.Sprint(numbers(due, 20)) || s.lost != uint64(due-8) {
			t.Errorf("%s: %v, %d lost: %v", name, s.events, s.lost, s.losses)
		}
	}
}

func numbers(from, to int) (all []int) {
	for ; from < to; from++ {
		all = append(all, from)
	}
	return all
}
