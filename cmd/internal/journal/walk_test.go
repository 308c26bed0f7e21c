package journal

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// walk is a journal with readers, to which anything happens in any order.
type walk struct {
	t       *testing.T
	random  *rand.Rand
	options Options
	w       *Writer
	next    int // number of the next event
	readers [3]*Reader
	cursors [3]*Cursor
	lost    [3]uint64
	got     [3]int
}

// begin opens the writer.
func (k *walk) begin() {
	k.t.Helper()
	k.w = create(k.t, k.options)
	if int(k.w.Next()) != k.next {
		k.t.Fatalf("goes on with %d, want %d", k.w.Next(), k.next)
	}
}

// crash ends the writer without Close. Its last write may be cut short; Append has not
// returned then.
func (k *walk) crash() {
	k.t.Helper()
	close(k.w.stop)
	<-k.w.stopped
	if err := k.w.release(); err != nil {
		k.t.Fatal(err)
	}
	paths := segmentFiles(k.t, k.options.Folder)
	file, err := os.OpenFile(paths[len(paths)-1], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		k.t.Fatal(err)
	}
	line := appendLine(nil, []byte(eventOf(k.next, "")), uint64(k.next))
	_, err = file.Write(line[:k.random.IntN(len(line))])
	if err := errors.Join(err, file.Close()); err != nil {
		k.t.Fatal(err)
	}
}

// restart makes a reader go on at its cursor in another process.
func (k *walk) restart(i int) {
	k.t.Helper()
	if k.cursors[i] != nil {
		if err := k.cursors[i].Close(); err != nil {
			k.t.Fatal(err)
		}
	}
	var err error
	if k.cursors[i], err = OpenCursor(Cursors(k.options.Folder), fmt.Sprint(i)); err != nil {
		k.t.Fatal(err)
	}
	k.readers[i] = openReader(k.t, k.options.Folder)
	if err := k.cursors[i].Resume(k.readers[i]); err != nil {
		k.t.Fatal(err)
	}
}

// read reads up to n events, and sets the cursor behind them.
func (k *walk) read(i, n int) {
	k.t.Helper()
	r := k.readers[i]
	for range n {
		due := r.Position().Event
		line, after, err := r.Next()
		var loss *Loss
		switch {
		case errors.As(err, &loss):
			k.lost[i] += loss.Events
			if after.Event != due+loss.Events || loss.Bytes > 0 {
				k.t.Fatalf("reader %d, event %d: %v, then %+v", i, due, err, after)
			}
		case errors.Is(err, io.EOF):
			if int(due) != k.next {
				k.t.Fatalf("reader %d ends with event %d, want %d", i, due, k.next)
			}
			return
		case err != nil || string(line) != eventOf(int(due), padded(due)):
			k.t.Fatalf("reader %d: event %d is %.80s, %v", i, due, line, err)
		default:
			k.got[i]++
		}
		if err := k.cursors[i].Set(after); err != nil {
			k.t.Fatal(err)
		}
	}
}

// padded is of many lengths.
func padded(n uint64) string { return paddings[:n*7919%(20<<10)] }

// append appends events, of which there may be too many.
func (k *walk) append() {
	k.t.Helper()
	var batch []byte
	n := k.random.IntN(6)
	for i := range n {
		batch = append(batch, eventOf(k.next+i, padded(uint64(k.next+i)))+"\n"...)
	}
	switch err := k.w.Append(batch, n); {
	case err == nil:
		k.next += n
	case !errors.Is(err, ErrFull) || !k.options.Wait:
		k.t.Fatal(err)
	}
}

// memoryFolder is a folder without a disk, where there is one: a walk would spend its time
// writing to the disk.
func memoryFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "journal")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// Appending, ends of segments, crashes, readers that are fast, slow and started anew, in
// any order: each reader gets each event once, or knows how many were removed before.
func TestRandomWalks(t *testing.T) {
	walks := 24
	if testing.Short() {
		walks = 3
	}
	for seed := range uint64(walks) {
		folder := filepath.Join(memoryFolder(t), "journal")
		random := rand.New(rand.NewPCG(seed, 10))
		k := &walk{t: t, random: random, options: Options{
			Folder: folder, Size: MinSize, Wait: seed%2 == 0, Consume: seed%4 < 2, SyncEvery: 50 * time.Millisecond, Note: func(string) {},
		}}
		k.begin()
		for i := range k.readers {
			k.restart(i)
		}
		for range 1500 {
			i := random.IntN(len(k.readers))
			switch random.IntN(50) {
			case 0:
				closeWriter(t, k.w)
				k.begin()
			case 1:
				k.crash()
				k.begin()
			case 2:
				k.restart(i)
			case 3, 4, 5, 6, 7, 8, 9, 10, 11, 12:
				k.read(i, random.IntN(20))
			default:
				k.append()
			}
		}
		lost := uint64(0)
		for i := range k.readers {
			k.read(i, 2*k.next)
			if k.got[i]+int(k.lost[i]) != k.next || k.options.Wait && k.lost[i] > 0 {
				t.Errorf("walk %d: reader %d has %d events, and counts %d as lost, of %d", seed, i, k.got[i], k.lost[i], k.next)
			}
			lost += k.lost[i]
		}
		if !k.options.Wait && lost == 0 || k.next < 500 {
			t.Errorf("walk %d: %d events, %d lost: it is too easy", seed, k.next, lost)
		}
		closeWriter(t, k.w)
	}
}
