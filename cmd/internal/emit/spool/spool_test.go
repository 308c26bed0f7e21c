package spool

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T, folder string, size int64) *Spool {
	t.Helper()
	s, err := Open(folder, size)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeSpool(t *testing.T, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// put appends numbered items.
func put(t *testing.T, s *Spool, from, to int) {
	t.Helper()
	var items []byte
	for i := from; i < to; i++ {
		items = AppendItem(items, []byte("record "), fmt.Appendf(nil, "%d", i))
	}
	if err := s.Append(items, to-from); err != nil {
		t.Fatal(err)
	}
}

// take reads all items, commits them and compares their numbers.
func take(t *testing.T, s *Spool, from, to int) {
	t.Helper()
	for i := from; i < to; {
		items, err := s.Read(200)
		if err != nil || len(items) == 0 {
			t.Fatalf("%d items where number %d is due: %v", len(items), i, err)
		}
		items = items[:min(len(items), to-i)]
		for _, r := range items {
			if want := fmt.Sprintf("record %d", i); string(r) != want {
				t.Fatalf("%q, want %q", r, want)
			}
			i++
		}
		if err := s.Commit(len(items)); err != nil {
			t.Fatal(err)
		}
	}
}

func empty(t *testing.T, s *Spool) {
	t.Helper()
	if items, err := s.Read(1000); len(items) > 0 || err != nil || s.Len() != 0 {
		t.Errorf("%q is left, Len is %d: %v", items, s.Len(), err)
	}
}

func segments(t *testing.T, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestRecordsComeOutInOrder(t *testing.T) {
	s := open(t, t.TempDir(), MinSize)
	defer closeSpool(t, s)
	empty(t, s)
	for i := range 50 {
		put(t, s, 100*i, 100*i+100)
	}
	if s.Len() != 5000 {
		t.Errorf("Len is %d", s.Len())
	}
	take(t, s, 0, 5000)
	empty(t, s)
}

func TestWhatIsNotCommittedComesAgain(t *testing.T) {
	s := open(t, t.TempDir(), MinSize)
	defer closeSpool(t, s)
	put(t, s, 0, 10)
	for range 3 {
		if items, err := s.Read(1 << 20); len(items) != 10 || err != nil {
			t.Fatal(items, err)
		}
	}
	if err := s.Commit(4); err != nil {
		t.Fatal(err)
	}
	take(t, s, 4, 10)
}

func TestEmptySpoolLeavesNoSegment(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, MinSize)
	put(t, s, 0, 10)
	take(t, s, 0, 10)
	closeSpool(t, s)
	if left := segments(t, folder); len(left) > 0 {
		t.Error(left)
	}
}

func TestNextRunGoesOn(t *testing.T) {
	folder := t.TempDir()
	next := 0
	for run := range 5 {
		s := open(t, folder, MinSize)
		if want := 20 * run; s.Len() != want || s.Damaged() != 0 {
			t.Fatalf("run %d begins with %d items, want %d, and %d bytes damaged", run, s.Len(), want, s.Damaged())
		}
		put(t, s, 100*run, 100*run+100)
		take(t, s, next, next+80)
		next += 80
		closeSpool(t, s)
	}
}

// A process that is killed closes nothing.
func TestKilledRunLosesNothing(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, MinSize)
	put(t, s, 0, 100)
	take(t, s, 0, 40)
	if err := s.lock.Close(); err != nil { // what the kernel does
		t.Fatal(err)
	}
	s = open(t, folder, MinSize)
	defer closeSpool(t, s)
	if s.Len() != 60 {
		t.Errorf("%d items are left", s.Len())
	}
	take(t, s, 40, 100)
}

func TestTornTailIsLeftOut(t *testing.T) {
	for cut := 1; cut <= 18; cut++ {
		folder := t.TempDir()
		s := open(t, folder, MinSize)
		put(t, s, 10, 15)
		closeSpool(t, s)
		truncateBy(t, segments(t, folder)[0], int64(cut))

		s = open(t, folder, MinSize)
		whole := 5 - (cut+16)/17 // "record 10" with its header has 17 bytes
		if s.Len() != whole || s.Damaged() != int64(17*(5-whole)-cut) {
			t.Errorf("%d bytes cut: %d items, %d bytes damaged", cut, s.Len(), s.Damaged())
		}
		put(t, s, 10+whole, 20)
		take(t, s, 10, 20)
		closeSpool(t, s)
	}
}

func truncateBy(t *testing.T, name string, n int64) {
	t.Helper()
	info, err := os.Stat(name)
	if err == nil {
		err = os.Truncate(name, info.Size()-n)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A byte that changed on the disk costs at most the rest of its segment.
func TestFlippedByteIsNoticed(t *testing.T) {
	for at := range int64(8 + 3*17) {
		folder := t.TempDir()
		s := open(t, folder, MinSize)
		put(t, s, 10, 13)
		closeSpool(t, s)
		flip(t, segments(t, folder)[0], at)

		s = open(t, folder, MinSize)
		whole := max(int(at-8), 0) / 17
		if at < 8 {
			whole = 0
		}
		if s.Len() != whole || s.Damaged() == 0 {
			t.Errorf("byte %d: %d items, want %d; %d bytes damaged", at, s.Len(), whole, s.Damaged())
		}
		put(t, s, 10+whole, 20)
		take(t, s, 10, 20)
		closeSpool(t, s)
	}
}

func flip(t *testing.T, name string, at int64) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text[at] ^= 0x10
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Damage while the spool is open is reported once.
func TestDamageWhileOpen(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, MinSize)
	defer closeSpool(t, s)
	put(t, s, 10, 13)
	flip(t, segments(t, folder)[0], 9)
	var lost *Lost
	if items, err := s.Read(1000); len(items) > 0 || !errors.As(err, &lost) || lost.Items != 3 {
		t.Errorf("%q, %v", items, err)
	}
	empty(t, s)
	put(t, s, 20, 25)
	take(t, s, 20, 25)
}

func TestDamageBeforeCommit(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, MinSize)
	defer closeSpool(t, s)
	put(t, s, 10, 13)
	flip(t, segments(t, folder)[0], 9)
	var lost *Lost
	if err := s.Commit(2); !errors.As(err, &lost) {
		t.Error(err)
	}
	empty(t, s)
}

func TestSizeIsKept(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, MinSize)
	defer closeSpool(t, s)
	item := bytes.Repeat([]byte("x"), 1000)
	taken := 0
	for {
		err := s.Append(AppendItem(nil, item), 1)
		if errors.Is(err, errFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		taken++
	}
	if n := folderSize(t, folder); n > MinSize+4096 || n < MinSize*9/10 {
		t.Errorf("%d items take %d bytes", taken, n)
	}
	if n := len(segments(t, folder)); n > 2*segmentsPerSpool {
		t.Errorf("%d segments", n)
	}
	// There is room again.
	for range taken / 2 {
		if items, err := s.Read(1); len(items) != 1 || err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(AppendItem(nil, item), 1); err != nil {
		t.Error(err)
	}
}

func folderSize(t *testing.T, folder string) (n int64) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func TestRecordsOfAllSizes(t *testing.T) {
	s := open(t, t.TempDir(), 64<<20)
	defer closeSpool(t, s)
	random := rand.New(rand.NewPCG(1, 2))
	var sizes []int
	for range 60 {
		size := random.IntN(1 << random.IntN(20))
		sizes = append(sizes, size)
		if err := s.Append(AppendItem(nil, bytes.Repeat([]byte{byte(size)}, size)), 1); err != nil {
			t.Fatal(err)
		}
	}
	for len(sizes) > 0 {
		items, err := s.Read(100_000)
		if err != nil || len(items) == 0 {
			t.Fatal(err)
		}
		for _, r := range items {
			if want := sizes[0]; len(r) != want || bytes.Count(r, []byte{byte(want)}) != want {
				t.Fatalf("an item of %d bytes, want %d", len(r), want)
			}
			sizes = sizes[1:]
		}
		if err := s.Commit(len(items)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoCannotOpenIt(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder, MinSize)
	if _, err := Open(folder, MinSize); !errors.Is(err, errLocked) || !strings.Contains(err.Error(), folder) {
		t.Error(err)
	}
	closeSpool(t, s)
	closeSpool(t, open(t, folder, MinSize))
}

func TestAbandoned(t *testing.T) {
	folder := t.TempDir()
	if IsAbandoned(folder) || IsAbandoned(folder+"/none") {
		t.Error("what is no spool is one")
	}
	s := open(t, folder, MinSize)
	put(t, s, 0, 1)
	if IsAbandoned(folder) {
		t.Error("it is open")
	}
	closeSpool(t, s)
	if !IsAbandoned(folder) {
		t.Error("nobody has it open")
	}
	s = open(t, folder, MinSize)
	take(t, s, 0, 1)
	closeSpool(t, s)
	if IsAbandoned(folder) {
		t.Error("it is empty")
	}
}

func TestNobodyElseReadsIt(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, folder, MinSize)
	defer closeSpool(t, s)
	put(t, s, 0, 1)
	for _, name := range append(segments(t, folder), folder, filepath.Join(folder, "position")) {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// Other files in the folder are not touched.
func TestStrangersAreNotTouched(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"1.seg", "000000000000000g.seg", "notes.txt", "0000000000000001.seg.bak"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, folder, MinSize)
	put(t, s, 0, 10)
	take(t, s, 0, 10)
	closeSpool(t, s)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 6 { // with the lock and the position
		t.Errorf("%v, %v", entries, err)
	}
}

// The position survives a write of it that is cut short.
func TestTornPosition(t *testing.T) {
	for slot := range 2 {
		folder := t.TempDir()
		s := open(t, folder, MinSize)
		put(t, s, 0, 10)
		for range 6 + slot { // both slots are written
			if _, err := s.Read(1); err != nil {
				t.Fatal(err)
			}
			if err := s.Commit(1); err != nil {
				t.Fatal(err)
			}
		}
		closeSpool(t, s)
		name := filepath.Join(folder, "position")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text[slot*slotSize+20] ^= 1
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s = open(t, folder, MinSize)
		if n := 10 - s.Len(); n != 6+slot && n != 5+slot {
			t.Errorf("slot %d: %d items are committed", slot, n)
		}
		closeSpool(t, s)
	}
}
