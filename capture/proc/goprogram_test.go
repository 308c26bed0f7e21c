package proc

import (
	"bytes"
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

// programsHere are programs of Go and of other languages, as far as they are
// there.
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

// The standard library's reader is the truth about files that mean no harm.
func TestBuiltAgreesWithTheStandardLibrary(t *testing.T) {
	some := 0
	for _, path := range programsHere(t) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readBuilt(f)
		f.Close()
		want, wantErr := buildinfo.ReadFile(path)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v, where the standard library says %v", path, err, wantErr)
		}
		if err == nil && wantErr == nil {
			some++
			if got.version != want.GoVersion {
				t.Errorf("%s: %q, not %q", path, got.version, want.GoVersion)
			}
		}
	}
	if some == 0 {
		t.Error("no program of Go was read")
	}
}

func TestModules(t *testing.T) {
	text := "0123456789abcdefpath\tx\nmod\tx\t(devel)\t\ndep\tgithub.com/aws/aws-sdk-go-v2\tv1.30.0\th1:x=\ndep\tgolang.org/x/sys\tv0.1.0\th1:y=\n" +
		"dep\tgithub.com/refraction-networking/utls\tv1.6.0\n=>\t../utls\t(devel)\t\ndep\nbuild\t-compiler=gc\n0123456789abcdef"
	want := []string{"github.com/aws/aws-sdk-go-v2@v1.30.0", "github.com/refraction-networking/utls@v1.6.0"}
	if got := readModules(text); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	if got := readModules(strings.Repeat("dep\tgithub.com/aws/aws-sdk-go\tv1\n", 1000)); len(got) != maxModules {
		t.Errorf("%d modules", len(got))
	}
}

// elf64 is a little-endian file with headers and nothing else.
func elf64(sections, names int) []byte {
	b := make([]byte, 64+sections*64, 64+sections*64+names)
	copy(b, "\x7fELF\x02\x01\x01")
	le := binary.LittleEndian
	le.PutUint64(b[40:], 64)
	le.PutUint16(b[58:], 64)
	le.PutUint16(b[60:], uint16(sections))
	le.PutUint16(b[62:], 1)
	for i := range sections {
		le.PutUint32(b[64+i*64+4:], 1)
	}
	if sections > 1 {
		le.PutUint64(b[64+64+24:], uint64(len(b)))
		le.PutUint64(b[64+64+32:], uint64(names))
	}
	return append(b, bytes.Repeat([]byte{'a'}, names)...)
}

// before118 is a program as Go 1.13 to 1.17 describe it, of words of 4 or 8
// bytes in either order.
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
	copy(b[magicAt:], buildMagic)
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
			got, err := readBuilt(bytes.NewReader(before118(word, order, "go1.13.4", oldModinfo)))
			if want := (built{"go1.13.4", []string{"github.com/aws/aws-sdk-go@v1.25.0"}}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%d bytes, %v: %+v, %v", word, order, got, err)
			}
		}
	}
}

// Any local user chooses what the file of his program says. debug/elf takes
// 2 GiB for the first of these.
func TestHostileProgramsTakeLittle(t *testing.T) {
	huge := before118(8, binary.LittleEndian, "go1.13", "")
	binary.LittleEndian.PutUint64(huge[0x140+8:], 1<<62) // the length of the version
	for name, b := range map[string][]byte{
		"long names of many sections": elf64(2000, 1<<20),
		"long names":                  elf64(maxHeaders, 1<<20),
		"a version without end":       huge,
		"only a header":               elf64(0, 0),
		"nothing":                     nil,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		got, err := readBuilt(bytes.NewReader(b))
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if err == nil || got.version != "" {
			t.Errorf("%s: %+v", name, got)
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 || took > time.Second {
			t.Errorf("%s: %d bytes, %v", name, bytes, took)
		}
	}
}

func FuzzReadBuilt(f *testing.F) {
	f.Add(elf64(4, 100))
	f.Add(before118(4, binary.BigEndian, "go1.13.4", oldModinfo))
	f.Add(before118(8, binary.LittleEndian, "go1.17", oldModinfo))
	inlined := before118(8, binary.LittleEndian, "", "")
	inlined[0x100+15] = 2
	f.Add(append(inlined[:0x120], "\x08go1.22.3\x21"+oldModinfo...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readBuilt(bytes.NewReader(b))
		if len(got.version) > maxVersion || len(got.modules) > maxModules || err != nil && got.version != "" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
