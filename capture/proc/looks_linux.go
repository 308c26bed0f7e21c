package proc

import (
	"slices"
	"sync"
	"time"
)

const (
	// lookFor bounds a look at a process. Its command line and its program may
	// be pages of a file system that its own user answers for (FUSE), or of a
	// server that is gone: reading them can take for ever.
	lookFor = 100 * time.Millisecond
	// maxLooksOfUser bounds the looks at one user's processes that are under
	// way: who holds up some can hide details of his own processes only.
	maxLooksOfUser = 4
	// maxLooks bounds all that are under way: each may hold a thread.
	maxLooks = 64
)

// looks describe processes. Any number of goroutines may use them.
type looks struct {
	opener   opener
	programs programs
	users    users

	mu    sync.Mutex // never held while something is read
	known known
	under map[uint32]int // looks under way, by user
	all   int
}

// describe describes a process that is there, nil else. What cannot be read in
// time stays out. When it began may be given: another process may have its
// number by now. 0: any.
func (l *looks) describe(pid int, began uint64) *Process {
	where := folderOf(pid)
	start, err := where.start()
	if err != nil || began != 0 && start != began {
		return nil
	}
	id := identity{pid, start, executable(l.opener, pid)}
	if p := l.get(id); p != nil {
		return p
	}
	outline := where.outline(id, &l.users, l.opener)
	p := l.inTime(outline, func(p *Process) { where.details(p, &l.programs, l.opener) })
	if again, err := where.start(); err != nil || again != start {
		return nil // another process has the number now
	}
	if p == nil {
		return outline
	}
	l.add(id, p)
	return p
}

// inTime completes a copy of the outline; nil when it takes too long.
func (l *looks) inTime(outline *Process, complete func(*Process)) *Process {
	if !l.begin(outline.UID) {
		return nil
	}
	done := make(chan *Process, 1)
	go func() {
		defer l.end(outline.UID)
		p := *outline
		complete(&p)
		done <- &p
	}()
	late := time.NewTimer(lookFor)
	defer late.Stop()
	select {
	case p := <-done:
		return p
	case <-late.C:
		return nil
	}
}

func (l *looks) begin(uid uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= maxLooks || l.under[uid] >= maxLooksOfUser {
		return false
	}
	if l.under == nil {
		l.under = make(map[uint32]int)
	}
	l.under[uid]++
	l.all++
	return true
}

func (l *looks) end(uid uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.under[uid]--; l.under[uid] == 0 {
		delete(l.under, uid)
	}
}

func (l *looks) get(id identity) *Process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known.get(id)
}

func (l *looks) add(id identity, p *Process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known.add(id, p)
}

const (
	// maxKnown bounds the processes whose description is kept.
	maxKnown = 512
	// knownFor is how long a description is good: a program may load its TLS
	// library after its first connection.
	knownFor = 30 * time.Second
)

// identity tells processes apart: numbers are used again, and a process may
// turn into another program.
type identity struct {
	pid        int
	start      uint64
	executable string
}

// known are descriptions of processes.
type known struct {
	by    map[identity]description
	order []identity // the oldest first
}

type description struct {
	process *Process
	made    time.Time
}

func (k *known) get(id identity) *Process {
	if d, ok := k.by[id]; ok && time.Since(d.made) < knownFor {
		return d.process
	}
	return nil
}

func (k *known) add(id identity, p *Process) {
	if k.by == nil {
		k.by = make(map[identity]description)
	}
	if _, again := k.by[id]; !again {
		if len(k.order) == maxKnown {
			delete(k.by, k.order[0])
			k.order = slices.Delete(k.order, 0, 1)
		}
		k.order = append(k.order, id)
	}
	k.by[id] = description{p, time.Now()}
}
