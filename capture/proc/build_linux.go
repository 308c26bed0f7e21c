package proc

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// file is a file, as it was at a time.
type file struct {
	device, inode    uint64
	seconds, nanosec int64
}

// maxPrograms bounds the programs that are remembered.
const maxPrograms = 256

// programs remember what was found in files of programs: looking takes a
// millisecond.
type programs struct {
	mu    sync.Mutex // never held while a file is read
	known map[file]built
}

// build looks into a program, if it is one of Go, and closes it. The file that
// is read is the one that was opened, also when the process runs another one
// meanwhile.
func (p *programs) build(f *os.File) built {
	defer f.Close()
	var status unix.Stat_t
	if unix.Fstat(int(f.Fd()), &status) != nil || status.Mode&unix.S_IFMT != unix.S_IFREG {
		return built{}
	}
	key := file{uint64(status.Dev), status.Ino, status.Mtim.Sec, status.Mtim.Nsec}
	if b, ok := p.get(key); ok {
		return b
	}
	b, _ := readBuilt(f) // a program of another language is remembered, too
	p.add(key, b)
	return b
}

func (p *programs) get(key file) (built, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.known[key]
	return b, ok
}

func (p *programs) add(key file, b built) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxPrograms {
		p.known = make(map[file]built)
	}
	p.known[key] = b
}
