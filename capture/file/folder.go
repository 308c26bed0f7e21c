package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tlsfloor/capture/foreign"
)

// maxDepth is how many levels of folders below a folder are searched for captures.
const maxDepth = 16

var errNoCaptures = errors.New("no file in this folder or below it is a capture file (pcap or pcapng)")

// folder is a folder that was named.
type folder struct {
	path string
	// real is path without symbolic links, to see where links in it lead.
	real string
}

// directory is a folder that was named, or one below it.
type directory struct {
	path  string
	of    *folder
	depth int // levels below of
	// seen holds the members that need not be read again: in the state in which they
	// were read to their end or found to be no capture, or nil while in use.
	seen map[string]fs.FileInfo
	// moved are the last members that were renamed while they were followed, in the
	// state in which they were read to their end.
	moved []fs.FileInfo
}

// maxMoved bounds directory.moved.
const maxMoved = 64

// addFolder adds the captures of a folder and of the folders below it.
//
// Links are not followed: what they lead to inside the folder is found there, and
// what is outside was not asked for. So no file is read twice, and there are no
// loops. Files with hidden names are read, because content decides and not the name.
// Hidden folders are not: .snapshot and the like hold the same captures again.
func (s *Source) addFolder(path string) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		s.fail(path, err)
		return
	}
	waiting, errs := len(s.waiting), len(s.errs)
	s.walk(&directory{path: path, of: &folder{path, real}})
	if !s.options.Follow && len(s.waiting) == waiting && len(s.errs) == errs {
		s.fail(path, errNoCaptures)
	}
}

// walk adds the members of a directory, sorted by name.
func (s *Source) walk(d *directory) {
	d.seen = map[string]fs.FileInfo{}
	entries, err := s.readDir(d.path)
	if err != nil {
		s.fail(d.path, err)
		return
	}
	for _, e := range entries {
		s.addMember(d, e)
	}
	if s.options.Follow {
		s.dirs = append(s.dirs, d)
	}
}

// addMember adds a member of a directory if it is new or has changed.
func (s *Source) addMember(d *directory, e fs.DirEntry) {
	name := filepath.Join(d.path, e.Name())
	info, err := e.Info()
	if err != nil || !d.changed(e.Name(), info) || s.opened && s.renamed(d, e.Name(), info) {
		return // removed meanwhile, or known
	}
	_, known := d.seen[e.Name()]
	d.seen[e.Name()] = info
	why, added := s.admit(d, name, info)
	if !added && !known {
		s.leaveOut(d.of, name, why)
	}
}

// changed reports whether a member is new or was written again: a ring of files is
// overwritten from its beginning.
func (d *directory) changed(base string, now fs.FileInfo) bool {
	then, known := d.seen[base]
	switch {
	case !known:
		return true
	case then == nil:
		return false
	}
	return differ(then, now)
}

// differ reports whether these are different files, or one that was written between.
func differ(then, now fs.FileInfo) bool {
	return !os.SameFile(then, now) || then.Size() != now.Size() || !then.ModTime().Equal(now.ModTime())
}

// renamed reports whether a new name is that of a file of the same directory that was
// read under another name. One that is still being read is looked at again later.
func (s *Source) renamed(d *directory, base string, now fs.FileInfo) bool {
	for _, st := range slices.Concat(s.idle, s.ready) {
		if st.dir != d || filepath.Base(st.source) == base {
			continue
		}
		if open, err := st.in.stat(); err == nil && os.SameFile(open, now) {
			return true
		}
	}
	for _, then := range d.moved {
		if !differ(then, now) {
			d.seen[base] = now
			return true
		}
	}
	return false
}

// admit adds a member, or returns why not.
func (s *Source) admit(d *directory, name string, info fs.FileInfo) (reason, bool) {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return s.admitFile(d, name, info)
	case mode.IsDir():
		return s.admitDirectory(d, name)
	case mode&fs.ModeSymlink != 0:
		return link, d.of.holds(name)
	}
	return notCapture, false // a socket, a device, a named pipe
}

// admitFile puts a file in line.
func (s *Source) admitFile(d *directory, name string, info fs.FileInfo) (reason, bool) {
	base := filepath.Base(name)
	d.seen[base] = nil
	err := s.addFile(name, d)
	if err == nil {
		return 0, true
	}
	d.seen[base] = info
	switch {
	case errors.Is(err, foreign.ErrArchive):
		return archive, false
	case errors.Is(err, foreign.ErrUnknown):
		return unknown, false
	}
	return notCapture, false
}

func (s *Source) admitDirectory(d *directory, name string) (reason, bool) {
	switch {
	case strings.HasPrefix(filepath.Base(name), "."):
		return hiddenFolder, false
	case d.depth == maxDepth:
		return deepFolder, false
	}
	d.seen[filepath.Base(name)] = nil // it checks its own members
	s.walk(&directory{path: name, of: d.of, depth: d.depth + 1})
	return 0, true
}

// holds reports whether a link leads to something in the folder.
func (f *folder) holds(link string) bool {
	target, err := filepath.EvalSymlinks(link)
	return err == nil && (target == f.real || strings.HasPrefix(target, strings.TrimSuffix(f.real, "/")+"/"))
}

// reason is why a member of a folder is left out.
type reason uint8

const (
	// notCapture: text that is no capture, such as notes beside captures, or a file
	// without content. It hides nothing; every other reason may.
	notCapture   reason = iota
	unknown             // content in a format that is not known
	archive             // several files in one, which may be captures
	link                // a symbolic link that leads out of the folder, or nowhere
	hiddenFolder        // a folder whose name begins with a dot
	deepFolder          // a folder more than maxDepth below the one that was named

	reasonCount = iota
)

// reasonTexts are the reasons in words, of one member and of several.
var reasonTexts = [reasonCount]struct{ one, many string }{
	notCapture:   {"no capture", "files that are no captures"},
	unknown:      {"a file of an unknown format", "files of an unknown format"},
	archive:      {"an archive, which has to be unpacked first", "archives, which have to be unpacked first"},
	link:         {"a symbolic link that leads out of the folder or nowhere", "symbolic links that lead out of the folder or nowhere"},
	hiddenFolder: {"a hidden folder", "hidden folders"},
	deepFolder:   {fmt.Sprintf("a folder more than %d deep", maxDepth), fmt.Sprintf("folders more than %d deep", maxDepth)},
}

// maxLeftOutNames is how many names a LeftOut has at most.
const maxLeftOutNames = 5

// LeftOut is what was left out of a folder for one reason.
type LeftOut struct {
	Count int
	// Names are the first ones, relative to the folder.
	Names []string

	folder string // as it was named
	why    reason
}

// MayHide reports whether what was left out may hold packets.
func (l *LeftOut) MayHide() bool { return l.why != notCapture }

// String is a line for a person.
func (l *LeftOut) String() string {
	names := strings.Join(l.Names, ", ")
	if more := l.Count - len(l.Names); more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s: left out %s (%d): %s", l.folder, reasonTexts[l.why].many, l.Count, names)
}

// LeftOut returns what Open left out of the folders that were named, except inputs
// that Next returns an error about.
func (s *Source) LeftOut() []LeftOut { return s.leftOut }

// leaveOut adds a member of a folder to LeftOut. Next returns an error about one that
// appears in a followed folder and may hold packets: the caller has read LeftOut by then.
func (s *Source) leaveOut(of *folder, name string, why reason) {
	if s.opened {
		if why != notCapture {
			s.fail(name, errors.New("left out: "+reasonTexts[why].one))
		}
		return
	}
	l := s.leftOutFor(of, why)
	l.Count++
	if rel, err := filepath.Rel(of.path, name); err == nil && len(l.Names) < maxLeftOutNames {
		l.Names = append(l.Names, rel)
	}
}

func (s *Source) leftOutFor(of *folder, why reason) *LeftOut {
	for i := range s.leftOut {
		if l := &s.leftOut[i]; l.folder == of.path && l.why == why {
			return l
		}
	}
	s.leftOut = append(s.leftOut, LeftOut{folder: of.path, why: why})
	return &s.leftOut[len(s.leftOut)-1]
}
