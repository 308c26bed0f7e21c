package file

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// nextWithin reads a frame, ignoring timeouts.
func nextWithin(t *testing.T, s *Source) (capture.Frame, error) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < patience; {
		if f, err := nextCopy(s); err != capture.ErrTimeout {
			return f, err
		}
	}
	t.Fatal("nothing came")
	return capture.Frame{}, nil
}

func wantFrames(t *testing.T, s *Source, want ...capture.Frame) {
	t.Helper()
	var got []capture.Frame
	for range want {
		f, err := nextWithin(t, s)
		check(t, err)
		got = append(got, f)
	}
	captures.Same(t, got, want)
}

// wantTimeouts checks that s is quiet, and that Next returns then.
func wantTimeouts(t *testing.T, s *Source, n int) {
	t.Helper()
	for range n {
		if f, err := nextCopy(s); err != capture.ErrTimeout {
			t.Fatalf("%+v, %v; want a timeout", f, err)
		}
	}
}

func wantError(t *testing.T, s *Source, kind error) {
	t.Helper()
	f, err := nextWithin(t, s)
	var input *capture.InputError
	if !errors.Is(err, kind) || !errors.As(err, &input) {
		t.Fatalf("%+v, %v; want %v", f, err, kind)
	}
}

// TestPipe: Next returns while a pipe is quiet, and io.EOF at its end.
func TestPipe(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(41, 42)), 3)
	content := captures.Pcap(t, frames)
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	s := mustOpen(t, Options{Stdin: r}, "-")
	defer s.Close()
	wantTimeouts(t, s, 2)
	half := offsetOf(frames, 1) + 20 // in the middle of the second record
	for _, piece := range [][]byte{content[:3], content[3:30], content[30:half]} {
		write(t, w, piece)
	}
	wantFrames(t, s, frames[0])
	wantTimeouts(t, s, 2)
	write(t, w, content[half:])
	wantFrames(t, s, frames[1:]...)
	wantTimeouts(t, s, 1)
	check(t, w.Close())
	if _, err := nextWithin(t, s); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func write(t *testing.T, w io.Writer, content []byte) {
	t.Helper()
	_, err := w.Write(content)
	check(t, err)
}

// TestPipeMerged: the next frame of a quiet pipe may be the earliest, so files have to
// wait for it.
func TestPipeMerged(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(43, 44)), 4)
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	s := mustOpen(t, Options{Stdin: r}, writeTemp(t, "odd", captures.Pcap(t, []capture.Frame{frames[1], frames[3]})), "-")
	defer s.Close()
	wantTimeouts(t, s, 2)
	write(t, w, captures.Pcap(t, frames[:1]))
	wantFrames(t, s, frames[0])
	wantTimeouts(t, s, 2)
	write(t, w, captures.Pcap(t, frames[2:3])[captures.PcapHeaderLen:])
	wantFrames(t, s, frames[1:3]...)
	check(t, w.Close())
	wantFrames(t, s, frames[3])
}

// TestStopWhileWaiting: Stop ends a source that waits, also in a decompressor.
func TestStopWhileWaiting(t *testing.T) {
	t.Parallel()
	content := captures.Pcap(t, distinctFrames(rand.New(rand.NewPCG(45, 46)), 3))
	fromXz, err := os.ReadFile("../compress/testdata/two-frames.pcap.xz")
	check(t, err)
	for name, begin := range map[string][]byte{
		"nothing": nil,
		"plain":   content[:30],
		"gzip":    captures.Compressors["gzip"](t, content)[:20],
		"zstd":    captures.Compressors["zstd"](t, content)[:20],
		"lz4":     captures.Compressors["lz4"](t, content)[:20],
		"xz":      fromXz[:20],
		"bzip2":   []byte("BZh91AY&SY"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			check(t, err)
			defer r.Close()
			defer w.Close()
			write(t, w, begin)
			s := mustOpen(t, Options{Stdin: r}, "-")
			defer s.Close()
			time.AfterFunc(2*idleWait, s.Stop)
			if _, err := nextWithin(t, s); err != io.EOF {
				t.Errorf("after Stop: %v", err)
			}
		})
	}
}

// TestDeviceIsNoRegularFile: an input that cannot be opened twice is opened once.
func TestDeviceIsNoRegularFile(t *testing.T) {
	_, err := readAll(t, os.DevNull, os.DevNull)
	if !errors.Is(err, capture.ErrNotCapture) || strings.Count(err.Error(), "it is empty") != 2 {
		t.Errorf("%v", err)
	}
}

// growing is a file that a test appends to.
type growing struct {
	t    *testing.T
	path string
	file *os.File
}

func newGrowing(t *testing.T, path string) *growing {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	check(t, err)
	t.Cleanup(func() { file.Close() })
	return &growing{t, path, file}
}

func (g *growing) add(content []byte) {
	g.t.Helper()
	write(g.t, g.file, content)
}

// TestFollow: a file is read as it grows, also before it has a header, and with records
// that are written in two pieces.
func TestFollow(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(47, 48)), 4)
	for name, format := range map[string]func(testing.TB, []capture.Frame) []byte{"pcap": captures.Pcap, "pcapng": captures.Pcapng} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := format(t, frames)
			upTo := func(n int) int { return len(format(t, frames[:n])) }
			g := newGrowing(t, filepath.Join(t.TempDir(), "growing"))
			s := mustOpen(t, Options{Follow: true}, g.path)
			defer s.Close()
			wantTimeouts(t, s, 2)
			g.add(content[:10])
			wantTimeouts(t, s, 1)
			g.add(content[10 : upTo(1)+5])
			wantFrames(t, s, frames[0])
			wantTimeouts(t, s, 2)
			g.add(content[upTo(1)+5 : upTo(2)])
			wantFrames(t, s, frames[1])
			g.add(content[upTo(2):])
			wantFrames(t, s, frames[2:]...)
			wantTimeouts(t, s, 1)
			s.Stop()
			if _, err := nextWithin(t, s); err != io.EOF {
				t.Errorf("after Stop: %v", err)
			}
		})
	}
}

// TestFollowSeveral: one followed file at its end does not hold up another.
func TestFollowSeveral(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(49, 50)), 4)
	dir := t.TempDir()
	one, two := newGrowing(t, filepath.Join(dir, "one")), newGrowing(t, filepath.Join(dir, "two"))
	one.add(captures.Pcap(t, frames[:1]))
	two.add(captures.Pcap(t, frames[1:3]))
	s := mustOpen(t, Options{Follow: true}, one.path, two.path)
	defer s.Close()
	wantFrames(t, s, frames[:3]...)
	wantTimeouts(t, s, 2)
	one.add(captures.Pcap(t, frames[3:])[captures.PcapHeaderLen:])
	wantFrames(t, s, frames[3])
	wantTimeouts(t, s, 1)
}

// TestFollowReplaced: when another file takes the name, or the file is written again,
// there is an error, and the new content is read.
func TestFollowReplaced(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(51, 52)), 4)
	replace := map[string]func(*growing) *growing{
		"by another file": func(g *growing) *growing {
			check(t, os.Rename(g.path, g.path+".1"))
			return newGrowing(t, g.path)
		},
		"in place": func(g *growing) *growing { return newGrowing(t, g.path) },
	}
	for name, replaced := range replace {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGrowing(t, filepath.Join(t.TempDir(), "x"))
			g.add(captures.Pcap(t, frames[:2]))
			s := mustOpen(t, Options{Follow: true}, g.path)
			defer s.Close()
			wantFrames(t, s, frames[:2]...)
			wantTimeouts(t, s, 1)
			g = replaced(g)
			wantError(t, s, ErrReplaced)
			wantTimeouts(t, s, 1)
			g.add(captures.Pcap(t, frames[2:]))
			wantFrames(t, s, frames[2:]...)
		})
	}
}

// TestFollowRemoved: a file that was removed is read when it is there again.
func TestFollowRemoved(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(53, 54)), 4)
	g := newGrowing(t, filepath.Join(t.TempDir(), "x"))
	g.add(captures.Pcap(t, frames[:2]))
	s := mustOpen(t, Options{Follow: true}, g.path)
	defer s.Close()
	wantFrames(t, s, frames[:2]...)
	check(t, os.Remove(g.path))
	wantError(t, s, ErrAbsent)
	newGrowing(t, g.path).add(captures.Pcap(t, frames[2:]))
	wantError(t, s, ErrReplaced)
	wantFrames(t, s, frames[2:]...)
	wantTimeouts(t, s, 1)
}

// TestFollowAbsent: a file that does not exist yet is read when it appears, but only if
// its folder exists.
func TestFollowAbsent(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(57, 58)), 2)
	path := filepath.Join(t.TempDir(), "x")
	s := mustOpen(t, Options{Follow: true}, path)
	defer s.Close()
	wantError(t, s, ErrAbsent)
	wantTimeouts(t, s, 2)
	newGrowing(t, path).add(captures.Pcap(t, frames))
	wantFrames(t, s, frames...)
	wantTimeouts(t, s, 1)

	nowhere := mustOpen(t, Options{Follow: true}, filepath.Join(t.TempDir(), "none", "x"))
	defer nowhere.Close()
	wantError(t, nowhere, os.ErrNotExist)
	if _, err := nextWithin(t, nowhere); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// TestFollowRenamed: what was written to a file before it was renamed is read, also when
// the new file is there already; in a folder, nothing is read twice.
func TestFollowRenamed(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(59, 60)), 6)
	for _, of := range []string{"file", "folder"} {
		t.Run(of, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x")
			g := newGrowing(t, path)
			g.add(captures.Pcap(t, frames[:2]))
			named := path
			if of == "folder" {
				named = filepath.Dir(path)
			}
			s := mustOpen(t, Options{Follow: true}, named)
			defer s.Close()
			wantFrames(t, s, frames[:2]...)
			wantTimeouts(t, s, 1)
			g.add(captures.Pcap(t, frames[2:4])[captures.PcapHeaderLen:])
			check(t, os.Rename(path, path+".1"))
			newGrowing(t, path).add(captures.Pcap(t, frames[4:]))
			wantFrames(t, s, frames[2:4]...)
			if of == "file" {
				wantError(t, s, ErrReplaced)
			}
			wantFrames(t, s, frames[4:]...)
			wantTimeouts(t, s, 2*int(watchEvery/idleWait))
		})
	}
}

// TestFollowDirectory: a ring of files is written. New files are read, older ones are
// closed, and a file that is written again counts as new.
func TestFollowDirectory(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(55, 56)), 8)
	dir := t.TempDir()
	s := mustOpen(t, Options{Follow: true}, dir)
	defer s.Close()
	wantTimeouts(t, s, 1)
	check(t, os.WriteFile(filepath.Join(dir, "notes"), []byte("no capture"), 0o600))
	ring := func(i int) *growing { return newGrowing(t, filepath.Join(dir, []string{"ring0", "ring1"}[i%2])) }

	first := ring(0)
	first.add(captures.Pcap(t, frames[:2]))
	wantFrames(t, s, frames[:2]...)
	first.add(captures.Pcap(t, frames[2:3])[captures.PcapHeaderLen:])
	wantFrames(t, s, frames[2])
	ring(1).add(captures.Pcap(t, frames[3:5]))
	wantFrames(t, s, frames[3:5]...)
	if open := openFiles(t, dir); open != 3 { // this test holds two of them
		t.Errorf("%d files are open, want 3", open)
	}
	ring(2).add(captures.Pcap(t, frames[5:7]))
	wantFrames(t, s, frames[5:7]...)
	wantTimeouts(t, s, 1)
	if l := s.LeftOut(); len(l) != 0 { // it says what Open left out
		t.Errorf("left out %+v", l)
	}
}
