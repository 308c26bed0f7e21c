package proc

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Any local user chooses what the file of his program says. debug/elf, on which
// debug/buildinfo is built, copies the name of each section out of one table: for a
// file of 1 MiB it would take 2 GiB. It would read tables and texts of any length,
// too, and unpack a packed table of names. So a file is looked at before, and read
// within these bounds.
const (
	maxTable = 64 << 10 // bytes of the headers of sections
	maxNames = 1 << 20  // bytes of all sections' names, were each as long as the table of names
	// maxRead bounds what else is read, in bytes. Where no section is named for
	// it, a MiB of data is searched at a time, and text of 64 KiB may follow; where
	// one is, the text of a program of 5,000 modules is half a MiB.
	maxRead    = 1<<20 + 64<<10
	maxVersion = 64 // bytes
)

// built is what a Go program was built from.
type built struct {
	version string
	modules []string
}

var (
	errNotELF = errors.New("not an ELF file")
	errNotGo  = errors.New("not a Go program")
)

// readBuilt reads what a program was built from.
func readBuilt(r io.ReaderAt) (built, error) {
	p := &program{file: r, left: maxRead}
	if err := p.check(); err != nil {
		return built{}, err
	}
	info, err := buildinfo.Read(p)
	if err != nil || !strings.HasPrefix(info.GoVersion, "go") && !strings.HasPrefix(info.GoVersion, "devel") {
		return built{}, errNotGo
	}
	b := built{version: bounded(info.GoVersion, maxVersion)}
	for _, m := range info.Deps {
		if len(b.modules) < maxModules && matters(m.Path) {
			b.modules = append(b.modules, bounded(m.Path+"@"+m.Version, maxName))
		}
	}
	return b, nil
}

// program is a file that is read within bounds.
type program struct {
	file io.ReaderAt
	// kept are the headers that were checked. They are read once: a file system of
	// the user's own may answer something else the second time.
	kept []piece
	left int // bytes that may still be read
}

// piece is a part of the file.
type piece struct {
	at   int64
	data []byte
}

// ReadAt implements io.ReaderAt.
func (p *program) ReadAt(b []byte, at int64) (int, error) {
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

// keep reads a piece that is the same whenever it is read again.
func (p *program) keep(at uint64, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := p.ReadAt(b, int64(at&(1<<63-1))); err != nil {
		return nil, errNotGo
	}
	p.kept = append(p.kept, piece{int64(at & (1<<63 - 1)), b})
	return b, nil
}

// check refuses what is no ELF file, and one that would take much memory.
func (p *program) check() error {
	b, err := p.keep(0, 64)
	if err != nil || string(b[:4]) != elf.ELFMAG {
		return errNotELF
	}
	var order binary.ByteOrder = binary.LittleEndian
	if elf.Data(b[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	h, read, least := elf.Header64{}, section64, 64
	if elf.Class(b[elf.EI_CLASS]) == elf.ELFCLASS32 {
		h, read, least = header32(b, order), section32, 40
	} else if _, err := binary.Decode(b, order, &h); err != nil {
		return errNotELF
	}
	if h.Shoff == 0 {
		return nil // no sections
	}
	// A table of no sections means one of more than 65,279: that is refused, too.
	count, size := int(h.Shnum), int(h.Shentsize)
	if size < least || count*size > maxTable || int(h.Shstrndx) >= count {
		return errNotGo
	}
	table, err := p.keep(h.Shoff, count*size)
	if err != nil {
		return err
	}
	names := read(table[int(h.Shstrndx)*size:], order)
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

// section64 and section32 read the header of a section, which is there.
func section64(b []byte, order binary.ByteOrder) (s elf.Section64) {
	_, _ = binary.Decode(b, order, &s)
	return s
}

func section32(b []byte, order binary.ByteOrder) elf.Section64 {
	var s elf.Section32
	_, _ = binary.Decode(b, order, &s)
	return elf.Section64{Flags: uint64(s.Flags), Off: uint64(s.Off), Size: uint64(s.Size)}
}

// goModules are what the paths of modules begin with that speak to AWS, or TLS
// in another way than the standard library.
var goModules = []string{
	"github.com/aws/aws-sdk-go", "github.com/minio/minio-go", "gocloud.dev", "github.com/goamz/goamz", "github.com/mitchellh/goamz",
	"github.com/refraction-networking/utls", "github.com/cloudflare/circl", "github.com/golang-fips/openssl", "github.com/microsoft/go-crypto-openssl",
}

func matters(module string) bool {
	for _, prefix := range goModules {
		if strings.HasPrefix(module, prefix) {
			return true
		}
	}
	return false
}
