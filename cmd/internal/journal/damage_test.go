package journal

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// story is what a reader of a journal of numbered events got.
type story struct {
	events []int // numbers, in order
	lost   uint64
	bytes  int64
	losses []*Loss
}

// readAll reads until there is nothing more, and checks that each event is whole.
func readAll(t testing.TB, next func() ([]byte, Position, error), padding string) (s story) {
	t.Helper()
	for {
		line, _, err := next()
		var loss *Loss
		switch {
		case errors.As(err, &loss):
			s.lost += loss.Events
			s.bytes += loss.Bytes
			s.losses = append(s.losses, loss)
		case errors.Is(err, io.EOF):
			return s
		case err != nil:
			t.Fatal(err)
		default:
			n := numberIn(t, line)
			if string(line) != eventOf(n, padding) {
				t.Fatalf("%.200s is not what was written", line)
			}
			s.events = append(s.events, n)
		}
	}
}

// numberIn returns the number of an event of eventOf.
func numberIn(t testing.TB, line []byte) (n int) {
	t.Helper()
	_, digits, ok := bytes.Cut(line, []byte(`"n":`))
	digits, _, ok2 := bytes.Cut(digits, []byte(","))
	index, ok3 := parseIndex(digits)
	if !ok || !ok2 || !ok3 {
		t.Fatalf("%.200s has no number", line)
	}
	return int(index)
}

// segmentFiles returns the paths of a journal's segments, oldest first.
func segmentFiles(t testing.TB, folder string) (paths []string) {
	t.Helper()
	firsts, err := listSegments(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range firsts {
		paths = append(paths, segmentPath(folder, first))
	}
	return paths
}

// fill makes a journal of n events.
func fill(t testing.TB, n int, padding string) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder, Size: MinSize})
	put(t, w, 0, n, padding)
	closeWriter(t, w)
	return folder
}

// One bit is flipped, anywhere. At most two events are lost, and all others arrive; the
// losses are counted exactly where a whole line follows.
func TestFlippedBits(t *testing.T) {
	const events = 500
	padding := strings.Repeat("x", 200)
	folder := fill(t, events, padding)
	paths := segmentFiles(t, folder)
	if len(paths) < 2 {
		t.Fatalf("%d segments", len(paths))
	}
	random := rand.New(rand.NewPCG(1, 2))
	flips, most := 1000, 0
	if testing.Short() {
		flips = 200
	}
	for range flips {
		path := paths[random.IntN(len(paths))]
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 {
			continue
		}
		bit := random.IntN(8 * len(text))
		if random.IntN(4) == 0 { // the newlines are the worst
			lines := bytes.Count(text, []byte("\n"))
			at := -1
			for range random.IntN(lines) + 1 {
				at += 1 + bytes.IndexByte(text[at+1:], '\n')
			}
			bit = 8*at + bit%8
		}
		write(t, path, flipped(text, bit))
		s := readAll(t, openReader(t, folder).Next, padding)
		write(t, path, text)
		lost := events - len(s.events)
		// Without its newline the last line of all looks as if it were being written.
		inLast := path == paths[len(paths)-1] && bit/8 >= bytes.LastIndexByte(text[:len(text)-1], '\n')
		most = max(most, lost)
		if lost > 2 || !slices.IsSorted(s.events) || lost > 0 && len(s.losses) == 0 && !inLast {
			t.Fatalf("bit %d of %s: %d events are lost, %v", bit, path, lost, s.losses)
		}
		if uint64(lost) != s.lost && !inLast {
			t.Fatalf("bit %d of %s: %d events are lost, and %d counted: %v", bit, path, lost, s.lost, s.losses)
		}
	}
	t.Logf("%d bits flipped in %d events: at most %d lost by one, and all counted", flips, events, most)
}

func flipped(text []byte, bit int) []byte {
	text = slices.Clone(text)
	text[bit/8] ^= 1 << (bit % 8)
	return text
}

func write(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Segments are cut at any byte, or gone. What is lost is counted, and the rest arrives.
func TestTruncatedSegments(t *testing.T) {
	const events = 500
	padding := strings.Repeat("x", 200)
	folder := fill(t, events, padding)
	paths := segmentFiles(t, folder)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 200 {
		path := paths[i%(len(paths)-1)] // behind the last one nothing tells what is missing
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cut := random.IntN(len(text) + 1)
		kept := bytes.Count(text[:cut], []byte("\n"))
		write(t, path, text[:cut])
		if i%10 == 0 {
			if kept = 0; os.Remove(path) != nil {
				t.Fatal(path)
			}
		}
		want := events - bytes.Count(text, []byte("\n")) + kept
		r := openReader(t, folder)
		if err := r.seek(Position{}); err != nil {
			t.Fatal(err)
		}
		s := readAll(t, r.Next, padding)
		write(t, path, text)
		if len(s.events) != want || !slices.IsSorted(s.events) || s.lost != uint64(events-want) {
			t.Fatalf("%s cut at %d: %d events, want %d; %d counted as lost: %v", path, cut, len(s.events), want, s.lost, s.losses)
		}
	}
}

// A damaged end of the journal is reported at once, also if no line follows, and counted
// anew when one does.
func TestDamageAtTheEnd(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 10, "")
	path := segmentFiles(t, folder)[0]
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-30] ^= 1
	write(t, path, text)
	r := openReader(t, folder)
	s := readAll(t, r.Next, "")
	if len(s.events) != 9 || s.lost != 1 || r.Position().Event != 10 {
		t.Fatalf("%d events, %d lost, %+v", len(s.events), s.lost, r.Position())
	}
	wantEnd(t, r)
	put(t, w, 10, 12, "")
	take(t, r, 10, 12, "")
	closeWriter(t, w)
}

// A file without newlines, as a disk full of zeros, is skipped in bounded memory.
func TestZeros(t *testing.T) {
	folder := fill(t, 100, strings.Repeat("x", 1000))
	path := segmentFiles(t, folder)[0]
	const size = 150 << 20
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	r := openReader(t, folder)
	s := readAll(t, r.Next, strings.Repeat("x", 1000))
	if len(s.events) != 100 || s.lost != 0 || s.bytes < size-100<<10 {
		t.Fatalf("%d events, %d lost, %d bytes skipped: %v", len(s.events), s.lost, s.bytes, s.losses)
	}
	if n := len(r.scan.buffer); n > maxLine+1 {
		t.Errorf("the buffer has %d bytes", n)
	}
}

// badDisk fails to read some sectors.
type badDisk struct {
	source
	bad  map[int64]bool // sectors
	left int            // reads that fail; negative: all
}

func (b *badDisk) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		part := p[n:min(len(p), n+int(sector-(at+int64(n))%sector))]
		if b.bad[(at+int64(n))/sector] && b.left != 0 {
			b.left--
			return n, &os.PathError{Op: "read", Path: b.Name(), Err: unix.EIO}
		}
		m, err := b.source.ReadAt(part, at+int64(n))
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// A sector that cannot be read is skipped after a while, a disk that recovers is waited
// for.
func TestUnreadableSectors(t *testing.T) {
	for _, test := range []struct{ reads, most int }{{patience - 1, 0}, {-1, 3 * sector / 250}} {
		padding := strings.Repeat("x", 200)
		folder := fill(t, 150, padding)
		r := openReader(t, folder)
		take(t, r, 0, 2, padding)
		r.scan.file = &badDisk{r.scan.file, map[int64]bool{2: true, 3: true, 7: true}, test.reads}
		if err := r.Seek(Position{}); err != nil {
			t.Fatal(err)
		}
		if err := r.ready(); err != nil {
			t.Fatal(err)
		}
		r.scan.file = &badDisk{r.scan.file, map[int64]bool{2: true, 3: true, 7: true}, test.reads}
		failed := 0
		s := readAll(t, func() ([]byte, Position, error) {
			for {
				line, after, err := r.Next()
				if !errors.Is(err, unix.EIO) {
					return line, after, err
				}
				if failed++; failed > 5*patience {
					t.Fatal("it does not go on")
				}
			}
		}, padding)
		lost := 150 - len(s.events)
		if failed == 0 || lost > test.most || (lost > 0) != (test.most > 0) || s.lost != uint64(lost) {
			t.Errorf("%d events lost, %d counted, after %d errors: %v", lost, s.lost, failed, s.losses)
		}
	}
}

// A program copies the folder again and again, as rsync does: each file is replaced by a
// longer one, and new ones appear. Each event comes once.
func TestCopiedFolder(t *testing.T) {
	folder, there := filepath.Join(t.TempDir(), "journal"), t.TempDir()
	w := create(t, Options{Folder: folder, Size: MinSize})
	r := openReader(t, there)
	next := 0
	for turn := range 12 {
		put(t, w, next, next+7, long)
		next += 7
		for i, path := range segmentFiles(t, folder) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if turn%3 == 0 && i == 0 {
				text = text[:len(text)-7] // it was read while it was written
			}
			to := filepath.Join(there, filepath.Base(path))
			write(t, to+".part", text)
			if err := os.Rename(to+".part", to); err != nil {
				t.Fatal(err)
			}
		}
		if turn%3 != 0 {
			take(t, r, int(r.Position().Event), next, long)
			wantEnd(t, r)
		}
	}
	closeWriter(t, w)
}

// Damage in a followed file costs the lines that it is in. Without checks, a bit of a
// value may change unseen.
func TestFlippedBitsOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	var text []byte
	for i := range 50 {
		if i%2 == 0 {
			text = append(text, eventOf(i, "")+"\n"...)
		} else {
			text = appendLine(text, []byte(eventOf(i, "")), uint64(i))
		}
	}
	random := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		bit := random.IntN(8 * len(text))
		write(t, path, flipped(text, bit))
		f := follow(t, path)
		got, lost := 0, 0
		for {
			_, _, err := f.Next()
			var loss *Loss
			if errors.As(err, &loss) {
				lost += int(loss.Events)
			} else if err != nil {
				break
			} else {
				got++
			}
		}
		if got < 48 || got < 50 && lost == 0 && bit/8 < len(text)-1 || lost > 2 {
			t.Fatalf("bit %d: %d events, %d counted as lost", bit, got, lost)
		}
	}
}
