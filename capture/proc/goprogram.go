package proc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Package debug/elf copies the name of each section out of one table: a file of
// 1 MiB, which any local user may run, makes it take 2 GiB. So what little is
// needed of an ELF file is read here, within these bounds.
const (
	maxHeaders  = 512      // of sections, and of segments
	maxNames    = 64 << 10 // bytes of the table of sections' names
	maxScan     = 64 << 10 // bytes of data searched where no section is named
	maxVersion  = 64       // bytes
	maxModinfo  = 1 << 20  // bytes; 5,000 modules
	buildHeader = 32       // bytes
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

// elfFile is what an ELF header says (elf(5)). Words are 4 or 8 bytes.
type elfFile struct {
	io.ReaderAt
	order              binary.ByteOrder
	word               int
	segments, sections headers
	names              int // index of the section that holds sections' names
}

// headers are a table in the file.
type headers struct {
	at          uint64
	size, count int
}

func openELF(r io.ReaderAt) (*elfFile, error) {
	var b [64]byte
	if n, _ := r.ReadAt(b[:], 0); n < 52 || string(b[:4]) != "\x7fELF" {
		return nil, errNotELF
	}
	e := &elfFile{ReaderAt: r, order: binary.LittleEndian, word: 8}
	if b[5] == 2 {
		e.order = binary.BigEndian
	}
	tables, sizes := 32, 54
	if b[4] == 1 {
		e.word, tables, sizes = 4, 28, 42
	}
	half := func(at int) int { return int(e.order.Uint16(b[at:])) }
	e.segments = headers{e.wordAt(b[tables:]), half(sizes), half(sizes + 2)}
	e.sections = headers{e.wordAt(b[tables+e.word:]), half(sizes + 4), half(sizes + 6)}
	e.names = half(sizes + 8)
	return e, nil
}

func (e *elfFile) wordAt(b []byte) uint64 {
	if e.word == 4 {
		return uint64(e.order.Uint32(b))
	}
	return e.order.Uint64(b)
}

// bytes reads size bytes, all of them.
func (e *elfFile) bytes(at uint64, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(e, int64(at&(1<<62-1)), int64(size)), b); err != nil {
		return nil, errNotGo
	}
	return b, nil
}

// table reads headers of at least so many bytes each.
func (e *elfFile) table(h headers, least int) ([]byte, error) {
	if h.size < least || h.size > 256 || h.count > maxHeaders {
		return nil, errNotGo
	}
	return e.bytes(h.at, h.size*h.count)
}

// extent is a piece of the file.
type extent struct{ address, at, size uint64 }

// section returns the section of a name.
func (e *elfFile) section(name string) (x extent, err error) {
	b, err := e.table(e.sections, 8+4*e.word)
	if err != nil || e.names >= e.sections.count {
		return x, errNotGo
	}
	of := func(i int) extent {
		h := b[i*e.sections.size+8:]
		return extent{e.wordAt(h[e.word:]), e.wordAt(h[2*e.word:]), e.wordAt(h[3*e.word:])}
	}
	table := of(e.names)
	names, err := e.bytes(table.at, int(min(table.size, maxNames)))
	if err != nil {
		return x, err
	}
	for i := range e.sections.count {
		at := int(e.order.Uint32(b[i*e.sections.size:]))
		if at < len(names) && bytes.HasPrefix(names[at:], append([]byte(name), 0)) {
			return of(i), nil
		}
	}
	return x, errNotGo
}

// loaded lists the pieces of the file that are loaded into memory.
func (e *elfFile) loaded() (all []extent, writable extent, err error) {
	size, flags := 56, 4
	if e.word == 4 {
		size, flags = 32, 24
	}
	b, err := e.table(e.segments, size)
	if err != nil {
		return nil, writable, err
	}
	for ; len(b) >= e.segments.size && len(b) > 0; b = b[e.segments.size:] {
		if e.order.Uint32(b) != 1 { // PT_LOAD
			continue
		}
		first := e.word // 64 bits: type and flags; 32 bits: type only
		x := extent{e.wordAt(b[first+e.word:]), e.wordAt(b[first:]), e.wordAt(b[first+3*e.word:])}
		all = append(all, x)
		if e.order.Uint32(b[flags:])&2 != 0 && writable.size == 0 { // PF_W
			writable = x
		}
	}
	return all, writable, nil
}

var buildMagic = []byte("\xff Go buildinf:")

// description finds Go's description of the program: where its linker names it,
// else near the beginning of its data.
func (e *elfFile) description() (at uint64, header []byte, err error) {
	if x, err := e.section(".go.buildinfo"); err == nil {
		if b, err := e.bytes(x.at, buildHeader); err == nil && bytes.HasPrefix(b, buildMagic) {
			return x.at, b, nil
		}
	}
	_, data, err := e.loaded()
	if err != nil {
		return 0, nil, err
	}
	b, err := e.bytes(data.at, int(min(data.size, maxScan)))
	if err != nil {
		return 0, nil, err
	}
	for i := 0; i+buildHeader <= len(b); i += 16 {
		if bytes.HasPrefix(b[i:], buildMagic) {
			return data.at + uint64(i), b[i : i+buildHeader], nil
		}
	}
	return 0, nil, errNotGo
}

// readBuilt reads what a program was built from. The layout is that of package
// debug/buildinfo: since Go 1.18 (a flag says so) two strings with their lengths
// before them; since 1.13 the addresses of two Go strings.
func readBuilt(r io.ReaderAt) (b built, err error) {
	e, err := openELF(r)
	if err != nil {
		return b, err
	}
	at, header, err := e.description()
	if err != nil {
		return b, err
	}
	var version, modinfo string
	if flags := header[15]; flags&2 != 0 {
		version, modinfo, err = e.inlined(at + buildHeader)
	} else {
		version, modinfo, err = e.pointed(header)
	}
	if err != nil || !strings.HasPrefix(version, "go") && !strings.HasPrefix(version, "devel") {
		return built{}, errNotGo
	}
	return built{version, readModules(modinfo)}, nil
}

func (e *elfFile) inlined(at uint64) (version, modinfo string, err error) {
	version, at, err = e.inline(at, maxVersion)
	if err != nil {
		return "", "", err
	}
	modinfo, _, err = e.inline(at, maxModinfo)
	return version, modinfo, err
}

// inline reads a string with its length, and says where it ends. One that is
// too long is cut.
func (e *elfFile) inline(at uint64, bound int) (_ string, end uint64, err error) {
	var b [binary.MaxVarintLen64]byte
	n, _ := e.ReadAt(b[:], int64(at&(1<<62-1)))
	length, used := binary.Uvarint(b[:n])
	if used <= 0 || length > 1<<30 {
		return "", 0, errNotGo
	}
	text, err := e.bytes(at+uint64(used), int(min(length, uint64(bound))))
	return string(text), at + uint64(used) + length, err
}

func (e *elfFile) pointed(header []byte) (version, modinfo string, err error) {
	if int(header[14]) != e.word {
		return "", "", errNotGo
	}
	segments, _, err := e.loaded()
	if err != nil {
		return "", "", err
	}
	if version, err = e.goString(segments, e.wordAt(header[16:]), maxVersion); err != nil {
		return "", "", err
	}
	modinfo, err = e.goString(segments, e.wordAt(header[16+e.word:]), maxModinfo)
	if err != nil { // built without modules
		modinfo = ""
	}
	return version, modinfo, nil
}

// goString reads a string by the address of its header: an address and a length.
func (e *elfFile) goString(segments []extent, address uint64, bound int) (string, error) {
	at, ok := offset(segments, address)
	if !ok {
		return "", errNotGo
	}
	b, err := e.bytes(at, 2*e.word)
	if err != nil {
		return "", err
	}
	at, ok = offset(segments, e.wordAt(b))
	if !ok {
		return "", errNotGo
	}
	text, err := e.bytes(at, int(min(e.wordAt(b[e.word:]), uint64(bound))))
	return string(text), err
}

// offset turns an address in memory into one in the file.
func offset(segments []extent, address uint64) (uint64, bool) {
	for _, x := range segments {
		if address >= x.address && address-x.address < x.size {
			return x.at + address - x.address, true
		}
	}
	return 0, false
}

// goModules are what the paths of modules begin with that speak to AWS, or TLS
// in another way than the standard library.
var goModules = []string{
	"github.com/aws/aws-sdk-go", "github.com/minio/minio-go", "gocloud.dev", "github.com/goamz/goamz", "github.com/mitchellh/goamz",
	"github.com/refraction-networking/utls", "github.com/cloudflare/circl", "github.com/golang-fips/openssl", "github.com/microsoft/go-crypto-openssl",
}

// readModules picks from lines of "dep", path, version and sum, separated by
// tabs. Marks of 16 bytes are around them.
func readModules(modinfo string) (modules []string) {
	for line := range strings.SplitSeq(modinfo, "\n") {
		kind, rest, _ := strings.Cut(line, "\t")
		name, rest, _ := strings.Cut(rest, "\t")
		version, _, _ := strings.Cut(rest, "\t")
		if kind == "dep" && len(modules) < maxModules && matters(name) {
			modules = append(modules, bounded(name+"@"+version, MaxArgument))
		}
	}
	return modules
}

func matters(module string) bool {
	for _, prefix := range goModules {
		if strings.HasPrefix(module, prefix) {
			return true
		}
	}
	return false
}
