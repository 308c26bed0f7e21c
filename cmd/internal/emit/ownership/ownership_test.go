package ownership

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user who is not root.
const nobody = 65534

func asRoot(t *testing.T) (folder string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	folder = t.TempDir()
	if err := os.Chown(folder, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return folder
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

func open(path string) error {
	file, err := Open(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func TestNewFilesAreTheFoldersOwners(t *testing.T) {
	folder := asRoot(t)
	deep := filepath.Join(folder, "a", "b")
	for range 2 {
		if err := MakeFolder(deep); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(deep, "file")
	if err := open(file); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Dir(deep), deep, file} {
		if ownerOf(t, path) != nobody {
			t.Errorf("%s is not the owner's of the folder above", path)
		}
	}
	if info, err := os.Stat(deep); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// What root has written before stays root's.
func TestOldFilesKeepTheirOwner(t *testing.T) {
	folder := asRoot(t)
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(file); err != nil || ownerOf(t, file) != 0 {
		t.Errorf("%v, owner %d", err, ownerOf(t, file))
	}
}

// Whoever owns the folder cannot send root elsewhere.
func TestLinksAreRefused(t *testing.T) {
	folder := asRoot(t)
	target := filepath.Join(t.TempDir(), "target")
	if err := os.WriteFile(target, []byte("root's"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := open(link); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Error(err)
	}
	toFolder := filepath.Join(folder, "folder")
	if err := os.Symlink(filepath.Dir(target), toFolder); err != nil {
		t.Fatal(err)
	}
	if err := MakeFolder(toFolder); err == nil {
		t.Error("a link is a folder")
	}
}

// In a folder of its own root may have links, as others may in theirs.
func TestLinksInOnesOwnFolder(t *testing.T) {
	folder := t.TempDir()
	if err := os.Symlink(filepath.Join(folder, "target"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	if err := open(filepath.Join(folder, "link")); err != nil {
		t.Error(err)
	}
}

func TestFoldersThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + "/below", "/proc/none"} {
		if err := MakeFolder(path); err == nil {
			t.Errorf("%s is made", path)
		}
	}
}
