//go:build !linux

package ownership

import "golang.org/x/sys/unix"

// openPath is for descriptors that only stand for a folder.
const openPath = unix.O_RDONLY

// openat2 is Linux's.
var openat2 = func(int, string, int, uint32) (int, error) { return -1, unix.ENOSYS }
