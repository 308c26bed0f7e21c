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
	// maxNetworks bounds the network namespaces that are asked, and so the
	// containers with a network of their own.
	maxNetworks = 256
	// networksEvery is how often new ones are looked for.
	networksEvery = 2 * time.Second
)

// networks are the network namespaces of the host, each with a socket to ask
// about it.
type networks struct {
	opener opener
	own    int
	others map[string]int // by what /proc/PID/ns/net says
	looked time.Time
	denied bool // some may not be entered
}

func openNetworks(o opener) (*networks, error) {
	own, err := openDiag()
	if err != nil {
		return nil, err
	}
	return &networks{opener: o, own: own, others: make(map[string]int)}, nil
}

// find asks the own network, and then the others.
func (n *networks) find(a *asker, of connection) (owner, error) {
	o, err := a.ask(n.own, of)
	if !errors.Is(err, ErrNotFound) {
		return o, err
	}
	n.look()
	for _, fd := range n.others {
		if o, err := a.ask(fd, of); err == nil {
			return o, nil
		}
	}
	return owner{}, ErrNotFound
}

// look opens sockets in networks that are new, and closes those of networks in
// which no process is left.
func (n *networks) look() {
	if time.Since(n.looked) < networksEvery {
		return
	}
	n.looked = time.Now()
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return
	}
	seen := map[string]bool{own: true}
	for _, pid := range processes() {
		a, err := n.opener.do(request{what: wantNetwork, pid: pid})
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
	a, err := n.opener.do(request{what: wantDiag, pid: pid})
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

// processes lists the processes, the newest first as far as numbers tell.
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
