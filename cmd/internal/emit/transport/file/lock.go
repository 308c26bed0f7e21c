package file

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

var errLocked = errors.New("another tlsfloor, or another output of this one, writes to it")

// lock keeps two writers from rotating, and mending, under each other's hands.
// A file system without locks does without.
func lock(file *os.File) error {
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	return nil
}
