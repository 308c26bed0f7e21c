package file

import (
	"archive/tar"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/foreign"
	"tlsfloor/capture/testing/captures"
)

// TestForeignIsNamed: content that is no capture is named, compressed or not.
func TestForeignIsNamed(t *testing.T) {
	content := captures.Pcap(t, captures.RandomFrames(rand.New(rand.NewPCG(83, 84)), 3))
	gzip := captures.Compressors["gzip"]
	for _, test := range []struct {
		content []byte
		kind    error
		want    string
	}{
		{nil, capture.ErrNotCapture, "not a capture file (pcap or pcapng): it is empty"},
		{[]byte("\xd4\xc3\xb2"), capture.ErrNotCapture, "not a capture file (pcap or pcapng)"},
		{[]byte("hello, world, this is no capture"), capture.ErrNotCapture, "not a capture file (pcap or pcapng)"},
		{[]byte("snoop\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04"), capture.ErrUnsupported, "unsupported capture format: snoop (RFC 1761); convert it: editcap -F pcap IN OUT"},
		{captures.Zip(t, content), foreign.ErrArchive, "a zip archive; unpack it first"},
		{captures.Compressors["zstd"](t, gzip(t, content)), foreign.ErrArchive, "gzip data inside other compressed data; unpack it first"},
		{gzip(t, captures.Tar(t, tar.FormatUSTAR, content)), foreign.ErrArchive, "a tar archive; unpack it first"},
		{gzip(t, []byte("RTSS\x00")), capture.ErrUnsupported, "unsupported capture format: Microsoft Network Monitor 1.x; convert it: editcap -F pcap IN OUT"},
		{[]byte(`{"events": []}`), capture.ErrNotCapture, "JSON"},
	} {
		if _, err := readBytes(t, test.content); !errors.Is(err, test.kind) || err.Error() != "standard input: "+test.want {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
}

// TestAdviceIsRight converts a capture to a format that is not read, does what the
// error says, and reads the result.
func TestAdviceIsRight(t *testing.T) {
	whole, err := readAll(t, sampleCapture)
	check(t, err)
	for _, format := range []string{"snoop", "netmon1", "netmon2", "ngsniffer", "ngwsniffer_1_1", "ngwsniffer_2_0", "lanalyzer",
		"k12text", "nettl", "visual", "5views", "commview-ncf"} {
		t.Run(format, func(t *testing.T) {
			frames, err := readAll(t, convert(t, captures.Editcap(t, format, sampleCapture)))
			check(t, err)
			if len(frames) != len(whole) {
				t.Errorf("%d frames after conversion, want %d", len(frames), len(whole))
			}
		})
	}
	if _, err := exec.LookPath("editcap"); err == nil {
		frames, err := readAll(t, convert(t, writeTemp(t, "x.erf", captures.ERF(5))))
		check(t, err)
		if len(frames) != 5 || len(frames[0].Data) != 60 || frames[0].Link != 1 {
			t.Errorf("editcap makes %+v of 5 frames", frames)
		}
	}
}

const sampleCapture = "../../testdata/captures/openssl-tls10-sni.pcap"

// convert does what the error says that reading the file gives.
func convert(t *testing.T, path string) string {
	t.Helper()
	_, err := readAll(t, path)
	_, command, ok := strings.Cut(fmt.Sprint(err), "; convert it: ")
	if !ok {
		t.Fatalf("%v", err)
	}
	out := filepath.Join(t.TempDir(), "converted.pcap")
	args := strings.Fields(strings.NewReplacer("IN", path, "OUT", out).Replace(command))
	if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, text)
	}
	return out
}
