package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves space on the disk for the first size bytes of a file.
func allocate(file *os.File, size int64) (err error) {
	for range 100 { // signals of Go's scheduler may interrupt it
		err = unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
		if err != unix.EINTR {
			break
		}
	}
	return err
}
