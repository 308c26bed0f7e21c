package ownership

import "golang.org/x/sys/unix"

// openPath is for descriptors that only stand for a folder.
const openPath = unix.O_PATH

// openat2 opens something without following a link anywhere on the way. It is a
// variable so that tests can have a kernel without it.
var openat2 = func(folder int, name string, flags int, mode uint32) (int, error) {
	return unix.Openat2(folder, name, &unix.OpenHow{
		Flags: uint64(flags), Mode: uint64(mode),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}
