//go:build linux

package ownership

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// nobody is the number of a user that is not root.
const nobody = 65534

// asRoot runs a test on this kernel, and as if it had no openat2. The folder belongs to
// nobody.
func asRoot(t *testing.T, test func(t *testing.T, folder string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	this := openat2
	for name, other := range map[string]func(int, string, int, uint32) (int, error){
		"openat2":       this,
		"an old kernel": func(int, string, int, uint32) (int, error) { return -1, unix.ENOSYS },
		"a sandbox":     func(int, string, int, uint32) (int, error) { return -1, unix.EPERM },
	} {
		t.Run(name, func(t *testing.T) {
			openat2 = other
			defer func() { openat2 = this }()
			folder := t.TempDir()
			must(t, os.Chown(folder, nobody, nobody))
			test(t, folder)
		})
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	return info.Sys().(*syscall.Stat_t).Uid
}

func open(path string) error {
	file, err := Open(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// refused fails the test unless the error is about a symbolic link.
func refused(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("%s: %v", what, err)
	}
}

func TestNewFilesAreTheFoldersOwners(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		deep := filepath.Join(folder, "a", "b")
		for range 2 {
			must(t, MakeFolder(deep))
		}
		file := filepath.Join(deep, "file")
		must(t, open(file))
		for _, path := range []string{filepath.Dir(deep), deep, file} {
			if ownerOf(t, path) != nobody {
				t.Errorf("%s is not the owner's of the folder above", path)
			}
		}
		info, err := os.Stat(deep)
		must(t, err)
		if info.Mode().Perm() != 0o700 {
			t.Errorf("mode %v", info.Mode())
		}
	})
}

// What root makes in its own folders is the heir's. In folders of others, files are their
// owner's, so that people who start it with sudo get their files.
func TestWhatRootMakesIsTheHeirs(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		const heirs = 65531
		heir := Heir{heirs, heirs}
		roots := t.TempDir()
		deep, old := filepath.Join(roots, "a", "b"), filepath.Join(roots, "old")
		must(t, os.WriteFile(old, []byte("old"), 0o600), os.Mkdir(filepath.Join(roots, "there"), 0o755))
		for range 2 {
			must(t, heir.MakeFolder(deep, 0o750), heir.MakeFolder(filepath.Join(folder, "made"), 0o750))
		}
		for path, want := range map[string]uint32{
			filepath.Join(roots, "new"): heirs, filepath.Join(roots, "there/new"): heirs, filepath.Join(deep, "new"): heirs,
			filepath.Join(folder, "new"): nobody, old: 0,
		} {
			file, err := heir.Open(path, os.O_RDWR|os.O_CREATE, 0o640)
			must(t, err)
			must(t, file.Close())
			if owner := ownerOf(t, path); owner != want {
				t.Errorf("%s is %d's", path, owner)
			}
		}
		info, err := os.Stat(deep)
		must(t, err)
		for path, want := range map[string]uint32{filepath.Dir(deep): heirs, deep: heirs, filepath.Join(folder, "made"): heirs, filepath.Join(roots, "there"): 0} {
			if owner := ownerOf(t, path); owner != want || info.Mode().Perm() != 0o750 {
				t.Errorf("%s is %d's, mode %v", path, owner, info.Mode())
			}
		}
	})
}

// A file that root wrote before stays with root.
func TestOldFilesKeepTheirOwner(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		file := filepath.Join(folder, "file")
		must(t, os.WriteFile(file, []byte("old"), 0o600))
		if err := open(file); err != nil || ownerOf(t, file) != 0 {
			t.Errorf("%v, owner %d", err, ownerOf(t, file))
		}
	})
}

// The owner of a folder cannot lead root elsewhere, wherever in the path its link is.
func TestLinksAreRefused(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		roots := t.TempDir()
		target, other := filepath.Join(roots, "target"), filepath.Join(folder, "other")
		must(t, os.WriteFile(target, []byte("root's"), 0o600), os.WriteFile(other, nil, 0o600),
			os.Symlink(target, filepath.Join(folder, "link")), os.Symlink(filepath.Join(roots, "new"), filepath.Join(folder, "dangling")),
			os.Symlink(roots, filepath.Join(folder, "folder")), os.Symlink("folder", filepath.Join(folder, "twice")),
			os.Mkdir(filepath.Join(folder, "real"), 0o755), os.Symlink("real", filepath.Join(folder, "within")),
			os.Mkdir(filepath.Join(folder, "root"), 0o755), os.Symlink(roots, filepath.Join(folder, "root", "folder")))
		for _, path := range []string{"link", "dangling", "folder/target", "folder/new", "twice/target", "within/new", "root/folder/target"} {
			refused(t, "open "+path, open(filepath.Join(folder, path)))
		}
		for _, path := range []string{"folder/a", "twice/a/b", "root/folder/a"} {
			refused(t, "make "+path, MakeFolder(filepath.Join(folder, path)))
		}
		if err := MakeFolder(filepath.Join(folder, "folder")); err == nil {
			t.Error("a link is a folder")
		}
		refused(t, "rename from", Rename(filepath.Join(folder, "folder/target"), filepath.Join(folder, "moved")))
		refused(t, "rename to", Rename(other, filepath.Join(folder, "folder/moved")))
		refused(t, "remove", Remove(filepath.Join(folder, "folder/target")))
		_, err := ReadDir(filepath.Join(folder, "folder"))
		refused(t, "read", err)
		_, err = Exists(filepath.Join(folder, "folder/target"))
		refused(t, "look", err)
		if entries, err := os.ReadDir(roots); err != nil || len(entries) != 1 {
			t.Errorf("root was sent elsewhere: %v, %v", entries, err)
		}
	})
}

// Another user may replace a folder of root that is in that user's folder.
func TestRootsFolderBelowOthers(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		roots := filepath.Join(folder, "roots")
		must(t, os.Mkdir(roots, 0o755), os.Symlink("/etc", filepath.Join(roots, "link")))
		refused(t, "open", open(filepath.Join(roots, "link", "passwd")))
	})
}

// Replacing a folder by a link during the call does not lead root elsewhere.
func TestFolderThatTurnsIntoALink(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		roots := t.TempDir()
		at, link := filepath.Join(folder, "at"), filepath.Join(folder, "link")
		must(t, os.Mkdir(at, 0o777), os.Chown(at, nobody, nobody), os.Symlink(roots, link))
		stop := make(chan struct{})
		var swapping sync.WaitGroup
		swapping.Add(1)
		go func() {
			defer swapping.Done()
			for {
				select {
				case <-stop:
					return
				default:
					_ = unix.Renameat2(unix.AT_FDCWD, at, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE)
				}
			}
		}()
		opened := 0
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
			if open(filepath.Join(at, "file")) == nil {
				opened++
			}
			_ = MakeFolder(filepath.Join(at, "made"))
			_ = Rename(filepath.Join(at, "file"), filepath.Join(at, "moved"))
		}
		close(stop)
		swapping.Wait()
		if entries, err := os.ReadDir(roots); err != nil || len(entries) > 0 {
			t.Errorf("root was sent elsewhere: %v, %v", entries, err)
		}
		if opened == 0 {
			t.Error("the folder was never met")
		}
	})
}

// Other files that the owner of a folder can place there for root to open.
func TestWhatIsNoFileOfTheFoldersOwner(t *testing.T) {
	asRoot(t, func(t *testing.T, folder string) {
		secret, empty := filepath.Join(filepath.Dir(folder), "secret"), filepath.Join(filepath.Dir(folder), "empty")
		must(t, os.WriteFile(secret, []byte("root's"), 0o600), os.WriteFile(empty, nil, 0o600),
			os.Link(secret, filepath.Join(folder, "secret")), os.Link(empty, filepath.Join(folder, "empty")),
			unix.Mkfifo(filepath.Join(folder, "pipe"), 0o666))
		for _, name := range []string{"secret", "empty"} {
			if err := open(filepath.Join(folder, name)); !errors.Is(err, errNames) {
				t.Errorf("a hard link to %s: %v", name, err)
			}
		}
		if ownerOf(t, empty) != 0 {
			t.Error("a file of root's was given away")
		}
		for _, flag := range []int{os.O_RDONLY, os.O_RDWR} {
			if _, err := Open(filepath.Join(folder, "pipe"), flag, 0); !errors.Is(err, errNoFile) {
				t.Errorf("a pipe: %v", err)
			}
		}
	})
}

// Root may have links in its own folder, as others may in theirs, also below /tmp, where
// only root can change the files of root.
func TestLinksInOnesOwnFolder(t *testing.T) {
	folder := t.TempDir()
	must(t, os.Mkdir(filepath.Join(folder, "real"), 0o755), os.Symlink("real", filepath.Join(folder, "folder")),
		os.Symlink(filepath.Join(folder, "target"), filepath.Join(folder, "link")),
		os.Symlink("../folder", filepath.Join(folder, "real", "round")),
		os.Symlink("loop", filepath.Join(folder, "loop")))
	for _, path := range []string{"link", "folder/a", "real/round/b"} {
		if err := open(filepath.Join(folder, path)); err != nil {
			t.Error(err)
		}
	}
	if err := open(filepath.Join(folder, "loop")); err == nil {
		t.Error("a link to itself leads somewhere")
	}
	for _, name := range []string{"target", "real/a", "real/b"} {
		if ok, err := Exists(filepath.Join(folder, name)); !ok || err != nil {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
}

// Relative paths, and the errors of package os.
func TestFilesAreMovedAndRemoved(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	must(t, open("a"), Rename("a", "b"))
	entries, err := ReadDir(".")
	if err != nil || len(entries) != 1 || entries[0].Name() != "b" || !entries[0].Type().IsRegular() {
		t.Errorf("%v, %v", entries, err)
	}
	must(t, Remove("b"))
	if ok, err := Exists(filepath.Join(folder, "b")); ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	for _, err := range []error{Remove("b"), Rename("b", "c"), open("none/b")} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

func TestFoldersThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, path := range []string{file, file + "/below", "/proc/none"} {
		if err := MakeFolder(path); err == nil {
			t.Errorf("%s is made", path)
		}
	}
}
