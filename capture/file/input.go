package file

import (
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/pcap"
)

// idleWait is how long an input without data is waited for before the caller
// gets its turn, and how often a followed file is looked at.
const idleWait = 100 * time.Millisecond

// control is what the inputs of one source share with other goroutines.
type control struct {
	stopped atomic.Bool
	done    atomic.Int64 // bytes read, compressed as they are
	wake    *wake        // of pumps; nil: there is no pipe
}

// input reads the bytes of one file as they lie on the disk or come through
// the pipe.
type input struct {
	r   io.Reader
	ctl *control
	// r may be a distant of file. file is nil for a reader that is no file.
	file *os.File
	// fd is the pipe, socket or terminal to ask before reading, so that a
	// quiet one does not hold the caller; -1 for a regular file.
	fd int
	// follow: the end of the file is not the end of the input.
	follow bool
	// patient: wait in Read instead of returning pcap.ErrIdle, because a
	// decompressor above cannot go on after an error.
	patient bool
	// peeking: what is read is read again later, and not counted.
	peeking bool
	// read is the offset in the file.
	read int64
}

func newInput(r io.Reader, ctl *control, follow bool) *input {
	in := &input{r: r, ctl: ctl, fd: -1}
	file, ok := r.(*os.File)
	if !ok {
		return in
	}
	in.file = file
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		in.follow = follow
		if isDistant(file) {
			in.r = &distant{file: file, ctl: ctl}
		}
	} else {
		// Fd leaves the descriptor blocking, and out of Go's poller: not to block
		// is up to the open file, which standard input shares with the programs
		// that are beside it in a shell's pipeline.
		in.fd = int(file.Fd())
	}
	return in
}

// Read returns pcap.ErrIdle when there is nothing yet, and errStopped after Stop.
func (in *input) Read(p []byte) (int, error) {
	for {
		n, err := in.try(p)
		if err != pcap.ErrIdle || !in.patient {
			return n, err
		}
		if err := wait(in.pollable(nil)); err != nil && err != pcap.ErrIdle {
			return 0, err
		}
	}
}

func (in *input) try(p []byte) (int, error) {
	if in.ctl.stopped.Load() {
		return 0, errStopped
	}
	if in.fd >= 0 && !readable(in.fd) {
		return 0, pcap.ErrIdle
	}
	n, err := in.r.Read(p)
	in.read += int64(n)
	if !in.peeking {
		in.ctl.done.Add(int64(n))
	}
	if n == 0 && err == io.EOF && in.follow {
		err = pcap.ErrIdle
	}
	return n, err
}

// pollable appends the descriptor to wait for, if there is one.
func (in *input) pollable(fds []unix.PollFd) []unix.PollFd {
	if in.fd < 0 {
		return fds
	}
	return append(fds, unix.PollFd{Fd: int32(in.fd), Events: unix.POLLIN})
}

// readable reports whether a read would not block. When the kernel cannot
// tell, the read may as well.
func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	if err != nil {
		return err != unix.EINTR // n is -1
	}
	return n > 0
}

// wait returns nil when one of fds may be read, and pcap.ErrIdle when idleWait has
// passed or a signal came first.
func wait(fds []unix.PollFd) error {
	n, err := unix.Poll(fds, int(idleWait/time.Millisecond))
	if n == 0 || err == unix.EINTR {
		return pcap.ErrIdle
	}
	return err
}
