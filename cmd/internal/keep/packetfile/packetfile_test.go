package packetfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/file"
	"tlsfloor/capture/pcap"
)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) get() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, o Options) *File {
	t.Helper()
	f, err := Open(o)
	must(t, err)
	return f
}

// write writes a packet with this text, and waits until it is written or lost.
func write(t *testing.T, f *File, text string) {
	t.Helper()
	if f.count == 0 {
		f.Interface(capture.LinkEthernet, "eth0")
	}
	before := f.Stats()
	f.Write(packet(text), 1)
	for f.Stats() == before {
		time.Sleep(time.Millisecond)
	}
}

func packet(text string) []byte {
	return pcap.AppendPacket(nil, 0, &capture.Frame{Time: 1e18, Data: []byte(text), Length: len(text), Link: 1}, "")
}

// texts reads a file back.
func texts(t *testing.T, path string) string {
	t.Helper()
	src, err := file.Open([]string{path}, file.Options{})
	must(t, err)
	defer src.Close()
	var all []string
	for {
		var f capture.Frame
		if err := src.Next(&f); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", path, err)
			}
			return strings.Join(all, " ")
		}
		all = append(all, string(f.Data))
	}
}

func checkTexts(t *testing.T, path, want string) {
	t.Helper()
	if got := texts(t, path); got != want {
		t.Errorf("%s has %q, want %q", path, got, want)
	}
}

func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

// A file is written and ends as a capture, also without packets. An older capture is
// replaced, with a message.
func TestOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcapng")
	f := open(t, Options{Path: path, Application: "test"})
	write(t, f, "a")
	write(t, f, "b")
	must(t, f.Close())
	checkTexts(t, path, "a b")
	if f.Stats() != (Stats{Written: 2}) || f.Path() != path {
		t.Errorf("%+v, path %s", f.Stats(), f.Path())
	}
	var notes []string
	f = open(t, Options{Path: path, Note: func(s string) { notes = append(notes, s) }})
	must(t, f.Close())
	checkTexts(t, path, "")
	content, err := os.ReadFile(path)
	must(t, err)
	if len(notes) != 1 || !strings.Contains(notes[0], "is overwritten") || !bytes.HasSuffix(content, pcap.AppendInterface(nil, 1, "")) {
		t.Errorf("%q, %d bytes", notes, len(content))
	}
}

// What is no capture, and what is read, is left alone.
func TestWhatIsNotOverwritten(t *testing.T) {
	folder := t.TempDir()
	text, link, input := filepath.Join(folder, "notes.txt"), filepath.Join(folder, "link"), filepath.Join(folder, "in.pcapng")
	empty := filepath.Join(folder, "empty")
	section := pcap.AppendSection(nil, "")
	must(t, os.WriteFile(text, []byte("do not lose this"), 0o600), os.WriteFile(input, section, 0o600), os.Symlink(input, link), os.WriteFile(empty, nil, 0o600))
	for path, want := range map[string]string{
		text: "is no capture", input: "it is read, too", link: "it is read, too",
		folder: "is a directory", filepath.Join(folder, "none", "x"): "no such file",
	} {
		_, err := Open(Options{Path: path, Inputs: []string{input, filepath.Join(folder, "absent")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Open(Options{Path: input, Inputs: []string{folder}}); err == nil || !strings.Contains(err.Error(), "it is read, too") {
		t.Errorf("in a folder that is read: %v", err)
	}
	for path, want := range map[string]string{text: "do not lose this", input: string(section)} {
		if content, err := os.ReadFile(path); err != nil || string(content) != want {
			t.Errorf("%s has %q", path, content)
		}
	}
	first := open(t, Options{Path: empty, Inputs: []string{filepath.Join(folder, "other")}})
	if _, err := Open(Options{Path: empty}); err == nil || !strings.Contains(err.Error(), "another tlsfloor") {
		t.Errorf("twice: %v", err)
	}
	must(t, first.Close())
}

// A file for each period, named by its beginning; each can be read alone.
func TestPeriods(t *testing.T) {
	folder := t.TempDir()
	c := &clock{now: time.Date(2026, 11, 28, 10, 0, 0, 0, time.Local)}
	f := open(t, Options{Path: filepath.Join(folder, "x-%Y%m%d-%H%M.pcapng"), Every: time.Hour, Now: c.get})
	write(t, f, "a")
	c.pass(59 * time.Minute)
	write(t, f, "b")
	c.pass(time.Minute)
	write(t, f, "c")
	c.pass(5*time.Hour + 30*time.Minute)
	write(t, f, "d")
	c.pass(29 * time.Minute)
	write(t, f, "e")
	c.pass(time.Minute)
	write(t, f, "f")
	must(t, f.Close())
	for name, want := range map[string]string{"1000": "a b", "1100": "c", "1630": "d e", "1700": "f"} {
		checkTexts(t, filepath.Join(folder, "x-20261128-"+name+".pcapng"), want)
	}
	if got := names(t, folder); strings.Count(got, " ") != 3 {
		t.Error(got)
	}
}

// A name that comes again within the period is gone on with, also by the next run and
// behind a block that a killed process has torn. After the period it is a ring.
func TestNamesThatComeAgain(t *testing.T) {
	folder := t.TempDir()
	now := time.Now()
	c := &clock{now: now}
	path := filepath.Join(folder, "x-"+now.Format("15")+".pcapng")
	o := Options{Path: filepath.Join(folder, "x-%H.pcapng"), Every: time.Hour, Now: c.get}
	f := open(t, o)
	write(t, f, "a")
	must(t, f.Close())
	whole, err := os.ReadFile(path)
	must(t, err, os.WriteFile(path, append(whole, packet("torn")[:21]...), 0o600))
	f = open(t, o)
	write(t, f, "b")
	must(t, f.Close())
	checkTexts(t, path, "a b")

	must(t, os.Chtimes(path, now.Add(-24*time.Hour), now.Add(-24*time.Hour)))
	f = open(t, o)
	write(t, f, "c")
	must(t, f.Close())
	checkTexts(t, path, "c")
}

// If the next file cannot be opened, packets go on into the one before, and the error is
// returned once.
func TestNextFileFails(t *testing.T) {
	folder := t.TempDir()
	c := &clock{now: time.Date(2026, 11, 28, 10, 0, 0, 0, time.Local)}
	f := open(t, Options{Path: filepath.Join(folder, "x-%H"), Every: time.Hour, Now: c.get})
	must(t, os.Mkdir(filepath.Join(folder, "x-11"), 0o755))
	write(t, f, "a")
	c.pass(time.Hour)
	write(t, f, "b")
	c.pass(time.Second)
	write(t, f, "c")
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "packets go on into the file before: ") {
		t.Error(err)
	}
	must(t, f.Err())
	c.pass(time.Hour)
	write(t, f, "d")
	must(t, f.Close())
	checkTexts(t, filepath.Join(folder, "x-10"), "a b c")
	checkTexts(t, filepath.Join(folder, "x-12"), "d")
}

// After SIGHUP packets go into a new file if the old one was moved away, and else into the
// same.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pcapng")
	f := open(t, Options{Path: path})
	write(t, f, "a")
	f.Reopen()
	write(t, f, "b")
	must(t, os.Rename(path, path+".1"))
	f.Reopen()
	write(t, f, "c")
	must(t, f.Close())
	checkTexts(t, path+".1", "a b")
	checkTexts(t, path, "c")
}

// slow is a pipe whose reader does not read until it is released.
type slow struct {
	bytes.Buffer
	release chan struct{}
}

func (s *slow) Write(b []byte) (int, error) {
	<-s.release
	return s.Buffer.Write(b)
}

// On interfaces, packets that find the queue full are lost, and counted. Captures wait.
// EndBy ends both.
func TestSlowReader(t *testing.T) {
	for _, live := range []bool{true, false} {
		t.Run(fmt.Sprint("live ", live), func(t *testing.T) {
			to := &slow{release: make(chan struct{}, 1)}
			to.release <- struct{}{} // the header
			f := open(t, Options{Path: "-", Stdout: to, Live: live})
			big := packet(strings.Repeat("x", 100<<10))
			f.Interface(1, "")
			wrote := make(chan struct{})
			go func() {
				for range 20 {
					f.Write(big, 1)
				}
				close(wrote)
			}()
			if live {
				<-wrote
				if lost := f.Stats().Lost; lost < 8 || lost > 15 {
					t.Errorf("%d lost", lost)
				}
				if err := f.Err(); err == nil || f.Err() != nil || err.Error() != "packets are lost: -w -: it does not take them as fast as they come" {
					t.Errorf("%v", err)
				}
			}
			select {
			case <-wrote:
				if !live {
					t.Error("the reader of captures did not wait")
				}
			case <-time.After(20 * time.Millisecond):
			}
			began := time.Now()
			f.EndBy(began.Add(50 * time.Millisecond))
			if err := f.Close(); (err == nil) != live || time.Since(began) > 5*time.Second {
				t.Errorf("%v", err)
			}
			<-wrote
			close(to.release)
		})
	}
}

// The reader of a pipe that has closed it ends the writing, with one error.
func TestReaderIsGone(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	f := open(t, Options{Path: "-", Stdout: w})
	must(t, r.Close())
	write(t, f, "a")
	write(t, f, "b")
	if err := f.Close(); !ReaderGone(err) || !f.Broken() || f.Stats() != (Stats{Lost: 2}) {
		t.Errorf("%v, %+v", err, f.Stats())
	}
	must(t, w.Close())
}

// A named pipe, and a device, are written without being replaced.
func TestPipesAndDevices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(path, 0o600))
	got := make(chan []byte)
	go func() {
		content, _ := os.ReadFile(path)
		got <- content
	}()
	f := open(t, Options{Path: path})
	write(t, f, "a")
	if f.Reopen(); f.Path() != "" {
		t.Error("a pipe is opened again")
	}
	must(t, f.Close())
	if content := <-got; !bytes.Contains(content, []byte("a")) || !pcap.Begins(content) {
		t.Errorf("%q", content)
	}
	f = open(t, Options{Path: "/dev/null"})
	write(t, f, "a")
	must(t, f.Close())
	if _, err := Open(Options{Path: "/dev/full"}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
}
