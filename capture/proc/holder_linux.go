package proc

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// searchFor bounds the search of all processes for a socket. On a host with
	// thousands the others are found by those that were holders before.
	searchFor = 200 * time.Millisecond
	// maxHolders bounds the processes that are looked at first.
	maxHolders = 64
)

// holders finds the process that holds a socket. Who connects once connects
// again: those who held one are looked at first.
type holders struct {
	recent []int // process ids, the last first
	denied bool  // some may not be looked at
}

// find returns the process that holds the socket, 0 when none does.
func (h *holders) find(o owner) (pid int) {
	link := "socket:[" + strconv.FormatUint(uint64(o.inode), 10) + "]"
	for _, pid := range h.recent {
		if h.holds(pid, link) {
			h.note(pid)
			return pid
		}
	}
	deadline := time.Now().Add(searchFor)
	for _, same := range []bool{true, false} { // a socket's user is its maker's, as a rule
		for _, pid := range processes() {
			if time.Now().After(deadline) {
				return 0
			}
			if (userOf(pid) == o.uid) == same && h.holds(pid, link) {
				h.note(pid)
				return pid
			}
		}
	}
	return 0
}

func (h *holders) note(pid int) {
	h.recent = slices.DeleteFunc(h.recent, func(p int) bool { return p == pid })
	h.recent = slices.Insert(h.recent, 0, pid)
	h.recent = h.recent[:min(len(h.recent), maxHolders)]
}

// holds reports whether one of the process's descriptors is the link. Who has
// thousands of them is looked at only in part.
func (h *holders) holds(pid int, link string) bool {
	path := string(folderOf(pid)) + "fd"
	dir, err := os.Open(path)
	if err != nil {
		h.denied = h.denied || errors.Is(err, unix.EACCES)
		return false
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxDescriptors)
	var b [64]byte
	for _, name := range names {
		n, err := unix.Readlink(path+"/"+name, b[:])
		if err == nil && string(b[:n]) == link {
			return true
		}
	}
	return false
}

// maxDescriptors bounds the descriptors of a process that are looked at.
const maxDescriptors = 65536

func userOf(pid int) uint32 {
	var status unix.Stat_t
	if unix.Stat(string(folderOf(pid)), &status) != nil {
		return ^uint32(0)
	}
	return status.Uid
}
