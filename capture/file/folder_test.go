package file

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// tree is a folder that a test fills.
type tree struct {
	t    *testing.T
	root string
}

func (tr *tree) write(name string, content []byte) {
	tr.t.Helper()
	path := filepath.Join(tr.root, name)
	check(tr.t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(tr.t, os.WriteFile(path, content, 0o600))
}

func (tr *tree) link(target, name string) {
	tr.t.Helper()
	check(tr.t, os.Symlink(target, filepath.Join(tr.root, name)))
}

// TestFolder: captures in a folder and below it are found by content and not by name,
// and LeftOut lists the rest by reason.
func TestFolder(t *testing.T) {
	frames := distinctFrames(rand.New(rand.NewPCG(27, 28)), 60)
	part := func(i int) []capture.Frame { return frames[i*10 : i*10+10] }
	elsewhere := writeTemp(t, "elsewhere.pcap", captures.Pcap(t, part(0)))
	tr := &tree{t, t.TempDir()}
	tr.write("b.txt", captures.Pcap(t, part(0)))
	tr.write("a", captures.Compressors["zstd"](t, captures.Pcapng(t, part(1))))
	tr.write("sub/c.pcap", captures.Pcap(t, part(2)))
	tr.write("sub/sub/sub/d.pcap", captures.Pcap(t, part(3)))
	tr.write(".hidden.pcap", captures.Pcap(t, part(4)))
	tr.write("later/e.pcap", captures.Pcap(t, part(5)))
	tr.write("readme.pcap", []byte("no capture at all"))
	tr.write("empty.pcap", nil)
	tr.write("sub/a.zip", captures.Zip(t, captures.Pcap(t, part(0))))
	tr.write(".snapshot/b.txt", captures.Pcap(t, part(0)))
	check(t, unix.Mkfifo(filepath.Join(tr.root, "pipe"), 0o600))
	tr.link("nowhere", "broken")
	tr.link(elsewhere, "outside.pcap")
	tr.link(filepath.Dir(elsewhere), "outside")
	tr.link("sub/c.pcap", "inside.pcap")
	tr.link("..", "sub/up")

	s := mustOpen(t, Options{}, tr.root)
	defer s.Close()
	got, errs := drain(t, s)
	check(t, errors.Join(errs...))
	captures.Same(t, got, frames)
	if want := filepath.Join(tr.root, "sub/c.pcap"); got[20].Source != want {
		t.Errorf("the source is %q, want %q", got[20].Source, want)
	}
	want := []LeftOut{
		{1, []string{".snapshot"}, tr.root, hiddenFolder},
		{3, []string{"broken", "outside", "outside.pcap"}, tr.root, link},
		{3, []string{"empty.pcap", "pipe", "readme.pcap"}, tr.root, notCapture},
		{1, []string{"sub/a.zip"}, tr.root, archive},
	}
	if !reflect.DeepEqual(s.LeftOut(), want) {
		t.Errorf("left out\n%+v, want\n%+v", s.LeftOut(), want)
	}
	for i, may := range []bool{true, true, false, true} {
		if want[i].MayHide() != may {
			t.Errorf("%v may hide packets: %v", want[i], !may)
		}
	}
	if text, want := want[1].String(), tr.root+": left out symbolic links that lead out of the folder or nowhere (3): broken, outside, outside.pcap"; text != want {
		t.Errorf("the text is\n%s, want\n%s", text, want)
	}
}

// TestFollowedFolderLeavesOut: what appears in a followed folder, may hold packets and
// is not read is an error, once. What hides nothing is not.
func TestFollowedFolderLeavesOut(t *testing.T) {
	frames := distinctFrames(rand.New(rand.NewPCG(29, 30)), 20)
	tr := &tree{t, t.TempDir()}
	tr.write("a.pcap", captures.Pcap(t, frames[:10]))
	s := mustOpen(t, Options{Follow: true}, tr.root)
	defer s.Close()
	tr.write("b.zip", captures.Zip(t, captures.Pcap(t, frames[:10])))
	tr.write("notes.txt", []byte("no capture at all"))
	tr.write(".snapshot/b.txt", captures.Pcap(t, frames[:10]))
	tr.link("nowhere", "broken")
	tr.write("c.pcap", captures.Pcap(t, frames[10:]))
	var errs []string
	for n, tries := 0, 0; (n < len(frames) || len(errs) < 3) && tries < 1000; tries++ {
		var f capture.Frame
		switch err := s.Next(&f); {
		case err == nil:
			n++
		case !errors.Is(err, capture.ErrTimeout):
			errs = append(errs, strings.TrimPrefix(err.Error(), tr.root+"/"))
		}
	}
	for range 20 { // the folder is looked at several times more
		var f capture.Frame
		if err := s.Next(&f); !errors.Is(err, capture.ErrTimeout) {
			t.Errorf("then: %v", err)
		}
	}
	slices.Sort(errs)
	want := []string{
		".snapshot: left out: a hidden folder", "b.zip: left out: an archive, which has to be unpacked first",
		"broken: left out: a symbolic link that leads out of the folder or nowhere",
	}
	if !slices.Equal(errs, want) {
		t.Errorf("errors %q", errs)
	}
}

// TestFolderThroughLink: a folder may be named by a link to it.
func TestFolderThroughLink(t *testing.T) {
	frames := distinctFrames(rand.New(rand.NewPCG(28, 29)), 10)
	tr := &tree{t, t.TempDir()}
	tr.write("sub/c.pcap", captures.Pcap(t, frames))
	tr.link("c.pcap", "sub/again.pcap")
	link := filepath.Join(t.TempDir(), "link")
	check(t, os.Symlink(tr.root, link))
	s := mustOpen(t, Options{}, link)
	defer s.Close()
	got, errs := drain(t, s)
	check(t, errors.Join(errs...))
	captures.Same(t, got, frames)
	if len(s.LeftOut()) != 0 {
		t.Errorf("left out %+v", s.LeftOut())
	}
}

// TestFolderErrors: each capture that cannot be read, and each file or folder that
// cannot be opened, has its own error.
func TestFolderErrors(t *testing.T) {
	frames := distinctFrames(rand.New(rand.NewPCG(30, 31)), 10)
	content := captures.Pcap(t, frames)
	tr := &tree{t, t.TempDir()}
	tr.write("good.pcap", content)
	tr.write("sub/cut.pcap", content[:len(content)-1])
	tr.write("sub/x.snoop", []byte("snoop\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04"))
	bad := slices.Clone(content)
	copy(bad[captures.PcapHeaderLen+8:], "\xff\xff\xff\xff")
	tr.write("sub/bad.pcap", bad)
	want := map[error]int{capture.ErrTruncated: 1, capture.ErrUnsupported: 1, capture.ErrDamaged: 1}
	if os.Getuid() != 0 { // root reads everything
		tr.write("closed/x.pcap", content)
		check(t, os.Chmod(filepath.Join(tr.root, "closed"), 0))
		defer os.Chmod(filepath.Join(tr.root, "closed"), 0o700)
		tr.write("closed.pcap", content)
		check(t, os.Chmod(filepath.Join(tr.root, "closed.pcap"), 0))
		want[fs.ErrPermission] = 2
	}
	s := mustOpen(t, Options{}, tr.root)
	defer s.Close()
	_, errs := drain(t, s)
	if len(errs) != 3+want[fs.ErrPermission] || len(s.LeftOut()) > 0 {
		t.Errorf("left out %+v; the errors are %v", s.LeftOut(), errs)
	}
	for _, err := range errs {
		for kind := range want {
			if errors.Is(err, kind) {
				want[kind]--
			}
		}
	}
	for kind, missing := range want {
		if missing != 0 {
			t.Errorf("%v is missing %d times in %v", kind, missing, errs)
		}
	}
}

// TestFolderWithoutCaptures: one error, also when the folders below are empty.
func TestFolderWithoutCaptures(t *testing.T) {
	tr := &tree{t, t.TempDir()}
	for i := range 20 {
		tr.write(fmt.Sprintf("sub/%02d.txt", i), []byte("no capture"))
	}
	s := mustOpen(t, Options{}, tr.root)
	defer s.Close()
	_, errs := drain(t, s)
	wantErrors(t, errs, map[string]error{
		tr.root + ": no file in this folder or below it is a capture file (pcap or pcapng)": errNoCaptures})
	want := "left out files that are no captures (20): sub/00.txt, sub/01.txt, sub/02.txt, sub/03.txt, sub/04.txt and 15 more"
	if got := s.LeftOut(); len(got) != 1 || got[0].String() != tr.root+": "+want {
		t.Errorf("left out %+v, want %s", got, want)
	}
}

func TestFolderTooDeep(t *testing.T) {
	frames := distinctFrames(rand.New(rand.NewPCG(32, 33)), 20)
	tr := &tree{t, t.TempDir()}
	tr.write(strings.Repeat("d/", maxDepth)+"in.pcap", captures.Pcap(t, frames[:10]))
	tr.write(strings.Repeat("d/", maxDepth+1)+"out.pcap", captures.Pcap(t, frames[10:]))
	s := mustOpen(t, Options{}, tr.root)
	defer s.Close()
	got, errs := drain(t, s)
	check(t, errors.Join(errs...))
	captures.Same(t, got, frames[:10])
	if l := s.LeftOut(); len(l) != 1 || l[0].why != deepFolder || l[0].Count != 1 {
		t.Errorf("left out %+v", l)
	}
}

// TestFollowFolderBelow: a folder that appears in a followed folder is followed, too.
func TestFollowFolderBelow(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	frames := distinctFrames(rand.New(rand.NewPCG(34, 35)), 6)
	tr := &tree{t, t.TempDir()}
	tr.write("old/a.pcap", captures.Pcap(t, frames[:2]))
	s := mustOpen(t, Options{Follow: true}, tr.root)
	defer s.Close()
	wantFrames(t, s, frames[:2]...)
	tr.write("new/b.pcap", captures.Pcap(t, frames[2:4]))
	wantFrames(t, s, frames[2:4]...)
	tr.write("new/c.pcap", captures.Pcap(t, frames[4:]))
	wantFrames(t, s, frames[4:]...)
	wantTimeouts(t, s, 25) // none of them a second time
	if len(s.LeftOut()) > 0 {
		t.Errorf("left out %+v", s.LeftOut())
	}
}

// TestUnknownIsLeftOut: content that is neither a capture nor text may be one.
func TestUnknownIsLeftOut(t *testing.T) {
	tr := &tree{t, t.TempDir()}
	tr.write("odd", []byte("\x01\x02\x03\x04\x05\x06\x07\x08"))
	s := mustOpen(t, Options{}, tr.root)
	defer s.Close()
	if l := s.LeftOut(); len(l) != 1 || l[0].why != unknown || !l[0].MayHide() {
		t.Errorf("left out %+v", l)
	}
	for r := range reason(reasonCount) {
		if reasonTexts[r].many == "" || reasonTexts[r].one == "" {
			t.Errorf("reason %d has no text", r)
		}
	}
}
