package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// notes collects messages for the user.
type notes []string

func (n *notes) add(line string) { *n = append(*n, line) }

func open(t *testing.T, o Options) *File {
	t.Helper()
	f, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// batchOf makes a batch of the numbers from one to another, as JSON.
func batchOf(from, to int, padding string) *transport.Batch {
	b := new(transport.Batch)
	for i := from; i < to; i++ {
		b.Add(fmt.Appendf(b.Text(), `{"n":%d,"padding":"%s"}`, i, padding), transport.Mark{})
	}
	return b
}

func deliver(t *testing.T, f *File, b *transport.Batch) {
	t.Helper()
	if err := f.Deliver(context.Background(), b); err != nil || b.Pending() > 0 {
		t.Fatalf("%d lines are left: %v", b.Pending(), err)
	}
}

func read(t *testing.T, names ...string) (text string) {
	t.Helper()
	for _, name := range names {
		part, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(part)
	}
	return text
}

func rotatedOf(t *testing.T, f *File) []string {
	t.Helper()
	names, err := f.rotated()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestLinesAreAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	for i := range 3 {
		f := open(t, Options{Path: path})
		deliver(t, f, batchOf(10*i, 10*i+10, ""))
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if want := batchOf(0, 30, ""); read(t, path) != string(want.Lines(0, 30)) {
		t.Error(read(t, path))
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o027 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	folder := t.TempDir()
	held := open(t, Options{Path: filepath.Join(folder, "held")})
	defer held.Close()
	foreign := map[string]string{
		"foreign": "root:x:0:0\nbin", "lines": "root:x:0:0\nbin\n", "json": "{\n  \"n\": 1\n}\n", "array": "[1]\n",
		"blank": "{}\n\n", "long": strings.Repeat("x", 300_000) + "\n", "torn": "a note\n{\"n\":1,\"pa",
	}
	for name, text := range foreign {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"":        "is a directory",
		"no/such": "no such file or directory",
		"held":    "another tlsfloor",
		"foreign": "not writing to it",
		"lines":   "not writing to it",
		"json":    "not writing to it",
		"array":   "not writing to it",
		"blank":   "not writing to it",
		"long":    "not writing to it",
		"torn":    "not writing to it",
	} {
		if _, err := Open(Options{Path: filepath.Join(folder, name)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
	if _, err := Open(Options{Path: "/dev/null"}); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Error(err)
	}
	for name, text := range foreign {
		if now := read(t, filepath.Join(folder, name)); now != text {
			t.Errorf("%s is %q now", name, now)
		}
	}
}

func TestMend(t *testing.T) {
	long := `{"n":1,"padding":"` + strings.Repeat("x", 300_000)
	for name, tt := range map[string]struct{ before, after, note string }{
		"whole":                 {"{\"n\":1}\n", "{\"n\":1}\n", ""},
		"empty":                 {"", "", ""},
		"torn":                  {"{\"n\":1}\n{\"n\":2,\"pa", "{\"n\":1}\n", "is removed"},
		"only a torn line":      {"{\"n\":1", "", "is removed"},
		"a long torn line":      {"{}\n" + long, "{}\n", "is removed"},
		"without its end":       {"{\"n\":1}\n{\"n\":2}", "{\"n\":1}\n{\"n\":2}\n", "added"},
		"zeros of a lost write": {"{\"n\":1}\n\x00\x00\x00", "{\"n\":1}\n", "is removed"},
	} {
		path := filepath.Join(t.TempDir(), "events")
		if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
			t.Fatal(err)
		}
		var told notes
		f := open(t, Options{Path: path, Note: told.add})
		if text := read(t, path); text != tt.after {
			t.Errorf("%s: %q", name, text)
		}
		if len(told) > 1 || (tt.note == "") != (len(told) == 0) || !strings.Contains(strings.Join(told, ""), tt.note) {
			t.Errorf("%s: said %q", name, told)
		}
		deliver(t, f, batchOf(5, 6, ""))
		if text := read(t, path); text != tt.after+`{"n":5,"padding":""}`+"\n" {
			t.Errorf("%s: %q", name, text)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRotationBySize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path, Size: 1000})
	defer f.Close()
	all := batchOf(0, 500, "some more bytes")
	deliver(t, f, all)
	names := append(rotatedOf(t, f), path)
	for _, name := range names {
		if text := read(t, name); len(text) > 1000 || len(text) < 900 && name != path || !strings.HasSuffix(text, "}\n") {
			t.Errorf("%s has %d bytes and ends in %q", name, len(text), text[len(text)-5:])
		}
	}
	if len(names) < 20 || read(t, names...) != string(all.Lines(0, 500)) {
		t.Errorf("%d files do not add up", len(names))
	}
}

func TestLineLongerThanTheSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path, Size: 10})
	defer f.Close()
	deliver(t, f, batchOf(0, 3, "longer than ten bytes"))
	if n := len(rotatedOf(t, f)); n != 2 {
		t.Errorf("%d rotated files", n)
	}
}

func TestRotationByTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	now := time.Now().UTC().Truncate(time.Hour)
	f := open(t, Options{Path: path, Every: time.Hour})
	f.now = func() time.Time { return now }
	for i, step := range []time.Duration{0, 59 * time.Minute, 0, time.Minute, 30 * time.Minute, 3 * time.Hour} {
		now = now.Add(step)
		deliver(t, f, batchOf(i, i+1, ""))
	}
	var counts []int
	for _, name := range append(rotatedOf(t, f), path) {
		counts = append(counts, strings.Count(read(t, name), "\n"))
	}
	if !slices.Equal(counts, []int{3, 2, 1}) {
		t.Errorf("lines by file: %v", counts)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The period of the last line is known in the next run: it is that of the file's time.
func TestRotationByTimeAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(path, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	f := open(t, Options{Path: path, Every: 24 * time.Hour})
	defer f.Close()
	deliver(t, f, batchOf(0, 1, ""))
	if old := rotatedOf(t, f); len(old) != 1 || read(t, old...) != "{}\n" {
		t.Error(old)
	}
}

func TestRetention(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "events")
	strangers := []string{"events.1", "events.20260301T000000Z", "events.bak", "other.20260301T000000.000000Z"}
	for _, name := range strangers {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, Options{Path: path, Size: 100, Keep: 3})
	all := batchOf(0, 100, "")
	deliver(t, f, all)
	names := append(rotatedOf(t, f), path)
	if text := read(t, names...); len(names) != 4 || !strings.HasSuffix(string(all.Lines(0, 100)), text) {
		t.Errorf("%d files; they hold %q", len(names), text)
	}
	for _, name := range strangers {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = open(t, Options{Path: path, Size: 100, Keep: 1})
	defer f.Close()
	if n := len(rotatedOf(t, f)); n != 1 {
		t.Errorf("%d rotated files after a start with fewer to keep", n)
	}
}

// A rotated file keeps the ending of the file's name. One that an older tlsfloor named is
// counted and removed, too.
func TestRotatedFilesKeepTheirEnding(t *testing.T) {
	folder := t.TempDir()
	old, strangers := "events.jsonl.20260301T000000.000000Z", []string{"events.20260301T000000.000000Z", "events.20260301T000000.000000Z.csv", "events.old.jsonl"}
	for _, name := range append(strangers, old) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, Options{Path: filepath.Join(folder, "events.jsonl"), Size: 10, Keep: 3})
	defer f.Close()
	all := batchOf(0, 3, "longer than ten bytes")
	deliver(t, f, all)
	names := rotatedOf(t, f)
	if len(names) != 3 || filepath.Base(names[0]) != old {
		t.Fatalf("%q, want %s first", names, old)
	}
	for _, name := range names[1:] {
		if is, _ := filepath.Match("events.*Z.jsonl", filepath.Base(name)); !is {
			t.Errorf("%s", name)
		}
	}
	deliver(t, f, batchOf(3, 4, "longer than ten bytes"))
	if left := rotatedOf(t, f); len(left) != 3 || !slices.Equal(left[:2], names[1:]) || read(t, left...) != string(all.Lines(0, 3)) {
		t.Errorf("%q are left of %q", left, names)
	}
	for _, name := range strangers {
		read(t, filepath.Join(folder, name))
	}
	for path, want := range map[string]string{"a/events": "a/events.X", "a/.events": "a/.events.X", "a.b/c": "a.b/c.X", "events.jsonl": "events.X.jsonl", "./x.y.z": "./x.y.X.z", ".z": ".z.X"} {
		if got := rotatedName(path, "X"); got != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
}

// No file is replaced by two rotations in a microsecond or with a clock that was set back.
func TestRotationFindsANameThatIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path, Size: 10})
	defer f.Close()
	now := time.Now()
	f.now = func() time.Time { return now }
	all := batchOf(0, 20, "")
	deliver(t, f, all)
	if names := append(rotatedOf(t, f), path); len(names) != 20 || read(t, names...) != string(all.Lines(0, 20)) {
		t.Errorf("%d files", len(names))
	}
}

// The newest file is kept, whatever the stamps of old files are.
func TestRetentionKeepsWhatWasWrittenLast(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		old  []string
		step time.Duration // between two rotations
		told int
	}{
		"files of the future":        {[]string{"20990101T000000.000000Z", "20990101T000000.000001Z", "20990101T000000.000002Z"}, time.Second, 1},
		"one far future":             {[]string{"99980101T000000.000000Z"}, time.Second, 1},
		"stamps that end all others": {[]string{"99991231T235959.999999Z", "99991231T235959.999998Z", "99991231T235959.999997Z"}, time.Second, 0},
		"the same stamp":             {[]string{now.Format(stamp)}, 0, 0},
		"a clock that runs back":     {nil, -time.Hour, 1},
		"NTP":                        {nil, -time.Millisecond, 0},
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, "events")
		for _, suffix := range tt.old {
			if err := os.WriteFile(path+"."+suffix, []byte("{}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		all := batchOf(0, 40, strings.Repeat("x", 80))
		var told notes
		clock := now
		for start := 0; start < 40; start += 20 { // the second run knows nothing of the first
			f := open(t, Options{Path: path, Size: 100, Keep: 3, Note: told.add})
			f.now = func() time.Time { return clock }
			for i := start; i < start+20; i++ {
				clock = clock.Add(tt.step)
				one := new(transport.Batch)
				one.Add(append(one.Text(), all.Line(i)...), transport.Mark{})
				deliver(t, f, one)
				ours := slices.DeleteFunc(rotatedOf(t, f), func(name string) bool { return read(t, name) == "{}\n" })
				if text := read(t, append(ours, path)...); !strings.HasSuffix(string(all.Lines(0, i+1)), text) || len(ours) < min(i, 3)-len(tt.old) || i > 0 && len(ours) == 0 {
					t.Fatalf("%s: after line %d: %q in %q", name, i, text, ours)
				}
				if n := len(rotatedOf(t, f)); n > 3 {
					t.Fatalf("%s: %d files", name, n)
				}
			}
			if text := read(t, append(rotatedOf(t, f), path)...); text != string(all.Lines(start+16, start+20)) {
				t.Errorf("%s: the last files hold %q", name, text)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if len(told) != 2*tt.told && len(told) != tt.told {
			t.Errorf("%s: said %q", name, told)
		}
	}
}

// During a rotation, a file appears whose name sorts after the rotated one.
func TestRetentionSparesTheLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path, Size: 100, Keep: 1})
	defer f.Close()
	deliver(t, f, batchOf(0, 2, strings.Repeat("x", 80)))
	ours := rotatedOf(t, f)
	if err := os.WriteFile(path+".20990101T000000.000000Z", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f.removeOld(); len(ours) != 1 || !slices.Equal(rotatedOf(t, f), ours) {
		t.Errorf("%q are left of %q", rotatedOf(t, f), ours)
	}
}

// If the folder is not writable, lines are still appended to the open file.
func TestRotationThatFails(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "events")
	var told notes
	f := open(t, Options{Path: path, Size: 100, Note: told.add})
	defer f.Close()
	deliver(t, f, batchOf(0, 2, ""))
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	all := batchOf(0, 50, "")
	rest := batchOf(2, 50, "")
	deliver(t, f, rest)
	if text := read(t, filepath.Join(folder+".away", "events")); text != string(all.Lines(0, 50)) {
		t.Error(text)
	}
	if len(told) != 1 || !strings.Contains(told[0], "not rotated: ") {
		t.Errorf("said %q, want one line", told)
	}
	if err := os.Rename(folder+".away", folder); err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return time.Now().Add(2 * rotateAgain) }
	deliver(t, f, batchOf(50, 60, ""))
	if len(rotatedOf(t, f)) == 0 {
		t.Error("it is not rotated when it can be again")
	}
}

// logrotate moves the file away and sends SIGHUP.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path})
	deliver(t, f, batchOf(0, 5, ""))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	deliver(t, f, batchOf(5, 10, "")) // into the old one
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	deliver(t, f, batchOf(10, 15, ""))
	if err := f.Reopen(); err != nil { // the same file
		t.Fatal(err)
	}
	deliver(t, f, batchOf(15, 20, ""))
	all := batchOf(0, 20, "")
	if read(t, path+".1") != string(all.Lines(0, 10)) || read(t, path) != string(all.Lines(10, 20)) {
		t.Errorf("%q and %q", read(t, path+".1"), read(t, path))
	}
	if _, err := Open(Options{Path: path}); err == nil {
		t.Error("the file is not locked any more")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReopenThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path})
	defer f.Close()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err == nil {
		t.Error("a folder was opened")
	}
	deliver(t, f, batchOf(0, 5, ""))
	if strings.Count(read(t, path+".1"), "\n") != 5 {
		t.Error("lines are lost")
	}
}

// Rotation, reopening and lines at the same time lose nothing.
func TestReopenUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	path := filepath.Join(t.TempDir(), "events")
	f := open(t, Options{Path: path, Size: 20_000})
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				done <- n
				return
			default:
				if err := f.Reopen(); err != nil {
					t.Error(err)
				}
				n++
			}
		}
	}()
	all := batchOf(0, 20_000, "")
	deliver(t, f, all)
	close(stop)
	reopened := <-done
	names := append(rotatedOf(t, f), path)
	if read(t, names...) != string(all.Lines(0, all.Len())) {
		t.Error("the files do not add up")
	}
	t.Logf("%d lines, %d rotations, %d times reopened: lost 0, doubled 0", all.Len(), len(names)-1, reopened)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDeliverEndsWithItsContext(t *testing.T) {
	f := open(t, Options{Path: filepath.Join(t.TempDir(), "events")})
	defer f.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := batchOf(0, 5, "")
	if err := f.Deliver(ctx, b); err == nil || b.Pending() != 5 {
		t.Errorf("%v, %d lines are left", err, b.Pending())
	}
}
