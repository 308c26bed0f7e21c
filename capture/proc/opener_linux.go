package proc

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// wanted is what is asked of an opener.
type wanted uint32

// What takes rights over the processes of other users. Memory and environment
// of a process are not among it.
const (
	wantProgram wanted = iota + 1 // the file that runs, open for reading
	wantPath                      // the path of that file, as the kernel has it
	wantMaps                      // /proc/PID/maps, open for reading
	wantHolds                     // whether the process has a socket: no error
	wantNetwork                   // the name of its network
	wantDiag                      // a socket that asks about its network
	wantUsers                     // /etc/passwd, open for reading
	wantedEnd
)

// request is a question to an opener.
type request struct {
	what  wanted
	pid   int
	inode uint32 // of wantHolds
}

// opened is an answer: text, or a descriptor that belongs to whoever asked.
type opened struct {
	text string
	fd   int // -1: none
}

// opener does what takes rights over processes of other users. Any number of
// goroutines may use it. Its errors are unix.Errno.
type opener interface {
	do(request) (opened, error)
	// ended returns why nothing can be asked any more; nil: it can.
	ended() error
}

// openBy returns a file that is asked for.
func openBy(o opener, r request) (*os.File, error) {
	a, err := o.do(r)
	if err == nil && a.fd < 0 {
		err = unix.EIO
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(a.fd), "of process "+strconv.Itoa(r.pid)), nil
}

// direct is the opener of a process that has the rights itself.
type direct struct{}

func (direct) ended() error { return nil }

func (direct) do(r request) (opened, error) {
	at := string(folderOf(r.pid))
	switch r.what {
	case wantProgram:
		return openFile(at + "exe")
	case wantMaps:
		return openFile(at + "maps")
	case wantUsers:
		return openFile("/etc/passwd")
	case wantPath:
		return readLink(at + "exe")
	case wantNetwork:
		return readLink(at + "ns/net")
	case wantHolds:
		return opened{fd: -1}, holds(at+"fd", "socket:["+strconv.FormatUint(uint64(r.inode), 10)+"]")
	case wantDiag:
		fd, err := openDiagIn(at + "ns/net")
		return opened{fd: fd}, errnoOf(err)
	}
	return opened{fd: -1}, unix.EINVAL
}

func openFile(path string) (opened, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return opened{fd: fd}, err
}

func readLink(path string) (opened, error) {
	var b [maxPath]byte
	n, err := unix.Readlink(path, b[:])
	return opened{text: string(b[:max(0, n)]), fd: -1}, err
}

// maxDescriptors bounds the descriptors of a process that are looked at.
const maxDescriptors = 65536

// holds looks for a descriptor that is the link; ENOENT: there is none. Of a
// process with very many only a part is looked at.
func holds(folder, link string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return errnoOf(err)
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxDescriptors)
	var b [64]byte
	for _, name := range names {
		n, err := unix.Readlink(folder+"/"+name, b[:])
		if err == nil && string(b[:n]) == link {
			return nil
		}
	}
	return unix.ENOENT
}

// errnoOf is the number of an error that the kernel gave; EIO of others.
func errnoOf(err error) error {
	var errno unix.Errno
	switch {
	case err == nil:
		return nil
	case errors.As(err, &errno):
		return errno
	}
	return unix.EIO
}
