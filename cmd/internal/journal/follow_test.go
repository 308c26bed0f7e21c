package journal

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// eventFile is a file of events with a writer, for tests of Follower.
type eventFile struct {
	t    *testing.T
	path string
	file *os.File
	next int
}

func newEventFile(t *testing.T) *eventFile {
	e := &eventFile{t: t, path: filepath.Join(t.TempDir(), "events.jsonl")}
	e.reopen()
	t.Cleanup(func() { e.file.Close() })
	return e
}

// reopen does what tlsfloor does at SIGHUP.
func (e *eventFile) reopen() {
	e.t.Helper()
	if e.file != nil {
		e.file.Close()
	}
	var err error
	if e.file, err = os.OpenFile(e.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// write writes n more events.
func (e *eventFile) write(n int) {
	e.t.Helper()
	for range n {
		if _, err := e.file.WriteString(eventOf(e.next, "") + "\n"); err != nil {
			e.t.Fatal(err)
		}
		e.next++
	}
}

func (e *eventFile) rename(mark string) {
	e.t.Helper()
	if err := os.Rename(e.path, e.path+mark); err != nil {
		e.t.Fatal(err)
	}
}

// copyTruncate rotates as logrotate does with copytruncate.
func (e *eventFile) copyTruncate(mark string) {
	e.t.Helper()
	text, err := os.ReadFile(e.path)
	if err == nil {
		err = os.WriteFile(e.path+mark, text, 0o600)
	}
	if err == nil {
		err = os.Truncate(e.path, 0)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func follow(t *testing.T, path string) *Follower {
	t.Helper()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// wantEvents reads the events from up to before to, and the end.
func wantEvents(t *testing.T, f *Follower, from, to int) Position {
	t.Helper()
	for i := from; i < to; i++ {
		line, after, err := f.Next()
		if err != nil || string(line) != eventOf(i, "") || after.Event != uint64(i+1) {
			t.Fatalf("event %d is %.80s, %+v, %v", i, line, after, err)
		}
	}
	if line, after, err := f.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("%.80s, %+v, %v behind event %d", line, after, err, to-1)
	}
	return f.Position()
}

// rotations are what happens to a file. turn counts them.
var rotations = []struct {
	name string
	do   func(e *eventFile, turn int)
}{
	{"renamed as .1", func(e *eventFile, turn int) {
		e.shift(turn)
		e.rename(".1")
		e.write(3) // logrotate renames first
		e.reopen()
	}},
	{"copied as .1", func(e *eventFile, turn int) {
		e.shift(turn)
		e.copyTruncate(".1")
	}},
	{"renamed with a date", func(e *eventFile, turn int) {
		e.rename(fmt.Sprintf("-20%06d", turn))
		e.reopen()
	}},
	{"by ourselves", func(e *eventFile, turn int) {
		e.rename(fmt.Sprintf(".20260301T12%04d.000000Z", turn))
		e.reopen()
	}},
	{"with its ending kept", func(e *eventFile, turn int) {
		name := fmt.Sprintf("events.20260301T12%04d.000000Z.jsonl", turn)
		if err := os.Rename(e.path, filepath.Join(filepath.Dir(e.path), name)); err != nil {
			e.t.Fatal(err)
		}
		e.reopen()
	}},
}

// shift makes room for one more file with a number, of which there are turn.
func (e *eventFile) shift(turn int) {
	for i := turn; i > 0; i-- {
		_ = os.Rename(fmt.Sprintf("%s.%d", e.path, i), fmt.Sprintf("%s.%d", e.path, i+1))
	}
}

// The file is rotated in every way, at random: while readers are at its end, while they
// are behind, and while none runs. Each of four readers gets each event once, whether it
// stays or is started anew from its position.
func TestFollowOverRotations(t *testing.T) {
	for _, rotation := range rotations {
		for seed := range uint64(5) {
			t.Run(fmt.Sprint(rotation.name, " ", seed), func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 9))
				e := newEventFile(t)
				var readers [4]*Follower
				for i := range readers {
					readers[i] = follow(t, e.path)
				}
				for turn := 0; turn < 12; {
					switch random.IntN(6) {
					case 0, 1:
						rotation.do(e, turn)
						turn++
					case 2, 3, 4:
						e.write(random.IntN(8))
					}
					i := random.IntN(len(readers))
					readSome(t, readers[i], random.IntN(12), e.next)
					if random.IntN(3) == 0 {
						at := readers[i].Position()
						readers[i] = follow(t, e.path)
						if err := readers[i].Seek(at); err != nil {
							t.Fatal(err)
						}
					}
				}
				e.write(1)
				for _, f := range readers {
					wantEvents(t, f, int(f.Position().Event), e.next)
				}
				wantEvents(t, follow(t, e.path), 0, e.next)
			})
		}
	}
}

// readSome reads up to n events of those before end.
func readSome(t *testing.T, f *Follower, n, end int) {
	t.Helper()
	for range n {
		due := int(f.Position().Event)
		line, _, err := f.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || due >= end || string(line) != eventOf(due, "") {
			t.Fatalf("event %d is %.80s, %v", due, line, err)
		}
	}
}

// What logrotate itself does.
func TestFollowLogrotate(t *testing.T) {
	logrotate, err := exec.LookPath("logrotate")
	if err != nil {
		t.Skip("logrotate is not installed")
	}
	for _, how := range []string{"copytruncate", "nocreate", "copytruncate\ndateext\ndateformat -%Y%m%d%H%s"} {
		e := newEventFile(t)
		config := filepath.Join(t.TempDir(), "config")
		text := e.path + " {\nrotate 9\n" + how + "\n}\n"
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f := follow(t, e.path)
		e.write(5)
		wantEvents(t, f, 0, 5)
		for range 2 - strings.Count(how, "dateext") { // a second has one name only
			read := e.next
			e.write(5)
			if out, err := exec.Command(logrotate, "-f", "-s", config+".state", config).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			e.write(3)
			e.reopen()
			e.write(4)
			wantEvents(t, f, read, e.next)
		}
	}
}

// A file in another format is damage from its first line on, and the message says so.
func TestFollowAnotherFormat(t *testing.T) {
	e := newEventFile(t)
	if _, err := e.file.WriteString("12:00:00 10.0.0.5 violation\n12:00:01 10.0.0.5 attempt\n"); err != nil {
		t.Fatal(err)
	}
	f := follow(t, e.path)
	_, _, err := f.Next()
	var loss *Loss
	if !errors.As(err, &loss) || loss.Why != whyForeign || loss.Events != 2 {
		t.Errorf("%v", err)
	}
	e.write(1)
	if _, _, err := f.Next(); err != nil {
		t.Error(err)
	}
	if _, err := e.file.WriteString("12:00:00 10.0.0.5 violation\n"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Next(); !errors.As(err, &loss) || loss.Why != whyDamaged {
		t.Errorf("%v", err)
	}
}

// The file is removed, emptied or compressed by somebody: readers say so where something
// may be missing, and go on with what there is.
func TestFollowGone(t *testing.T) {
	for _, test := range []struct {
		name   string
		do     func(e *eventFile) error
		stays  string // Loss.Why of a reader that has read all, and has the file open; empty: none
		begins string // of one that is started anew
	}{
		{"removed", func(e *eventFile) error { return os.Remove(e.path) }, "", whyGone},
		{"emptied", func(e *eventFile) error { return os.Truncate(e.path, 0) }, whyCut, whyGone},
		{"compressed", func(e *eventFile) error { return os.Rename(e.path, e.path+".1.gz") }, "", whyGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEventFile(t)
			e.write(4)
			f := follow(t, e.path)
			at := wantEvents(t, f, 0, 4)
			if err := test.do(e); err != nil {
				t.Fatal(err)
			}
			if _, _, err := f.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("%v before there is more", err)
			}
			e.reopen()
			e.write(2)
			again := follow(t, e.path)
			if err := again.Seek(at); err != nil {
				t.Fatal(err)
			}
			for f, why := range map[*Follower]string{f: test.stays, again: test.begins} {
				if why != "" {
					_, after, err := f.Next()
					var loss *Loss
					if !errors.As(err, &loss) || loss.Why != why || loss.Events != 0 || after.Event != 4 {
						t.Errorf("%v, %+v; want %s", err, after, why)
					}
				}
				wantEvents(t, f, 4, 6)
			}
		})
	}
}
