package ownership

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errLink is in errors about a symbolic link that root does not follow.
var errLink = errors.New("root follows no symbolic link in a folder of others")

// Open is os.OpenFile. Root follows no symbolic link in a folder that somebody
// else may write to, nor below one, with which that user could have it write
// elsewhere; it opens nothing there but regular files, and gives a file that is
// empty to the owner of the folder.
func Open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	if os.Geteuid() != 0 {
		return os.OpenFile(path, flag, mode)
	}
	return openAsRoot(path, flag, mode)
}

// MakeFolder is os.MkdirAll for a folder that nobody else shall read. As root
// it gives what it makes to the owner of the folder above, and follows links as
// Open does. The last element must not be one.
func MakeFolder(path string) error {
	if os.Geteuid() == 0 {
		return makeFolderAsRoot(path)
	}
	switch info, err := os.Lstat(path); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is no folder", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(path)), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Rename is os.Rename, which leads to its files as Open does.
func Rename(from, to string) error {
	if os.Geteuid() != 0 {
		return os.Rename(from, to)
	}
	return renameAsRoot(from, to)
}

// Remove is os.Remove for files, and leads to its file as Open does.
func Remove(path string) error {
	if os.Geteuid() != 0 {
		return os.Remove(path)
	}
	return removeAsRoot(path)
}

// Exists reports whether there is anything at path, a link included. It leads
// there as Open does.
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

// ReadDir is os.ReadDir, and leads to the folder as Open does. An entry's Info is
// not to be asked for.
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
