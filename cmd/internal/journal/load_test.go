package journal

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Ten thousand events a second, with a reader beside. Writing to the disk does not hold
// up Append.
func TestLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	const rate, batch, seconds = 10_000, 50, 5
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder, Consume: true})
	lines := []byte(strings.Repeat(eventOf(1, realistic)+"\n", batch))
	done := make(chan time.Duration)
	go readBeside(t, folder, rate*seconds, done)
	took := make([]time.Duration, 0, rate*seconds/batch)
	begun := time.Now()
	for i := range rate * seconds / batch {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * batch * time.Second / rate)))
		before := time.Now()
		if err := w.Append(lines, batch); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(before))
	}
	written := time.Since(begun)
	lag := <-done
	closeWriter(t, w)
	slices.Sort(took)
	t.Logf("%d events in %v, %d at once: Append takes %v, %v in 99 of 100 cases, %v at most; the reader is %v behind at the end",
		rate*seconds, written.Round(time.Millisecond), batch, took[len(took)/2], took[len(took)*99/100], took[len(took)-1], lag)
	if written > 2*seconds*time.Second || lag > 2*time.Second {
		t.Error("it does not keep up")
	}
	if size := folderSize(t, folder); size > 64<<20 {
		t.Errorf("%d bytes are left", size)
	}
}

// readBeside reads n events, and sends how long that takes from the first time on that it
// finds nothing more, or 0.
func readBeside(t *testing.T, folder string, n int, done chan time.Duration) {
	c, err := OpenCursor(Cursors(folder), "reader")
	if err != nil {
		t.Error(err)
		done <- 0
		return
	}
	r, err := OpenReader(folder)
	if err = errors.Join(err, c.Resume(r)); err != nil {
		t.Error(err)
	}
	var caughtUp time.Time
	for n > 0 {
		_, after, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			caughtUp = time.Now()
			if err := c.Set(after); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		case err != nil:
			t.Error(err)
			n = 0
		default:
			n--
		}
	}
	done <- time.Since(caughtUp)
	if err := errors.Join(c.Set(r.Position()), c.Close(), r.Close()); err != nil {
		t.Error(err)
	}
}
