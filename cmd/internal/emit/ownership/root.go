package ownership

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func (h Heir) openAsRoot(path string, flag int, mode fs.FileMode) (*os.File, error) {
	p, err := locate(path)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if p.trust != roots {
		flag |= unix.O_NONBLOCK // opening a named pipe would wait for its other end
	}
	fd, err := openIn(p.folder, p.name, flag, uint32(mode.Perm()))
	if err != nil {
		return nil, p.error("open", err)
	}
	if p.trust != roots {
		err = p.admit(fd)
	} else if h != (Heir{}) {
		err = h.inherit(fd)
	}
	if err != nil {
		unix.Close(fd)
		return nil, p.error("open", err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

var (
	errNoFile = errors.New("root opens nothing but regular files in a folder of others")
	errNames  = errors.New("it is a file of somebody else that has another name: root does not open it in a folder of others")
)

// admit refuses files that the owner of the folder may have placed there to make root
// write to them. It gives an empty file, which is most likely new, to that owner.
func (p *place) admit(fd int) error {
	var file, folder unix.Stat_t
	if err := errors.Join(unix.Fstat(fd, &file), unix.Fstat(p.folder, &folder)); err != nil {
		return err
	}
	switch {
	case uint32(file.Mode)&unix.S_IFMT != unix.S_IFREG:
		return errNoFile
	case file.Nlink > 1 && file.Uid != folder.Uid:
		return errNames
	case file.Size > 0:
		return nil
	}
	return give(fd, p.folder)
}

// inherit gives an empty regular file of root, which is most likely new, to the heir.
func (h Heir) inherit(fd int) error {
	var file unix.Stat_t
	err := unix.Fstat(fd, &file)
	if err != nil || uint32(file.Mode)&unix.S_IFMT != unix.S_IFREG || file.Size > 0 || file.Uid != 0 || file.Nlink > 1 {
		return err
	}
	return unix.Fchown(fd, h.UID, h.GID)
}

func (h Heir) makeFolderAsRoot(path string, mode fs.FileMode) error {
	w := walk{make: true, heir: h, mode: uint32(mode.Perm())}
	p, err := w.follow(path)
	if err != nil {
		return err
	}
	defer p.close()
	if err := w.makeIn(p.folder, p.name); err != nil {
		return p.error("mkdir", err)
	}
	fd, err := openIn(p.folder, p.name, openPath|unix.O_DIRECTORY, 0)
	if err != nil {
		return p.error("open", err)
	}
	return unix.Close(fd)
}

func renameAsRoot(from, to string) error {
	a, err := locate(from)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := locate(to)
	if err != nil {
		return err
	}
	defer b.close()
	if err := unix.Renameat(a.folder, a.name, b.folder, b.name); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func removeAsRoot(path string) error {
	p, err := locate(path)
	if err != nil {
		return err
	}
	defer p.close()
	return p.error("remove", unix.Unlinkat(p.folder, p.name, 0))
}

func lookAsRoot(path string) error {
	p, err := locate(path)
	if err != nil {
		return err
	}
	defer p.close()
	var info unix.Stat_t
	return p.error("lstat", unix.Fstatat(p.folder, p.name, &info, unix.AT_SYMLINK_NOFOLLOW))
}

func openFolderAsRoot(path string) (*os.File, error) {
	p, err := locate(path)
	if err != nil {
		return nil, err
	}
	defer p.close()
	fd, err := openIn(p.folder, p.name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, p.error("open", err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// place is where a path leads: an open folder, and a name in it.
type place struct {
	path   string // as it was given, for messages
	folder int
	name   string
	trust  trust // in the folder
}

func (p *place) close() { unix.Close(p.folder) }

func (p *place) error(call string, err error) error {
	var said *fs.PathError
	switch {
	case err == nil, errors.As(err, &said):
		return err
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.EXDEV):
		err = errLink
	}
	return &fs.PathError{Op: call, Path: p.path, Err: err}
}

// locate follows a path to the folder of its last element, which need not exist.
func locate(path string) (place, error) {
	return new(walk).follow(path)
}

// walk follows a path from the root of the file system. As long as only root may write
// to the folders on the way, their links were made by root, and are followed. From the
// first other folder on no link is followed.
type walk struct {
	place
	at    string   // path of the folder
	rest  []string // the elements after name
	links int
	make  bool // create missing folders
	heir  Heir // of these
	mode  uint32
}

func (w *walk) follow(path string) (place, error) {
	w.path = path
	path, err := filepath.Abs(path)
	if err != nil {
		return place{}, err
	}
	if err := w.restart(elements(path)); err != nil {
		return place{}, w.error("open", err)
	}
	for {
		done, err := w.step()
		if err != nil {
			w.close()
			return place{}, w.error("open", err)
		}
		if done {
			return w.place, nil
		}
	}
}

// elements splits a clean path into names. For the root itself it returns ".".
func elements(path string) (all []string) {
	for name := range strings.SplitSeq(path, "/") {
		if name != "" && name != "." {
			all = append(all, name)
		}
	}
	if all == nil {
		return []string{"."}
	}
	return all
}

// restart begins again at the root of the file system.
func (w *walk) restart(elements []string) (err error) {
	if w.folder, err = unix.Open("/", openPath|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return err
	}
	w.at, w.name, w.rest = "/", elements[0], elements[1:]
	var info unix.Stat_t
	err = unix.Fstat(w.folder, &info)
	w.trust = trustIn(&info)
	return err
}

// step follows one name. It is done at the last one, unless that is a link to follow.
func (w *walk) step() (done bool, err error) {
	if w.trust == roots {
		if target, ok := w.link(); ok {
			return false, w.expand(target)
		}
	}
	if len(w.rest) == 0 {
		return true, nil
	}
	below, err := w.enter()
	if err != nil {
		return false, err
	}
	unix.Close(w.folder)
	w.folder, w.at = below, filepath.Join(w.at, w.name)
	w.name, w.rest = w.rest[0], w.rest[1:]
	var info unix.Stat_t
	err = unix.Fstat(w.folder, &info)
	w.trust = w.trust.below(&info)
	return false, err
}

// link returns the target of name, if it is a link.
func (w *walk) link() (target string, ok bool) {
	var b [4096]byte // PATH_MAX
	n, err := unix.Readlinkat(w.folder, w.name, b[:])
	return string(b[:max(0, n)]), err == nil
}

// expand replaces name by the target of the link.
func (w *walk) expand(target string) error {
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	all := append(elements(target), w.rest...)
	if filepath.IsAbs(target) {
		unix.Close(w.folder)
		return w.restart(all)
	}
	w.name, w.rest = all[0], all[1:]
	return nil
}

// enter opens the folder called name, and creates it if w.make is set.
func (w *walk) enter() (int, error) {
	if w.name == ".." { // from the target of a link of root
		if w.trust != roots {
			return -1, unix.EXDEV
		}
		return unix.Openat(w.folder, "..", openPath|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	below, err := openIn(w.folder, w.name, openPath|unix.O_DIRECTORY, 0)
	if !w.make || !errors.Is(err, unix.ENOENT) {
		return below, err
	}
	if err := w.makeIn(w.folder, w.name); err != nil {
		w.path = filepath.Join(w.at, w.name)
		return -1, w.error("mkdir", err)
	}
	return openIn(w.folder, w.name, openPath|unix.O_DIRECTORY, 0)
}

// maxLinks bounds the links that are followed, to the same number as the kernel.
const maxLinks = 40

// openIn opens a name in a folder, which must not be a link. Without openat2, before
// Linux 5.6 and in some sandboxes, openat with O_NOFOLLOW does the same for a single
// name.
func openIn(folder int, name string, flags int, mode uint32) (int, error) {
	fd, err := openat2(folder, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		if name == ".." || strings.Contains(name, "/") {
			return -1, unix.EXDEV
		}
		fd, err = unix.Openat(folder, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	}
	if errors.Is(err, unix.ENOTDIR) && isLink(folder, name) {
		err = unix.ELOOP // with O_DIRECTORY the kernel reports a link as ENOTDIR
	}
	return fd, err
}

func isLink(folder int, name string) bool {
	var info unix.Stat_t
	return unix.Fstatat(folder, name, &info, unix.AT_SYMLINK_NOFOLLOW) == nil && uint32(info.Mode)&unix.S_IFMT == unix.S_IFLNK
}

// makeIn creates a folder, and gives it to the heir, or to the owner of its parent.
func (w *walk) makeIn(folder int, name string) error {
	err := unix.Mkdirat(folder, name, w.mode)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	if err != nil {
		return err
	}
	made, err := openIn(folder, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(made)
	if w.heir != (Heir{}) {
		return unix.Fchown(made, w.heir.UID, w.heir.GID)
	}
	return give(made, folder)
}

// give gives a file of root to the owner of the folder.
func give(file, folder int) error {
	var mine, theirs unix.Stat_t
	if err := errors.Join(unix.Fstat(file, &mine), unix.Fstat(folder, &theirs)); err != nil {
		return err
	}
	if mine.Uid != 0 || theirs.Uid == 0 {
		return nil
	}
	return unix.Fchown(file, int(theirs.Uid), int(theirs.Gid))
}

// trust says who may change the files in a folder.
type trust int

const (
	roots  trust = iota // only root
	sticky              // everybody may create files, but only root may change those of root
	others              // perhaps another user than root
)

// trustIn returns the trust in a folder by its own owner and mode.
func trustIn(info *unix.Stat_t) trust {
	switch {
	case info.Uid != 0:
		return others
	case info.Mode&0o022 == 0: // with an access control list, the group's bits are its upper bound
		return roots
	case info.Mode&unix.S_ISVTX != 0:
		return sticky
	}
	return others
}

// below returns the trust in a folder whose parent has trust t.
func (t trust) below(info *unix.Stat_t) trust {
	if t == others || t == sticky && info.Uid != 0 {
		return others
	}
	return trustIn(info)
}
