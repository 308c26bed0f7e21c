package live

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/file"
)

const corpusDir = "../../../shared/corpus"

// corpusFiles returns every nth classic capture of the corpus.
func corpusFiles(nth int) (names []string) {
	all, _ := filepath.Glob(filepath.Join(corpusDir, "pcap", "*.pcap"))
	for i := 0; i < len(all); i += nth {
		names = append(names, all[i])
	}
	return names
}

// corpusFrames returns Ethernet frames of the corpus, or none if it is not here.
func corpusFrames(t *testing.T) (frames []capture.Frame) {
	for _, name := range corpusFiles(20) {
		read(t, name, nil, func(f *capture.Frame) {
			if f.Link == capture.LinkEthernet && len(f.Data) > 0 && len(frames) < 5000 {
				g := *f
				g.Data = bytes.Clone(f.Data)
				frames = append(frames, g)
			}
		})
	}
	return frames
}

// read passes each frame of a capture to use, and returns the errors.
func read(t *testing.T, name string, compiler capture.Compiler, use func(*capture.Frame)) error {
	t.Helper()
	s, err := file.Open([]string{name}, file.Options{Filter: compiler})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var errs []error
	var f capture.Frame
	for {
		switch err := s.Next(&f); err {
		case nil:
			use(&f)
		case io.EOF:
			return errors.Join(errs...)
		default:
			errs = append(errs, err)
		}
	}
}

// TestCorpusAgainstTcpdump compares how many frames an expression selects with tcpdump,
// in captures of every link type.
func TestCorpusAgainstTcpdump(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip(err)
	}
	files := corpusFiles(12)
	if len(files) == 0 {
		t.Skip("the corpus of captures is not here")
	}
	selected := 0
	for _, expression := range []string{"tcp", "udp and len > 100", "vlan", "ip6 or vlan and ip6", "tcp[tcpflags] & tcp-syn != 0 and less 80"} {
		compiler, err := Compiler(expression)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			want, ok := tcpdumpCount(name, expression)
			if !ok {
				continue // it refuses the file, or the expression for its link type
			}
			got := 0
			err := read(t, name, compiler, func(*capture.Frame) { got++ })
			if got != want || err != nil {
				t.Errorf("%s: %q selects %d frames, then %v; tcpdump says %d", name, expression, got, err, want)
			}
			selected += got
		}
	}
	if selected < 500 {
		t.Errorf("only %d frames were selected by anything: the captures are no test", selected)
	}
}

func tcpdumpCount(name, expression string) (int, bool) {
	out, err := exec.Command("tcpdump", "--count", "-nr", name, expression).Output()
	if err != nil {
		return 0, false
	}
	count, _, _ := strings.Cut(string(out), " ")
	n, err := strconv.Atoi(count)
	return n, err == nil
}
