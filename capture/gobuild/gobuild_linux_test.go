package gobuild

import (
	"bytes"
	"compress/zlib"
	"debug/buildinfo"
	"encoding/binary"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// programsHere returns the programs of this machine that are tried, in Go and other
// languages.
func programsHere(t testing.TB) (all []string) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, own)
	for _, name := range []string{"go", "gofmt", "ls", "python3", "curl"} {
		if path, err := exec.LookPath(name); err == nil {
			all = append(all, path)
		}
	}
	return all
}

// TestBuildAgreesWithTheStandardLibrary: for ordinary files the result is that of
// debug/buildinfo.
func TestBuildAgreesWithTheStandardLibrary(t *testing.T) {
	some := 0
	for _, path := range programsHere(t) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(f)
		f.Close()
		want, wantErr := buildinfo.ReadFile(path)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, where the standard library says %v", path, err, wantErr)
		}
		if err == nil && wantErr == nil {
			some++
			if got.Version != want.GoVersion {
				t.Errorf("%s: %q, not %q", path, got.Version, want.GoVersion)
			}
		}
	}
	if some == 0 {
		t.Error("no program of Go was read")
	}
}

func TestModules(t *testing.T) {
	modules := func(text string) []string {
		t.Helper()
		b, err := read(bytes.NewReader(before118(8, binary.LittleEndian, "go1.17", "0123456789abcdef"+text+"0123456789abcdef")))
		if err != nil {
			t.Fatal(err)
		}
		return b.Modules
	}
	text := "path\tx\nmod\tx\t(devel)\t\ndep\tgithub.com/aws/aws-sdk-go-v2\tv1.30.0\th1:x=\ndep\tgolang.org/x/sys\tv0.1.0\th1:y=\n" +
		"dep\tgithub.com/refraction-networking/utls\tv1.6.0\n=>\t../utls\t(devel)\t\nbuild\t-compiler=gc\n"
	want := []string{"github.com/aws/aws-sdk-go-v2@v1.30.0", "github.com/refraction-networking/utls@v1.6.0"}
	if got := modules(text); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if got := modules(strings.Repeat("dep\tgithub.com/aws/aws-sdk-go\tv1\n", 1000)); len(got) != maxModules {
		t.Errorf("%d modules", len(got))
	}
	if got := modules("dep\tgithub.com/aws/aws-sdk-go\t" + strings.Repeat("v", 1000) + "\n"); len(got) != 1 || len(got[0]) != maxModule {
		t.Errorf("%q", got)
	}
}

// elfOf returns a little-endian ELF file with words of 4 or 8 bytes. It consists of
// headers of sections, which all have the same name of the given length. The second
// section holds the name.
func elfOf(word, sections, name int) []byte {
	header, section, table, sizes := 64, 64, 40, 58
	if word == 4 {
		section, table, sizes = 40, 32, 46
	}
	b := make([]byte, header+sections*section, header+sections*section+name+1)
	copy(b, "\x7fELF\x00\x01\x01")
	b[4] = byte(word / 4)
	le := binary.LittleEndian
	le.PutUint32(b[20:], 1)
	le.PutUint32(b[table:], uint32(header))
	le.PutUint16(b[sizes:], uint16(section))
	le.PutUint16(b[sizes+2:], uint16(sections))
	le.PutUint16(b[sizes+4:], 1)
	if sections > 1 {
		names := b[header+section:]
		le.PutUint32(names[4:], 3) // SHT_STRTAB
		le.PutUint32(names[8+2*word:], uint32(len(b)))
		le.PutUint32(names[8+3*word:], uint32(name+1))
	}
	return append(append(b, bytes.Repeat([]byte{'a'}, name)...), 0)
}

func elf64(sections, name int) []byte { return elfOf(8, sections, name) }

// packedNames returns such a file with a compressed name, 1,000 to 1.
func packedNames(sections, name int) []byte {
	b := elf64(sections, 0)
	le := binary.LittleEndian
	var packed bytes.Buffer
	packed.Write(le.AppendUint64(le.AppendUint64([]byte{1, 0, 0, 0, 0, 0, 0, 0}, uint64(name+1)), 1))
	z := zlib.NewWriter(&packed)
	z.Write(append(bytes.Repeat([]byte{'a'}, name), 0))
	z.Close()
	le.PutUint64(b[64+64+8:], 0x800) // SHF_COMPRESSED
	le.PutUint64(b[64+64+32:], uint64(packed.Len()))
	return append(b[:64+sections*64], packed.Bytes()...)
}

// before118 returns a program with the build information of Go 1.13 to 1.17, with words
// of 4 or 8 bytes in either byte order.
func before118(word int, order binary.ByteOrder, version, modinfo string) []byte {
	const base, magicAt, stringsAt, textAt = 0x400000, 0x100, 0x140, 0x180
	b := make([]byte, textAt+len(version)+len(modinfo))
	put := func(at int, v uint64) {
		if word == 4 {
			order.PutUint32(b[at:], uint32(v))
		} else {
			order.PutUint64(b[at:], v)
		}
	}
	copy(b, "\x7fELF")
	b[4], b[5] = byte(word/4), 1
	if order == binary.ByteOrder(binary.BigEndian) {
		b[5] = 2
	}
	b[6] = 1
	order.PutUint32(b[20:], 1)
	b[magicAt+15] = b[5] - 1
	table, sizes, segment, flags := 32, 54, 56, 4
	if word == 4 {
		table, sizes, segment, flags = 28, 42, 32, 24
	}
	put(table, 64)
	order.PutUint16(b[sizes:], uint16(segment))
	order.PutUint16(b[sizes+2:], 1)
	order.PutUint32(b[64:], 1)
	order.PutUint32(b[64+flags:], 6)
	put(64+word, magicAt)                  // offset
	put(64+2*word, base)                   // address
	put(64+4*word, uint64(len(b)-magicAt)) // size in the file
	put(64+5*word, uint64(len(b)-magicAt)) // and in memory
	copy(b[magicAt:], "\xff Go buildinf:")
	b[magicAt+14] = byte(word)
	put(magicAt+16, base+stringsAt-magicAt)
	put(magicAt+16+word, base+stringsAt-magicAt+uint64(2*word))
	put(stringsAt, base+textAt-magicAt)
	put(stringsAt+word, uint64(len(version)))
	put(stringsAt+2*word, base+textAt-magicAt+uint64(len(version)))
	put(stringsAt+3*word, uint64(len(modinfo)))
	copy(b[textAt:], version+modinfo)
	return b
}

const oldModinfo = "0123456789abcdef\ndep\tgithub.com/aws/aws-sdk-go\tv1.25.0\n0123456789abcdef"

func TestOlderGo(t *testing.T) {
	for _, word := range []int{4, 8} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			got, err := read(bytes.NewReader(before118(word, order, "go1.13.4", oldModinfo)))
			if want := (Build{"go1.13.4", []string{"github.com/aws/aws-sdk-go@v1.25.0"}}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d bytes, %v: %+v, %v", word, order, got, err)
			}
		}
	}
}

// TestHostileProgramsTakeLittle: debug/elf would allocate 2 GiB for the first of these
// files. For a text that claims to be longer than what may be read, debug/buildinfo
// allocates 10 MiB before it reads.
func TestHostileProgramsTakeLittle(t *testing.T) {
	const firstPiece = 10 << 20
	huge := before118(8, binary.LittleEndian, "go1.13", "")
	binary.LittleEndian.PutUint64(huge[0x140+8:], 1<<62) // the length of the version
	endless := inlined("go1.22.3", oldModinfo)
	endless = append(endless[:0x120], "\xff\xff\xff\xff\xff\xff\xff\xff\x3fgo1"...)
	many := elf64(2, 10)
	binary.LittleEndian.PutUint16(many[60:], 0) // their number is in the first section
	binary.LittleEndian.PutUint64(many[64+32:], 1<<24)
	large := elf64(2, 10)
	binary.LittleEndian.PutUint16(large[58:], 0xffff)
	binary.LittleEndian.PutUint16(large[60:], 0xffff)
	segments := append(elf64(0, 0), make([]byte, 1<<22)...)
	binary.LittleEndian.PutUint64(segments[32:], 64)
	binary.LittleEndian.PutUint16(segments[54:], 56)
	binary.LittleEndian.PutUint16(segments[56:], 0xffff)
	unnamed := append(before118(8, binary.LittleEndian, "", ""), make([]byte, 8<<20)...)
	copy(unnamed[0x100:], "no such thing!")
	binary.LittleEndian.PutUint64(unnamed[64+4*8:], uint64(len(unnamed)-0x100))
	binary.LittleEndian.PutUint64(unnamed[64+5*8:], uint64(len(unnamed)-0x100))
	for name, test := range map[string]struct {
		file []byte
		most uint64
	}{
		"long names of many sections":   {elf64(2000, 1<<20), 1 << 20},
		"long names":                    {elf64(500, 1<<20), 1 << 20},
		"long names, 32 bits":           {elfOf(4, 500, 1<<20), 1 << 20},
		"packed names":                  {packedNames(500, 1<<20), 1 << 20},
		"names as long as may be":       {elf64(500, maxNames/500-1), 2 << 20},
		"headers of 4 GiB":              {large, 1 << 20},
		"more sections than the header": {many, 1 << 20},
		"segments":                      {segments, 1 << 20},
		"a long text":                   {inlined("go1.22.3", strings.Repeat("x", 8<<20)), 9 << 20},
		"much data":                     {unnamed, 2 << 20},
		"many modules":                  {inlined("go1.22.3", "0123456789abcdef"+strings.Repeat("dep\ta\tb\n", 1<<17)+"\n0123456789abcdef"), 20 << 20},
		"a version without end":         {huge, firstPiece + 1<<20},
		"the same since Go 1.18":        {endless, firstPiece + 1<<20},
		"only a header":                 {elf64(0, 0), 1 << 20},
		"nothing":                       {nil, 1 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		got, err := read(bytes.NewReader(test.file))
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if (err == nil) != (name == "many modules") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > test.most || took > time.Minute { // of work: one second and less on an idle machine
			t.Errorf("%s: %d bytes, %v", name, bytes, took)
		}
	}
}

// changing is a file whose headers change between two reads.
type changing struct {
	first, then []byte
	read        map[int64]bool
}

func (c *changing) ReadAt(b []byte, at int64) (int, error) {
	from := c.first
	if c.read[at] {
		from = c.then
	}
	c.read[at] = true
	return bytes.NewReader(from).ReadAt(b, at)
}

// TestProgramThatChanges: a file system that a user serves may return something else
// the second time.
func TestProgramThatChanges(t *testing.T) {
	c := &changing{elf64(4, 10), elf64(2000, 1<<20), map[int64]bool{}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := read(c)
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; err == nil || bytes > 1<<20 {
		t.Errorf("%d bytes, %v", bytes, err)
	}
}

// inlined returns a program with the build information of Go 1.18 and later.
func inlined(version, modinfo string) []byte {
	b := before118(8, binary.LittleEndian, "", "")
	b[0x100+15] = 2
	b = b[:0x120]
	for _, text := range []string{version, modinfo} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	binary.LittleEndian.PutUint64(b[64+4*8:], uint64(len(b)-0x100))
	return b
}

func TestInlined(t *testing.T) {
	got, err := read(bytes.NewReader(inlined("go1.22.3", oldModinfo)))
	if want := (Build{"go1.22.3", []string{"github.com/aws/aws-sdk-go@v1.25.0"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = read(bytes.NewReader(inlined("go1."+strings.Repeat("9", 1000), oldModinfo)))
	if err != nil || len(got.Version) != maxVersion {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(elf64(4, 100))
	f.Add(before118(4, binary.BigEndian, "go1.13.4", oldModinfo))
	f.Add(before118(8, binary.LittleEndian, "go1.17", oldModinfo))
	f.Add(inlined("go1.22.3", oldModinfo))
	f.Add(packedNames(4, 1000))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read(bytes.NewReader(b))
		if len(got.Version) > maxVersion || len(got.Modules) > maxModules || err != nil && got.Version != "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
