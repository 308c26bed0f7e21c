package gobuild

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Build is what a Go program was built from.
type Build struct {
	Version string   // "go1.22.3"; empty: no Go program
	Modules []string // those that speak to AWS, or implement TLS: path@version, at most 8
}

// Bounds of a Build, and of the programs that are remembered.
const (
	maxModules = 8
	maxModule  = 256 // bytes
	maxBuilds  = 256
)

// Cache remembers what programs were built from: reading that takes a
// millisecond. Any number of goroutines may use it. Its zero value is ready for use.
type Cache struct {
	mu    sync.Mutex // not held while a file is read
	known map[fileState]Build
}

// fileState tells files apart, and states of one file.
type fileState struct {
	device, inode    uint64
	seconds, nanosec int64 // of the last change
}

// Read returns what a program was built from, or nothing if it is no Go program, and
// closes the file. That file is read even if the process runs another one meanwhile.
func (c *Cache) Read(f *os.File) Build {
	defer f.Close()
	var status unix.Stat_t
	if unix.Fstat(int(f.Fd()), &status) != nil || status.Mode&unix.S_IFMT != unix.S_IFREG {
		return Build{}
	}
	key := fileState{uint64(status.Dev), status.Ino, status.Mtim.Sec, status.Mtim.Nsec}
	if b, ok := c.get(key); ok {
		return b
	}
	b, _ := read(f) // a program in another language is remembered, too
	c.add(key, b)
	return b
}

func (c *Cache) get(key fileState) (Build, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.known[key]
	return b, ok
}

func (c *Cache) add(key fileState, b Build) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxBuilds {
		c.known = make(map[fileState]Build)
	}
	c.known[key] = b
}

// Any local user chooses the content of his program's file. debug/elf, which
// debug/buildinfo uses, copies the name of each section out of one table: for a file of
// 1 MiB it would allocate 2 GiB. It would also read tables and texts of any length, and
// decompress a compressed table of names. So the headers are checked first, and the
// file is read within these bounds.
const (
	maxTable = 64 << 10 // bytes of the headers of sections
	maxNames = 1 << 20  // bytes of all sections' names, if each were as long as the table of names
	// maxRead bounds what is read in all, in bytes. Where no section is named for
	// build information, debug/buildinfo searches a MiB of data at a time, and 64 KiB of
	// text may follow; where one is, the text of a program of 5,000 modules has half a
	// MiB.
	maxRead    = 1<<20 + 64<<10
	maxVersion = 64 // bytes
)

var (
	errNotELF = errors.New("not an ELF file")
	errNotGo  = errors.New("not a Go program")
)

// read reads what a program was built from.
func read(r io.ReaderAt) (Build, error) {
	p := &boundedFile{file: r, left: maxRead}
	if err := p.check(); err != nil {
		return Build{}, err
	}
	info, err := buildinfo.Read(p)
	if err != nil || !strings.HasPrefix(info.GoVersion, "go") && !strings.HasPrefix(info.GoVersion, "devel") {
		return Build{}, errNotGo
	}
	b := Build{Version: bounded(info.GoVersion, maxVersion)}
	for _, m := range info.Deps {
		if len(b.Modules) < maxModules && isRelevant(m.Path) {
			b.Modules = append(b.Modules, bounded(m.Path+"@"+m.Version, maxModule))
		}
	}
	return b, nil
}

// boundedFile is a program's file that is read within bounds.
type boundedFile struct {
	file io.ReaderAt
	// kept are the headers that were checked. They are read only once: a file system
	// that the user serves may return something else the second time.
	kept []piece
	left int // bytes that may still be read
}

// piece is a part of the file.
type piece struct {
	at   int64
	data []byte
}

// ReadAt implements io.ReaderAt.
func (p *boundedFile) ReadAt(b []byte, at int64) (int, error) {
	for _, k := range p.kept {
		if at >= k.at && at-k.at <= int64(len(k.data)-len(b)) {
			return copy(b, k.data[at-k.at:]), nil
		}
	}
	if len(b) > p.left {
		return 0, errNotGo
	}
	p.left -= len(b)
	return p.file.ReadAt(b, at)
}

// keep reads a piece that ReadAt returns again from memory.
func (p *boundedFile) keep(at uint64, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := p.ReadAt(b, int64(at&(1<<63-1))); err != nil {
		return nil, errNotGo
	}
	p.kept = append(p.kept, piece{int64(at & (1<<63 - 1)), b})
	return b, nil
}

// check refuses a file that is no ELF file, or that would take much memory to read.
func (p *boundedFile) check() error {
	b, err := p.keep(0, 64)
	if err != nil || string(b[:4]) != elf.ELFMAG {
		return errNotELF
	}
	var order binary.ByteOrder = binary.LittleEndian
	if elf.Data(b[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	h, section, least := elf.Header64{}, readSection64, 64
	if elf.Class(b[elf.EI_CLASS]) == elf.ELFCLASS32 {
		h, section, least = header32(b, order), readSection32, 40
	} else if _, err := binary.Decode(b, order, &h); err != nil {
		return errNotELF
	}
	if h.Shoff == 0 {
		return nil // no sections
	}
	// A count of 0 means more than 65,279 sections: that is refused, too.
	count, size := int(h.Shnum), int(h.Shentsize)
	if size < least || count*size > maxTable || int(h.Shstrndx) >= count {
		return errNotGo
	}
	table, err := p.keep(h.Shoff, count*size)
	if err != nil {
		return err
	}
	names := section(table[int(h.Shstrndx)*size:], order)
	if elf.SectionFlag(names.Flags)&elf.SHF_COMPRESSED != 0 || names.Size > uint64(maxNames/count) {
		return errNotGo
	}
	_, err = p.keep(names.Off, int(names.Size))
	return err
}

func header32(b []byte, order binary.ByteOrder) elf.Header64 {
	var h elf.Header32
	_, _ = binary.Decode(b, order, &h) // 64 bytes are enough
	return elf.Header64{
		Shoff: uint64(h.Shoff), Shentsize: h.Shentsize, Shnum: h.Shnum, Shstrndx: h.Shstrndx,
	}
}

// readSection64 and readSection32 read the header of a section. b is long enough.
func readSection64(b []byte, order binary.ByteOrder) (s elf.Section64) {
	_, _ = binary.Decode(b, order, &s)
	return s
}

func readSection32(b []byte, order binary.ByteOrder) elf.Section64 {
	var s elf.Section32
	_, _ = binary.Decode(b, order, &s)
	return elf.Section64{Flags: uint64(s.Flags), Off: uint64(s.Off), Size: uint64(s.Size)}
}

// goModules are the beginnings of paths of modules that speak to AWS, or that implement
// TLS in place of the standard library.
var goModules = []string{
	"github.com/aws/aws-sdk-go", "github.com/minio/minio-go", "gocloud.dev", "github.com/goamz/goamz", "github.com/mitchellh/goamz",
	"github.com/refraction-networking/utls", "github.com/cloudflare/circl", "github.com/golang-fips/openssl", "github.com/microsoft/go-crypto-openssl",
}

func bounded(s string, bytes int) string { return s[:min(len(s), bytes)] }

func isRelevant(module string) bool {
	for _, prefix := range goModules {
		if strings.HasPrefix(module, prefix) {
			return true
		}
	}
	return false
}
