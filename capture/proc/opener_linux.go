package proc

import (
	"errors"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// opener does what needs rights over processes of other users. Any number of
// goroutines may use it. Its errors are unix.Errno.
type opener interface {
	do(request) (answer, error)
	// ended returns why it does not work any more, or nil.
	ended() error
}

// request is what an opener is to do.
type request struct {
	op    operation
	pid   int
	inode uint32 // for opHolds; for opScript the number of a descriptor
}

type operation uint32

// Everything that an opener does. Passing on the memory or the environment of a process
// is not among it.
const (
	opExecutable operation = iota + 1 // open the file that runs, for reading
	opPath                            // return the path of that file, as the kernel has it
	opMaps                            // open /proc/PID/maps, for reading
	opFolder                          // return the path of its working directory
	opScript                          // return the path of what is open under a number that shells read their script from
	opVariables                       // return which of tlsVariables it was started with, without values
	opHolds                           // check that the process holds a socket: no error
	opNetwork                         // return the name of its network namespace
	opDiag                            // open a socket for queries about its network namespace
	opUsers                           // open /etc/passwd, for reading
	opEnd
)

// scriptNumbers are the descriptors from which shells read their script: bash 255, others
// the first from 10 on that is free when they start.
var scriptNumbers = []uint32{255, 10, 11, 12, 13}

// answer is a text, or a descriptor that belongs to the caller.
type answer struct {
	text string
	fd   int // -1: none
}

// openBy has an opener open a file.
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

func (direct) do(r request) (answer, error) {
	at := string(folderOf(r.pid))
	switch r.op {
	case opExecutable:
		return openFile(at + "exe")
	case opMaps:
		return openFile(at + "maps")
	case opUsers:
		return openFile("/etc/passwd")
	case opPath:
		return readLink(at + "exe")
	case opFolder:
		return readLink(at + "cwd")
	case opScript:
		if !slices.Contains(scriptNumbers, r.inode) {
			return answer{fd: -1}, unix.EINVAL
		}
		return readLink(at + "fd/" + strconv.FormatUint(uint64(r.inode), 10))
	case opVariables:
		return readEnvironment(at + "environ")
	case opNetwork:
		return readLink(at + "ns/net")
	case opHolds:
		return answer{fd: -1}, holds(at+"fd", "socket:["+strconv.FormatUint(uint64(r.inode), 10)+"]")
	case opDiag:
		fd, err := openDiagIn(at + "ns/net")
		return answer{fd: fd}, errnoOf(err)
	}
	return answer{fd: -1}, unix.EINVAL
}

func openFile(path string) (answer, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return answer{fd: fd}, err
}

func readEnvironment(path string) (answer, error) {
	file, err := os.Open(path)
	if err != nil {
		return answer{fd: -1}, errnoOf(err)
	}
	defer file.Close()
	names, err := variablesIn(file)
	return answer{text: names, fd: -1}, errnoOf(err)
}

func readLink(path string) (answer, error) {
	var b [maxPath]byte
	n, err := unix.Readlink(path, b[:])
	return answer{text: string(b[:max(0, n)]), fd: -1}, err
}

// maxDescriptors bounds the descriptors of a process that are read: of a process with
// more, only a part.
const maxDescriptors = 65536

// holds looks for a descriptor that is this link. It returns ENOENT if there is none.
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

// errnoOf returns the number of an error from the kernel, and EIO for others.
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
