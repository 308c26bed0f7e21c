package journal

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The machine loses power at random moments: what its disk has then, and no more, is
// mounted again. All is there that was written to the disk, what is there is whole, and
// no index is used twice that a cursor has seen.
func TestLossOfPower(t *testing.T) {
	disk := smallExt4(t)
	image := filepath.Join(filepath.Dir(disk), "image")
	w := create(t, Options{Folder: filepath.Join(disk, "journal"), Size: MinSize, SyncEvery: time.Hour})
	c, err := OpenCursor(Cursors(filepath.Join(disk, "journal")), "reader")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(11, 12))
	next, synced, seen, behind := 0, 0, uint64(0), 0
	for i := range 40 {
		n := random.IntN(60)
		put(t, w, next, next+n, strings.Repeat("x", 500))
		next += n
		if i%3 == 0 {
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
			synced = next
		}
		if i%5 == 0 { // a cursor that is ahead of the disk
			seen = uint64(next)
			if err := errors.Join(c.Set(Position{Event: seen}), c.file.Sync()); err != nil {
				t.Fatal(err)
			}
		}
		there := afterLossOfPower(t, image, synced, seen)
		if there < next {
			behind++
		}
	}
	if err := errors.Join(c.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("40 losses of power in %d events: in %d of them some were lost that were not written to the disk; none that was, and none was torn", next, behind)
	if behind < 10 {
		t.Error("it is too easy")
	}
}

// afterLossOfPower mounts a copy of a disk, and goes on with the journal there. It returns
// how many events it has.
func afterLossOfPower(t *testing.T, image string, synced int, seen uint64) (there int) {
	t.Helper()
	text, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	copied, mounted := image+".copy", filepath.Join(filepath.Dir(image), "copy")
	write(t, copied, text)
	if err := os.MkdirAll(mounted, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-o", "loop", copied, mounted).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	defer func() {
		if out, err := exec.Command("umount", mounted).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}()
	folder := filepath.Join(mounted, "journal")
	r := openReader(t, folder)
	defer r.Close()
	s := readAll(t, r.Next, strings.Repeat("x", 500))
	for i, n := range s.events[:min(len(s.events), synced)] {
		if n != i {
			t.Fatalf("event %d follows event %d", n, i-1)
		}
	}
	// A later segment may be there, and not all before it. That is known then.
	if there = len(s.events) + int(s.lost); len(s.events) < synced || !slices.IsSorted(s.events) || int(r.Position().Event) != there {
		t.Errorf("%d events are there, %d were written to the disk: %v", len(s.events), synced, s.losses)
	}
	w := create(t, Options{Folder: folder, Size: MinSize})
	defer closeWriter(t, w)
	if next := w.Next(); next != max(uint64(there), seen) {
		t.Errorf("goes on with %d behind event %d, and a reader is at %d", next, there, seen)
	}
	return there
}
