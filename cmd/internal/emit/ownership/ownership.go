package ownership

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// errLink is wrapped in errors about a symbolic link that root does not follow.
var errLink = errors.New("root follows no symbolic link in a folder of others")

// Heir is the user that root is going to change to, who will use what root makes. The zero
// Heir is nobody.
type Heir struct{ UID, GID int }

// Open is os.OpenFile, but safe for root. In and below a folder that another user may
// write to, root follows no symbolic link, by which that user could make it write
// elsewhere, and opens only regular files. It gives an empty file there to the owner of
// the folder.
func Open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	return Heir{}.Open(path, flag, mode)
}

// Open is the same, and root gives an empty file in a folder of its own to the heir.
func (h Heir) Open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	if os.Geteuid() != 0 {
		return os.OpenFile(path, flag, mode)
	}
	return h.openAsRoot(path, flag, mode)
}

// MakeFolder is os.MkdirAll with mode 0700. As root it gives each new folder to the
// owner of its parent, and follows links as Open does. The last element must not be a
// link.
func MakeFolder(path string) error { return Heir{}.MakeFolder(path, 0o700) }

// MakeFolder is the same with another mode, and root gives each new folder to the heir.
func (h Heir) MakeFolder(path string, mode fs.FileMode) error {
	if os.Geteuid() == 0 {
		return h.makeFolderAsRoot(path, mode)
	}
	switch info, err := os.Lstat(path); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is no folder", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(path)), mode); err != nil {
		return err
	}
	if err := os.Mkdir(path, mode); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Rename is os.Rename, and follows links as Open does.
func Rename(from, to string) error {
	if os.Geteuid() != 0 {
		return os.Rename(from, to)
	}
	return renameAsRoot(from, to)
}

// Remove is os.Remove for files, and follows links as Open does.
func Remove(path string) error {
	if os.Geteuid() != 0 {
		return os.Remove(path)
	}
	return removeAsRoot(path)
}

// Exists reports whether there is something at path, which may be a link. It follows the
// links before as Open does.
func Exists(path string) (bool, error) {
	err := error(nil)
	if os.Geteuid() != 0 {
		_, err = os.Lstat(path)
	} else {
		err = lookAsRoot(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ReadDir is os.ReadDir, and follows links as Open does. Callers must not call Info of
// an entry.
func ReadDir(path string) ([]fs.DirEntry, error) {
	if os.Geteuid() != 0 {
		return os.ReadDir(path)
	}
	folder, err := openFolderAsRoot(path)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return folder.ReadDir(-1)
}

// OpenFolder opens a folder, as for writing its names to the disk, and follows links as
// Open does.
func OpenFolder(path string) (*os.File, error) {
	if os.Geteuid() != 0 {
		return os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0) // opening a named pipe would wait
	}
	return openFolderAsRoot(path)
}
