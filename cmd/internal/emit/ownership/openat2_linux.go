package ownership

import "golang.org/x/sys/unix"

// openPath opens a folder only as a base for other calls.
const openPath = unix.O_PATH

// openat2 opens a path without following any link. It is a variable so that tests can
// replace it by a kernel without it.
var openat2 = func(folder int, name string, flags int, mode uint32) (int, error) {
	return unix.Openat2(folder, name, &unix.OpenHow{
		Flags: uint64(flags), Mode: uint64(mode),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}
