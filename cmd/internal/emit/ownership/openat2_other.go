//go:build !linux

package ownership

import "golang.org/x/sys/unix"

// openPath opens a folder only as a base for other calls.
const openPath = unix.O_RDONLY

// openat2 exists on Linux only.
var openat2 = func(int, string, int, uint32) (int, error) { return -1, unix.ENOSYS }
