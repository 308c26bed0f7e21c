package file

import (
	"io/fs"
	"os"
	"time"
)

const (
	// stopPatience is how long a call of the kernel may still take after Stop.
	stopPatience = 200 * time.Millisecond
	// stopCheck is how often a call that takes long looks whether there was one.
	stopCheck = 20 * time.Millisecond
)

// await makes a call that a network file system or a broken disk may never
// return from. Nothing can end such a call; after Stop, await returns errStopped
// and leaves it behind, with what it uses.
func await[T any](ctl *control, call func() (T, error)) (T, error) {
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

// openFile opens a file to be read, and does not wait for somebody to write to a
// named pipe: that is waited for as for what is written. A terminal does not
// become the process's own.
func (s *Source) openFile(name string) (*os.File, error) {
	return await(&s.ctl, func() (*os.File, error) { return os.OpenFile(name, os.O_RDONLY|openFlags, 0) })
}

func (s *Source) stat(name string) (fs.FileInfo, error) {
	return await(&s.ctl, func() (fs.FileInfo, error) { return os.Stat(name) })
}

func (s *Source) readDir(name string) ([]fs.DirEntry, error) {
	return await(&s.ctl, func() ([]fs.DirEntry, error) { return os.ReadDir(name) })
}

// stat is of the file that is open.
func (in *input) stat() (fs.FileInfo, error) { return await(in.ctl, in.file.Stat) }

// close closes the file, which was only read. That waits for a read that was left
// behind.
func (in *input) close() {
	if _, ok := in.r.(*distant); ok {
		go in.file.Close()
		return
	}
	in.file.Close()
}

// distant reads a file whose reads may never return.
type distant struct {
	file *os.File
	ctl  *control
	buf  []byte // of a read; one that was left behind still writes there
}

func (d *distant) Read(p []byte) (int, error) {
	if len(d.buf) < len(p) {
		d.buf = make([]byte, len(p))
	}
	buf := d.buf[:len(p)]
	n, err := await(d.ctl, func() (int, error) { return d.file.Read(buf) })
	return copy(p, buf[:n]), err
}
