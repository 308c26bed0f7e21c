package file

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// TestNamedPipe: Open returns although no program writes to a named pipe, and what is
// written later is read.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(51, 52)), 3)
	name := filepath.Join(t.TempDir(), "pipe")
	check(t, unix.Mkfifo(name, 0o600))
	s := mustOpen(t, Options{}, name)
	defer s.Close()
	wantTimeouts(t, s, 2)
	w, err := os.OpenFile(name, os.O_WRONLY, 0)
	check(t, err)
	write(t, w, captures.Pcap(t, frames))
	wantFrames(t, s, frames...)
	wantTimeouts(t, s, 1)
	check(t, w.Close())
	if _, err := nextWithin(t, s); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// TestQuietCompressedPipe: the decompressor of a pipe waits for data, but Next returns,
// and other inputs are read.
func TestQuietCompressedPipe(t *testing.T) {
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(53, 54)), 400)
	content := captures.Pcap(t, frames)
	for name, pack := range captures.Compressors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packed := pack(t, content)
			r, w, err := os.Pipe()
			check(t, err)
			defer r.Close()
			s := mustOpen(t, Options{Stdin: r}, "-")
			defer s.Close()
			wantTimeouts(t, s, 1)
			for _, part := range [][]byte{packed[:6], packed[6:20], packed[20 : len(packed)-9]} {
				write(t, w, part)
				for got := 0; ; got++ { // what could be decompressed by now, and then nothing
					_, err := nextCopy(s)
					if err == capture.ErrTimeout {
						break
					}
					check(t, err)
					if got > len(frames) {
						t.Fatal("more frames than were written")
					}
				}
			}
			write(t, w, packed[len(packed)-9:])
			check(t, w.Close())
			for err = error(nil); err == nil || err == capture.ErrTimeout; {
				_, err = nextCopy(s)
			}
			if err != io.EOF || s.Stats().Frames != uint64(len(frames)) {
				t.Errorf("%d frames of %d, then %v", s.Stats().Frames, len(frames), err)
			}
		})
	}
}

// TestDevices: devices have no end, and cannot be read again from the beginning.
func TestDevices(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"/dev/zero", "/dev/urandom", "/dev/full"} {
		s := mustOpen(t, Options{}, name)
		if _, err := nextWithin(t, s); !errors.Is(err, capture.ErrNotCapture) && !errors.Is(err, capture.ErrDamaged) && !errors.Is(err, capture.ErrTruncated) {
			t.Errorf("%s: %v", name, err)
		}
		check(t, s.Close())
	}
}

// TestStopLeavesACallBehind: Stop abandons a read from a file system that does not
// answer, here a pipe without a writer.
func TestStopLeavesACallBehind(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	check(t, err)
	defer w.Close()
	var s Source
	in := &input{r: &remoteFile{file: r, ctl: &s.ctl}, ctl: &s.ctl, file: r, fd: -1}
	time.AfterFunc(2*idleWait, s.Stop)
	begin := time.Now()
	n, err := in.Read(make([]byte, 10))
	if took := time.Since(begin); n != 0 || err != errStopped || took > time.Second {
		t.Errorf("%d bytes, %v after %v", n, err, took)
	}
}

func TestRemoteFileReadsTheSame(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 20_000)
	file, err := os.Open(writeTemp(t, "odd", content))
	check(t, err)
	defer file.Close()
	got, err := io.ReadAll(&remoteFile{file: file, ctl: new(control)})
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes of %d, %v", len(got), len(content), err)
	}
}
