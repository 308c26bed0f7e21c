package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/testing/faketime"
	"tlsfloor/cmd/internal/testing/wait"
)

// long makes some 50 events fill a journal of MinSize.
var long = strings.Repeat("x", 20<<10)

func cursorAt(t *testing.T, folder, name string, at uint64) *Cursor {
	t.Helper()
	c, err := OpenCursor(Cursors(folder), name)
	if err == nil {
		err = c.Set(Position{Event: at, Segment: at})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// appended appends until there is no room, and returns how many events fit.
func appended(t *testing.T, w *Writer) (n int) {
	t.Helper()
	for ; n < 1000; n++ {
		next := int(w.Next())
		switch err := w.Append([]byte(eventOf(next, long)+"\n"), 1); {
		case errors.Is(err, ErrFull):
			return n
		case err != nil:
			t.Fatal(err)
		}
	}
	t.Fatal("it is never full")
	return n
}

func droppedBy(w *Writer) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// With Wait a segment is removed for room only when all cursors have passed it.
func TestWait(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder, Size: MinSize, Wait: true})
	defer closeWriter(t, w)
	n := appended(t, w)
	if n < 40 {
		t.Errorf("without a cursor it is full with %d events", n)
	}
	slow, fast := cursorAt(t, folder, "slow", 0), cursorAt(t, folder, "fast", uint64(n))
	if m := appended(t, w); m != 0 {
		t.Errorf("%d events go where others were not read", m)
	}
	if err := slow.Set(Position{Event: 20}); err != nil {
		t.Fatal(err)
	}
	m := appended(t, w)
	if m < 10 || m > 20 {
		t.Errorf("20 events were read, and %d fit", m)
	}
	if droppedBy(w) != 0 {
		t.Errorf("%d events were dropped", droppedBy(w))
	}
	take(t, openReader(t, folder), m, n+m, long) // as many as were appended were removed, in whole segments
	if err := errors.Join(slow.Set(Position{Event: w.Next()}), fast.Set(Position{Event: w.Next()})); err != nil {
		t.Fatal(err)
	}
	if m := appended(t, w); m < 40 {
		t.Errorf("all was read, and %d events fit", m)
	}
}

// Without Wait the oldest segment goes, and what no cursor has passed is counted.
func TestOldestGoes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	notes := 0
	w := create(t, Options{Folder: folder, Size: MinSize, Note: func(string) { notes++ }})
	put(t, w, 0, 10, long)
	cursorAt(t, folder, "reader", 30)
	put(t, w, 10, 100, long)
	if notes != 1 {
		t.Errorf("that events are removed is said %d times", notes)
	}
	defer func() {
		if notes != 2 {
			t.Errorf("how many events were removed is said %d times", notes-1)
		}
	}()
	r := openReader(t, folder)
	first := r.Position().Event
	if first < 45 || droppedBy(w) != first-30 {
		t.Errorf("begins with event %d, and %d were dropped", first, droppedBy(w))
	}
	take(t, r, int(first), 100, long)
	if err := r.Seek(Position{Event: 30, Segment: 27}); err != nil {
		t.Fatal(err)
	}
	if s := readAll(t, r.Next, long); s.lost != first-30 || len(s.events) != 100-int(first) {
		t.Errorf("%d events lost, want %d: %v", s.lost, first-30, s.losses)
	}
	if size := folderSize(t, folder); size > MinSize {
		t.Errorf("it has %d bytes", size)
	}
	closeWriter(t, w)
}

func folderSize(t *testing.T, folder string) (size int64) {
	t.Helper()
	for _, path := range segmentFiles(t, folder) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	return size
}

// With Consume what was read goes at once, and the index is kept.
func TestConsume(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	clock := faketime.New()
	w := create(t, Options{Folder: folder, Size: MinSize, Consume: true, Clock: clock, Readers: []string{"reader", "other"}})
	put(t, w, 0, 40, long)
	reader := cursorAt(t, folder, "reader", 40)
	cursorAt(t, folder, "forgotten", 1) // of an output that is no longer there
	clock.Advance(time.Second)
	wait.UntilBlocked(t, "journal.(*Writer).tend")
	if n := len(segmentFiles(t, folder)); n < 10 {
		t.Errorf("%d segments are left, although a reader has not begun", n)
	}
	other := cursorAt(t, folder, "other", 39)
	wait.Until(t, func() bool {
		clock.Advance(time.Second)
		return len(segmentFiles(t, folder)) == 1
	})
	take(t, openReader(t, folder), 39, 40, long)
	if err := errors.Join(reader.Set(Position{Event: 40}), other.Set(Position{Event: 40})); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	if size := folderSize(t, folder); size != 0 {
		t.Errorf("%d bytes are left of a journal that was read", size)
	}
	w = create(t, Options{Folder: folder, Size: MinSize, Consume: true})
	put(t, w, 40, 41, "")
	take(t, openReader(t, folder), 40, 41, "")
	closeWriter(t, w)
}

// Segments go when they are too old, in whole segments.
func TestAge(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	clock := faketime.New()
	w := create(t, Options{Folder: folder, Age: 16 * time.Minute, Clock: clock})
	defer closeWriter(t, w)
	for i := range 60 {
		put(t, w, i, i+1, "")
		clock.Advance(time.Minute)
		wait.UntilBlocked(t, "journal.(*Writer).tend")
		r := openReader(t, folder)
		oldest := int(r.Position().Event)
		if i-oldest > 18 || i > 20 && i-oldest < 14 {
			t.Fatalf("minute %d: the oldest event is of minute %d", i, oldest)
		}
	}
}

// The clock jumps into the future at the start of the machine, or while nothing runs:
// segments stay for an hour at least. If it was ahead before, they stay no longer than
// Age from now.
func TestAgeAndClockSteps(t *testing.T) {
	const day = 24 * time.Hour
	for _, test := range []struct {
		name  string
		step  time.Duration // between the runs
		stays time.Duration
	}{
		{"none", 0, 7 * day},
		{"a day passes", day, 6 * day},
		{"ahead by a year", 365 * day, time.Hour},
		{"back by a year", -365 * day, 7 * day},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := fill(t, 10, "")
			clock := faketime.New()
			for _, path := range segmentFiles(t, folder) {
				written := clock.Now().Add(-test.step)
				if err := os.Chtimes(path, written, written); err != nil {
					t.Fatal(err)
				}
			}
			w := create(t, Options{Folder: folder, Age: 7 * day, Clock: clock})
			put(t, w, 10, 11, "")
			clock.Advance(test.stays - time.Minute)
			wait.UntilBlocked(t, "journal.(*Writer).tend")
			if n := len(segmentFiles(t, folder)); n != 2 {
				t.Errorf("%d segments a minute before the old one has to go", n)
			}
			wait.Until(t, func() bool {
				clock.Advance(time.Minute)
				return len(segmentFiles(t, folder)) == 1
			})
			if at := openReader(t, folder).Position(); at.Event != 10 {
				t.Errorf("%+v", at)
			}
			closeWriter(t, w)
		})
	}
}

// Without a cursor nobody is known to read, and nothing that is removed was unread.
func TestNobodyReads(t *testing.T) {
	w := create(t, Options{Folder: filepath.Join(t.TempDir(), "journal"), Size: MinSize, Note: func(text string) { t.Error(text) }})
	put(t, w, 0, 100, long)
	if droppedBy(w) != 0 {
		t.Errorf("%d events were dropped", droppedBy(w))
	}
	closeWriter(t, w)
}

// A second writer is refused, and changes nothing.
func TestSecondWriter(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 3, "")
	if _, err := Create(Options{Folder: folder}); !errors.Is(err, ErrInUse) {
		t.Errorf("a second writer gets %v", err)
	}
	put(t, w, 3, 5, "")
	closeWriter(t, w)
	take(t, openReader(t, folder), 0, 5, "")
}

// What is no event, too long or miscounted is refused whole.
func TestRefusedLines(t *testing.T) {
	w := create(t, Options{Folder: filepath.Join(t.TempDir(), "journal"), Size: MinSize})
	defer closeWriter(t, w)
	good := eventOf(0, "") + "\n"
	for _, lines := range []string{"\n", "{}\n", "[1]\n", good + "text\n", good, good + eventOf(1, ""), good + good + good,
		eventOf(0, strings.Repeat("x", MinSize)) + "\n" + good} {
		if err := w.Append([]byte(lines), 2); err == nil {
			t.Errorf("%.80q is taken", lines)
		}
	}
	put(t, w, 0, 1, "")
	if w.Next() != 1 {
		t.Errorf("%d events", w.Next())
	}
}
