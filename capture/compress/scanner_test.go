package compress

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"tlsfloor/capture/testing/captures"
)

// formatNamed returns the first format of that name.
func formatNamed(name string) *Format {
	for i := range formats {
		if formats[i].name == name {
			return &formats[i]
		}
	}
	return nil
}

// errMemory is the error of a budget that is used up.
var errMemory = errors.New("no memory left")

// budget is the memory that may be reserved, in bytes.
type budget struct{ used, most int64 }

func (b *budget) reserve(n int64) error {
	if b.used+n > b.most {
		return errMemory
	}
	b.used += n
	return nil
}

// enough is more memory than any test needs, in bytes.
const enough = 256 << 20

// decompress returns the content, and how much memory was reserved for it.
func decompress(name string, packed []byte, most int64) (content []byte, reserved int64, err error) {
	b := budget{most: most}
	u, err := formatNamed(name).NewReader(bytes.NewReader(packed), b.reserve)
	if err == nil {
		content, err = io.ReadAll(u)
		u.Close()
	}
	return content, b.used, err
}

// TestFramesOfTools: data that the tools write is scanned to its end, and needs as much
// memory as their options say.
func TestFramesOfTools(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	content := bytes.Repeat(captures.Join([]byte("some text that comes again and again, "), make([]byte, 999), randomBytes(2000)), 700)
	for _, tt := range []struct {
		command string
		window  int64 // or the dictionary, or two blocks
	}{
		{"zstd -3", 2 << 20}, {"zstd -19", 8 << 20}, {"zstd --ultra -22 --long=27", 128 << 20}, {"zstd -1 --no-check", 512 << 10},
		{"zstd -6 --long=24", 16 << 20}, {"pzstd -3", -1},
		{"xz -0", 256 << 10}, {"xz -6", 8 << 20}, {"xz -9", 64 << 20}, {"xz -6 -T2 --block-size=300000", 8 << 20}, {"xz -6 --check=none", 8 << 20},
		{"xz -6 --check=sha256", 8 << 20}, {"xz --x86 --delta=dist=4 --lzma2=dict=1536KiB", 1536 << 10}, {"xz --lzma2=dict=4096", 4096},
		{"lz4", 8 << 20}, {"lz4 -B4", 128 << 10}, {"lz4 -B5 -BX", 512 << 10}, {"lz4 -9 -B6 -BD", 2 << 20}, {"lz4 -l", lz4Legacy},
		{"lz4 --content-size --no-frame-crc -B7", 8 << 20}, {"bzip2", bzip2Memory},
	} {
		words := strings.Fields(tt.command)
		path, err := exec.LookPath(words[0])
		if err != nil {
			t.Logf("%s is not here", words[0])
			continue
		}
		packed := captures.PipeThrough(t, content, path, append(words[1:], "-c")...)
		name := strings.TrimPrefix(words[0], "p")
		got, need, err := decompress(name, packed, enough)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes of %d, %v", tt.command, len(got), len(content), err)
		}
		if over := need - tt.window; tt.window >= 0 && (over < 0 || over > 1<<20) {
			t.Errorf("%s: needs %d bytes, want a little more than %d", tt.command, need, tt.window)
		}
		if _, _, err := decompress(name, packed, need-1); err != errMemory {
			t.Errorf("%s with a byte less than it needs: %v", tt.command, err)
		}
	}
}

func randomBytes(n int) []byte {
	b, r := make([]byte, n), rand.New(rand.NewPCG(61, 62))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestLaterFrames: data that begins with a small window may go on with a large one. The
// content before it is read.
func TestLaterFrames(t *testing.T) {
	small, large := bytes.Repeat([]byte("small"), 2000), bytes.Repeat([]byte("large"), 3<<20)
	pack := func(content []byte, window int) []byte {
		return captures.Compress(t, content, func(w io.Writer) (io.WriteCloser, error) {
			return zstd.NewWriter(w, zstd.WithWindowSize(window), zstd.WithSingleSegment(false))
		})
	}
	fromXz, err := os.ReadFile("testdata/small-large-small.xz")
	check(t, err)
	for name, packed := range map[string][]byte{
		"zstd": captures.Join(pack(small, 64<<10), pack(large, 16<<20), pack(small, 64<<10)),
		"xz":   fromXz,
	} {
		got, need, err := decompress(name, packed, enough)
		if err != nil || !bytes.Equal(got, captures.Join(small, large, small)) || need < 16<<20 || need > 17<<20 {
			t.Errorf("%s: %d bytes, needs %d, %v", name, len(got), need, err)
		}
		got, _, err = decompress(name, packed, 8<<20)
		if !bytes.Equal(got, small) || err != errMemory {
			t.Errorf("%s with 8 MiB: %d bytes, %v", name, len(got), err)
		}
	}
}

// FuzzFrames: data that decompresses without the scanner also does with it, to the same
// content.
func FuzzFrames(f *testing.F) {
	content := bytes.Repeat([]byte("some text, "), 300)
	for name, pack := range captures.Compressors {
		packed := pack(f, content)
		f.Add(packed)
		f.Add(captures.Join(packed, packed))
		f.Add(captures.Join([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00user"), packed))
		_ = name
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		c := FormatOf(packed)
		if c == nil || c.header == nil {
			return
		}
		const most = 1 << 20
		z, closeZ, err := c.open(bytes.NewReader(packed))
		if err != nil {
			return
		}
		want, err := io.ReadAll(io.LimitReader(z, most))
		closeZ()
		if err != nil {
			return
		}
		u, err := c.NewReader(bytes.NewReader(packed), func(int64) error { return nil })
		if err != nil {
			t.Fatalf("%d bytes of content, and %v", len(want), err)
		}
		defer u.Close()
		got, err := io.ReadAll(io.LimitReader(u, most))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes of %d, %v", len(got), len(want), err)
		}
	})
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
