package ownership

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Open is os.OpenFile for a file in a folder that somebody else than root may
// write to. There root does not follow a symbolic link, with which that user
// could have it write elsewhere, and gives a file that is empty to the owner of
// the folder.
func Open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	folder := filepath.Dir(path)
	if os.Geteuid() != 0 || isRoots(folder) {
		return os.OpenFile(path, flag, mode)
	}
	file, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, mode)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("open %s: root follows no symbolic link in a folder of others", path)
	}
	if err != nil {
		return nil, err
	}
	if err := inherit(file, folder); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// isRoots reports whether nobody but root writes to a folder.
func isRoots(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.Sys().(*syscall.Stat_t).Uid == 0 && info.Mode().Perm()&0o022 == 0
}

// inherit gives a file of root that is empty, and so most likely new, to the
// owner of the folder.
func inherit(file *os.File, folder string) error {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > 0 {
		return err
	}
	return give(file, folder)
}

// give makes the owner of the folder that of a file of root.
func give(file *os.File, folder string) error {
	owned, err := file.Stat()
	if err != nil {
		return err
	}
	above, err := os.Stat(folder)
	if err != nil {
		return err
	}
	mine, his := owned.Sys().(*syscall.Stat_t), above.Sys().(*syscall.Stat_t)
	if mine.Uid != 0 || his.Uid == 0 {
		return nil
	}
	return file.Chown(int(his.Uid), int(his.Gid))
}

// MakeFolder is os.MkdirAll for a folder that nobody else shall read. As root
// it gives what it makes to the owner of the folder above, and refuses a
// symbolic link.
func MakeFolder(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is no folder", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(filepath.Clean(path))
	if info, err := os.Stat(above); err != nil || !info.IsDir() {
		if err := MakeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return giveFolder(path, above)
}

func giveFolder(path, above string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	folder, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer folder.Close()
	return give(folder, above)
}
