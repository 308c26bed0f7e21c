package file

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// maxDepth is how many folders deep a folder's captures are looked for.
const maxDepth = 16

// folder is a folder that was named.
type folder struct {
	path string
	// real is path without symbolic links, to see where links in it lead.
	real string
}

// addFolder takes in the captures of a folder and of those below it.
//
// Links are not followed: what they lead to inside the folder is met there, and
// what is outside was not asked for. So no file is read twice, and none can
// lead in a circle. Files with hidden names are read, because content decides
// and not the name. Hidden folders are not: .snapshot and the like hold what is
// beside them a second time.
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

// walk takes in the members of a directory, by name.
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

// addMember takes in what is new, or changed, in a directory.
func (s *Source) addMember(d *directory, e fs.DirEntry) {
	name := filepath.Join(d.path, e.Name())
	info, err := e.Info()
	if err != nil || !d.changed(e.Name(), info) {
		return // gone since, or known
	}
	_, known := d.seen[e.Name()]
	d.seen[e.Name()] = info
	gap, taken := s.admit(d, name, info)
	if !taken && !known {
		s.leaveOut(d.of, name, gap)
	}
}

// admit takes in a member, or says why not.
func (s *Source) admit(d *directory, name string, info fs.FileInfo) (Gap, bool) {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return s.admitFile(d, name, info)
	case mode.IsDir():
		return s.admitDirectory(d, name)
	case mode&fs.ModeSymlink != 0:
		return Link, d.of.holds(name)
	}
	return NoCapture, false // a socket, a device, a named pipe
}

// admitFile puts a file in line. Its state is nil while it is in use.
func (s *Source) admitFile(d *directory, name string, info fs.FileInfo) (Gap, bool) {
	base := filepath.Base(name)
	d.seen[base] = nil
	err := s.addFile(name, d)
	if err == nil {
		return 0, true
	}
	d.seen[base] = info
	gap, _ := gapOf(err)
	return gap, false
}

func (s *Source) admitDirectory(d *directory, name string) (Gap, bool) {
	switch {
	case strings.HasPrefix(filepath.Base(name), "."):
		return HiddenFolder, false
	case d.depth == maxDepth:
		return DeepFolder, false
	}
	d.seen[filepath.Base(name)] = nil // it looks after its own members
	s.walk(&directory{path: name, of: d.of, depth: d.depth + 1})
	return 0, true
}

// holds reports whether a link leads to something in the folder.
func (f *folder) holds(link string) bool {
	target, err := filepath.EvalSymlinks(link)
	return err == nil && (target == f.real || strings.HasPrefix(target, strings.TrimSuffix(f.real, "/")+"/"))
}
