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
	// maxNetworks bounds the network namespaces that are queried, and so the containers
	// with their own network.
	maxNetworks = 256
	// networksEvery is how often the namespaces are listed.
	networksEvery = 2 * time.Second
)

// networks are the network namespaces of the host, each with a socket for queries.
type networks struct {
	opener opener
	own    int
	others map[string]int // by the target of /proc/PID/ns/net
	listed time.Time
	denied bool // some may not be entered
}

func openNetworks(o opener) (*networks, error) {
	own, err := openDiag()
	if err != nil {
		return nil, err
	}
	return &networks{opener: o, own: own, others: make(map[string]int)}, nil
}

// find queries the own network, and then the others.
func (n *networks) find(d *diag, of connection) (owner, error) {
	o, err := d.find(n.own, of)
	if !errors.Is(err, errNotFound) {
		return o, err
	}
	n.list()
	for _, fd := range n.others {
		if o, err := d.find(fd, of); err == nil {
			return o, nil
		}
	}
	return owner{}, errNotFound
}

// list opens sockets in new networks, and closes those of networks without a process.
func (n *networks) list() {
	if time.Since(n.listed) < networksEvery {
		return
	}
	n.listed = time.Now()
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return
	}
	seen := map[string]bool{own: true}
	for _, pid := range processes() {
		a, err := n.opener.do(request{op: opNetwork, pid: pid})
		switch {
		case err == unix.EACCES || err == unix.EPIPE:
			n.denied = true
		case err == nil && !seen[a.text]:
			seen[a.text] = true
			n.add(a.text, pid)
		}
	}
	for name, fd := range n.others {
		if !seen[name] {
			unix.Close(fd)
			delete(n.others, name)
		}
	}
}

func (n *networks) add(name string, pid int) {
	if _, known := n.others[name]; known || len(n.others) >= maxNetworks {
		return
	}
	a, err := n.opener.do(request{op: opDiag, pid: pid})
	if err != nil || a.fd < 0 {
		n.denied = n.denied || err == unix.EPERM
		return
	}
	n.others[name] = a.fd
}

func (n *networks) close() error {
	errs := []error{unix.Close(n.own)}
	for _, fd := range n.others {
		errs = append(errs, unix.Close(fd))
	}
	return errors.Join(errs...)
}

// processes returns the ids of all processes, the highest first: usually the newest.
func processes() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.SortFunc(pids, func(a, b int) int { return b - a })
	return pids
}
