package proc

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// searchTimeout bounds the search of all processes for a socket. On a host with
	// thousands of them, it may not reach all.
	searchTimeout = 200 * time.Millisecond
	// maxHolders bounds the processes that are searched first.
	maxHolders = 64
	// maxNewest bounds the ids that are tried for new processes. Threads have ids, too.
	maxNewest = 64
)

// holders finds the process that holds a socket. A process that connects once connects
// again: those that held a socket before are searched first, then the newest ones.
type holders struct {
	opener opener
	recent []int     // ids of processes that held a socket, the latest first
	denied bool      // the sockets of some processes may not be read
	pause  time.Time // until then not all processes are searched
}

// find returns the process that holds the socket.
func (h *holders) find(o owner) (pid int, err error) {
	if pid := h.among(slices.Values(h.recent), o.inode); pid != 0 {
		return pid, nil
	}
	if pid := h.among(slices.Values(newest()), o.inode); pid != 0 {
		return pid, nil
	}
	if pid := h.search(o); pid != 0 {
		return pid, nil
	}
	if h.denied {
		return 0, errNotPermitted
	}
	return 0, errNotFound
}

func (h *holders) among(pids iter.Seq[int], inode uint32) int {
	for pid := range pids {
		if h.holds(pid, inode) {
			pid = leader(pid)
			h.note(pid)
			return pid
		}
	}
	return 0
}

// leader returns the process of a thread: /proc has the threads, too, although it does
// not list them.
func leader(pid int) int {
	text, err := folderOf(pid).read("status", maxSmall)
	if err != nil {
		return pid
	}
	return cmp.Or(readLeader(text), pid)
}

// search searches all processes: first those of the socket's user, who usually made it.
// Searches that find nothing take at most half of the time.
func (h *holders) search(o owner) int {
	began := time.Now()
	if began.Before(h.pause) {
		return 0
	}
	pids := processes()
	for _, same := range []bool{true, false} {
		if pid := h.among(until(began.Add(searchTimeout), ofUser(pids, o.uid, same)), o.inode); pid != 0 {
			return pid
		}
	}
	h.pause = time.Now().Add(time.Since(began))
	return 0
}

func ofUser(pids []int, uid uint32, same bool) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, pid := range pids {
			if (userOf(pid) == uid) == same && !yield(pid) {
				return
			}
		}
	}
}

func until(deadline time.Time, pids iter.Seq[int]) iter.Seq[int] {
	return func(yield func(int) bool) {
		for pid := range pids {
			if time.Now().After(deadline) || !yield(pid) {
				return
			}
		}
	}
}

func (h *holders) note(pid int) {
	h.recent = slices.DeleteFunc(h.recent, func(p int) bool { return p == pid })
	h.recent = slices.Insert(h.recent, 0, pid)
	h.recent = h.recent[:min(len(h.recent), maxHolders)]
}

// holds reports whether a process has the socket.
func (h *holders) holds(pid int, inode uint32) bool {
	_, err := h.opener.do(request{op: opHolds, pid: pid, inode: inode})
	h.denied = h.denied || err == unix.EACCES || err == unix.EPIPE
	return err == nil
}

func userOf(pid int) uint32 {
	var status unix.Stat_t
	if unix.Stat(string(folderOf(pid)), &status) != nil {
		return ^uint32(0)
	}
	return status.Uid
}

// newest returns the ids that were assigned last, without listing all processes: where
// there are thousands, that takes milliseconds, which is as long as curl lives.
func newest() (pids []int) {
	text, err := folder("/proc/").read("loadavg", maxSmall)
	if err != nil {
		return nil
	}
	last := readLast(text)
	for pid := last; pid > max(0, last-maxNewest); pid-- {
		pids = append(pids, pid)
	}
	return pids
}
