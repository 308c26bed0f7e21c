package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// eventOf is an event with this number.
func eventOf(n int, padding string) string {
	return fmt.Sprintf(`{"schema":"tlsfloor/1","n":%d,"padding":"%s"}`, n, padding)
}

// paddings are of many lengths, so that a kill cuts writes between two pages.
var paddings = strings.Repeat("x", 40<<10)

func paddingOf(n int) string { return paddings[:n*7919%len(paddings)] }

func create(t testing.TB, o Options) *Writer {
	t.Helper()
	if o.Note == nil {
		o.Note = func(text string) { t.Log(text) }
	}
	w, err := Create(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func closeWriter(t testing.TB, w *Writer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// put appends the events from up to before to, each by itself.
func put(t testing.TB, w *Writer, from, to int, padding string) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := w.Append([]byte(eventOf(i, padding)+"\n"), 1); err != nil {
			t.Fatal(err)
		}
	}
}

func openReader(t testing.TB, folder string) *Reader {
	t.Helper()
	r, err := OpenReader(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// take reads the events from up to before to.
func take(t testing.TB, r *Reader, from, to int, padding string) {
	t.Helper()
	for i := from; i < to; i++ {
		line, after, err := r.Next()
		if err != nil || string(line) != eventOf(i, padding) || after.Event != uint64(i+1) {
			t.Fatalf("event %d is %.80s, %+v, %v", i, line, after, err)
		}
	}
}

func wantEnd(t testing.TB, r *Reader) {
	t.Helper()
	if line, _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("%.80s, %v behind the last event", line, err)
	}
}

func TestAppendAndNext(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	padding := strings.Repeat("x", 3000)
	w := create(t, Options{Folder: folder, Size: 2 << 20})
	r := openReader(t, folder)
	wantEnd(t, r)
	put(t, w, 0, 100, padding)
	take(t, r, 0, 100, padding)
	wantEnd(t, r)
	put(t, w, 100, 150, padding)
	take(t, r, 100, 150, padding)
	if err := w.Append([]byte(eventOf(150, padding)+"\n"+eventOf(151, padding)+"\n"), 2); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	w = create(t, Options{Folder: folder, Size: 2 << 20})
	put(t, w, 152, 200, padding)
	take(t, r, 150, 200, padding)
	at := r.Position()
	again := openReader(t, folder)
	take(t, again, 0, 200, padding)
	if err := again.Seek(at); err != nil {
		t.Fatal(err)
	}
	wantEnd(t, again)
	put(t, w, 200, 201, padding)
	take(t, again, 200, 201, padding)
	closeWriter(t, w)
	if names, err := os.ReadDir(folder); err != nil || len(names) < 5 {
		t.Errorf("%v, %v: hardly any segments", names, err)
	}
}

func TestCursor(t *testing.T) {
	folder := t.TempDir()
	c, err := OpenCursor(folder, "syslog")
	if err != nil || c.Position() != (Position{}) {
		t.Fatal(err)
	}
	if _, err := OpenCursor(folder, "syslog"); !errors.Is(err, ErrInUse) {
		t.Errorf("a second reader gets %v", err)
	}
	at := Position{7, 5, 4711}
	if err := errors.Join(c.Set(Position{1, 2, 3}), c.Set(at), c.Close()); err != nil {
		t.Fatal(err)
	}
	if c, err = OpenCursor(folder, "syslog"); err != nil || c.Position() != at {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// A new cursor on an old journal begins with what there is, and nothing counts as lost.
// One that has not moved since counts what is removed.
func TestResume(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder, Size: MinSize})
	defer closeWriter(t, w)
	resume := func(name string) *Reader {
		t.Helper()
		c, err := OpenCursor(Cursors(folder), name)
		if err != nil {
			t.Fatal(err)
		}
		r := openReader(t, folder)
		if err := errors.Join(c.Resume(r), c.Close()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	resume("first") // and is killed
	put(t, w, 0, 100, long)
	for name, lossless := range map[string]bool{"first": false, "second": true} {
		s := readAll(t, resume(name).Next, long)
		if len(s.events) < 30 || s.lost > 0 == lossless || !lossless && s.lost != uint64(100-len(s.events)) {
			t.Errorf("%s: %d events, %d lost", name, len(s.events), s.lost)
		}
	}
}

// The journal is removed and begun anew, with a reader and a cursor that are elsewhere:
// its events have low indices, and are read.
func TestBegunAnew(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder, Size: MinSize})
	put(t, w, 0, 30, long)
	closeWriter(t, w)
	stays := openReader(t, folder)
	take(t, stays, 0, 30, long)
	wantEnd(t, stays)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if _, _, err := stays.Next(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v without a folder", err)
	}
	w = create(t, Options{Folder: folder})
	put(t, w, 0, 5, "")
	again := openReader(t, folder)
	if err := again.Seek(stays.Position()); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*Reader{"stays": stays, "again": again} {
		s := readAll(t, r.Next, "")
		if len(s.events) != 5 || s.lost > 0 || len(s.losses) != 1 || s.losses[0].Why != whyAnew {
			t.Errorf("%s: %v, %d lost: %v", name, s.events, s.lost, s.losses)
		}
	}
	closeWriter(t, w)
}
