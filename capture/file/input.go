package file

import (
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/pcap"
)

// idleWait is how long Next waits for inputs without data before it returns, and how
// often a followed file is read again.
const idleWait = 100 * time.Millisecond

// control is what the inputs of one source share with other goroutines.
type control struct {
	stopped atomic.Bool
	done    atomic.Int64 // bytes that were read, compressed as they are
	wake    *wake        // of pumps; nil: there is no pipe
}

// input reads the bytes of one file, as they are on the disk or come through a pipe.
type input struct {
	r    io.Reader // the file, or a remoteFile
	ctl  *control
	file *os.File // nil: r is no file
	// fd is a pipe, socket or terminal, which is polled before a read so that a quiet
	// one does not block; -1: a regular file.
	fd int
	// follow: the end of the file is not the end of the input.
	follow bool
	// patient: Read waits instead of returning pcap.ErrIdle, because a decompressor
	// cannot go on after an error.
	patient bool
	// peeking: what is read now is read again later, and counted only then.
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
		if isRemote(file) {
			in.r = &remoteFile{file: file, ctl: ctl}
		}
	} else {
		// Fd makes the descriptor blocking, and Go's poller does not use it. A
		// non-blocking one would be so for other programs, too: in a shell's pipeline
		// they share the open file of standard input.
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

// readable reports whether a read would not block. If the kernel cannot tell, a read
// is tried.
func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	if err != nil {
		return err != unix.EINTR // n is -1
	}
	return n > 0
}

// pollable appends the descriptor to wait for, if there is one.
func (in *input) pollable(fds []unix.PollFd) []unix.PollFd {
	if in.fd < 0 {
		return fds
	}
	return append(fds, unix.PollFd{Fd: int32(in.fd), Events: unix.POLLIN})
}

// wait returns nil when one of fds can be read, and pcap.ErrIdle after idleWait or
// when a signal came first.
func wait(fds []unix.PollFd) error {
	n, err := unix.Poll(fds, int(idleWait/time.Millisecond))
	if n == 0 || err == unix.EINTR {
		return pcap.ErrIdle
	}
	return err
}

// stat describes the open file.
func (in *input) stat() (fs.FileInfo, error) { return interruptible(in.ctl, in.file.Stat) }

// close closes the file. The system call waits for a read that does not return, so a
// remote file is closed in another goroutine.
func (in *input) close() {
	if _, ok := in.r.(*remoteFile); ok {
		go in.file.Close()
		return
	}
	in.file.Close()
}

// openFile opens a file to read. It does not wait for another program to open a named
// pipe for writing: that is waited for later, like its data. A terminal does not
// become the process's controlling one.
func (s *Source) openFile(name string) (*os.File, error) {
	return interruptible(&s.ctl, func() (*os.File, error) { return os.OpenFile(name, os.O_RDONLY|openFlags, 0) })
}

func (s *Source) stat(name string) (fs.FileInfo, error) {
	return interruptible(&s.ctl, func() (fs.FileInfo, error) { return os.Stat(name) })
}

func (s *Source) readDir(name string) ([]fs.DirEntry, error) {
	return interruptible(&s.ctl, func() ([]fs.DirEntry, error) { return os.ReadDir(name) })
}

// remoteFile reads a file whose reads may never return.
type remoteFile struct {
	file *os.File
	ctl  *control
	buf  []byte // an abandoned read may still write there
}

func (r *remoteFile) Read(p []byte) (int, error) {
	if len(r.buf) < len(p) {
		r.buf = make([]byte, len(p))
	}
	buf := r.buf[:len(p)]
	n, err := interruptible(r.ctl, func() (int, error) { return r.file.Read(buf) })
	return copy(p, buf[:n]), err
}

const (
	// stopPatience is how long a system call may still take after Stop.
	stopPatience = 200 * time.Millisecond
	// stopCheck is how often a long call checks whether Stop was called.
	stopCheck = 20 * time.Millisecond
)

// interruptible makes a system call that a network file system or a broken disk may
// never return from. Nothing can end such a call: after Stop, interruptible returns
// errStopped and abandons the call, with the memory that it uses.
func interruptible[T any](ctl *control, call func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := call()
		done <- result{value, err}
	}()
	check := time.NewTicker(stopCheck)
	defer check.Stop()
	for late := time.Duration(0); late < stopPatience; {
		select {
		case r := <-done:
			return r.value, r.err
		case <-check.C:
			if ctl.stopped.Load() {
				late += stopCheck
			}
		}
	}
	var none T
	return none, errStopped
}
