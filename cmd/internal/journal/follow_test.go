package journal

import (
	"errors"
	"fmt"
	"io"
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

// The file is rotated in every way: while a reader is at its end, while it is behind, and
// while none runs.
func TestFollowOverRotations(t *testing.T) {
	for _, rotate := range []struct {
		name string
		do   func(e *eventFile, turn int)
	}{
		{"renamed as .1", func(e *eventFile, turn int) {
			for i := turn; i > 0; i-- {
				_ = os.Rename(fmt.Sprintf("%s.%d", e.path, i), fmt.Sprintf("%s.%d", e.path, i+1))
			}
			e.rename(".1")
			e.write(3) // logrotate renames first
			e.reopen()
		}},
		{"copied as .1", func(e *eventFile, turn int) {
			for i := turn; i > 0; i-- {
				_ = os.Rename(fmt.Sprintf("%s.%d", e.path, i), fmt.Sprintf("%s.%d", e.path, i+1))
			}
			e.copyTruncate(".1")
		}},
		{"renamed with a date", func(e *eventFile, turn int) {
			e.rename(fmt.Sprintf("-202603%02d", turn+1))
			e.reopen()
		}},
		{"by ourselves", func(e *eventFile, turn int) {
			e.rename(fmt.Sprintf(".20260301T1200%02d.000000Z", turn))
			e.reopen()
		}},
		{"with its ending kept", func(e *eventFile, turn int) {
			if err := os.Rename(e.path, filepath.Join(filepath.Dir(e.path), fmt.Sprintf("events.20260301T1200%02d.000000Z.jsonl", turn))); err != nil {
				e.t.Fatal(err)
			}
			e.reopen()
		}},
	} {
		t.Run(rotate.name, func(t *testing.T) {
			e := newEventFile(t)
			f := follow(t, e.path)
			wantEvents(t, f, 0, 0)
			read := 0
			for turn := range 4 {
				e.write(5)
				at := wantEvents(t, f, read, e.next)
				read = e.next
				if turn%2 == 1 {
					e.write(2)
				}
				rotate.do(e, 3*turn)
				if turn > 1 {
					e.write(20)
					rotate.do(e, 3*turn+1)
					rotate.do(e, 3*turn+2)
				}
				e.write(1)
				again := follow(t, e.path)
				if err := again.Seek(at); err != nil {
					t.Fatal(err)
				}
				wantEvents(t, again, read, e.next)
				wantEvents(t, f, read, e.next)
				read = e.next
			}
			wantEvents(t, follow(t, e.path), 0, e.next)
		})
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
