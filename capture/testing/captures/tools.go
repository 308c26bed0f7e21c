package captures

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compressors compress content as the tools of these names do.
var Compressors = map[string]func(testing.TB, []byte) []byte{
	"gzip": func(tb testing.TB, content []byte) []byte {
		return Compress(tb, content, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	},
	"zstd": func(tb testing.TB, content []byte) []byte {
		return Compress(tb, content, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	},
	"lz4": func(tb testing.TB, content []byte) []byte {
		return Compress(tb, content, func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil })
	},
	"lz4 legacy": func(tb testing.TB, content []byte) []byte {
		return Compress(tb, content, func(w io.Writer) (io.WriteCloser, error) {
			z := lz4.NewWriter(w)
			return z, z.Apply(lz4.LegacyOption(true))
		})
	},
}

// The libraries read bzip2 and xz but do not write them. The tools do, where they
// are installed.
func init() {
	for _, tool := range []string{"bzip2", "xz"} {
		if path, err := exec.LookPath(tool); err == nil {
			Compressors[tool] = func(tb testing.TB, content []byte) []byte { return PipeThrough(tb, content, path, "-c") }
		}
	}
}

// PipeThrough returns what a command makes of content.
func PipeThrough(tb testing.TB, content []byte, command string, args ...string) []byte {
	tb.Helper()
	cmd := exec.Command(command, args...)
	cmd.Stdin = bytes.NewReader(content)
	out, err := cmd.Output()
	check(tb, err)
	return out
}

// Compress returns what the compressor that open returns makes of content.
func Compress(tb testing.TB, content []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	tb.Helper()
	var b bytes.Buffer
	z, err := open(&b)
	check(tb, err)
	_, err = z.Write(content)
	check(tb, err)
	check(tb, z.Close())
	return b.Bytes()
}

// Editcap converts the capture at path to a format that editcap knows, and returns
// the new path. It skips the test where editcap is not installed.
func Editcap(t *testing.T, format, path string) string {
	t.Helper()
	command, err := exec.LookPath("editcap")
	if err != nil {
		t.Skip("editcap is not installed")
	}
	out := filepath.Join(t.TempDir(), "out."+format)
	if text, err := exec.Command(command, "-F", format, path, out).CombinedOutput(); err != nil {
		t.Fatalf("editcap: %v: %s", err, text)
	}
	return out
}

// Tar returns an archive of one file.
func Tar(t testing.TB, format tar.Format, content []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	check(t, w.WriteHeader(&tar.Header{Name: "a.pcap", Mode: 0o600, Size: int64(len(content)), Format: format}))
	_, err := w.Write(content)
	check(t, err)
	check(t, w.Close())
	return b.Bytes()
}

// Zip returns an archive of one file.
func Zip(t testing.TB, content []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("a.pcap")
	check(t, err)
	_, err = f.Write(content)
	check(t, err)
	check(t, w.Close())
	return b.Bytes()
}
