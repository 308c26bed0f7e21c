package packetfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// On a full disk the file ends with a whole block. Later packets are written when there is
// room again.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a small file system needs root: %v", err)
	}
	defer func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }()
	path, filler := filepath.Join(disk, "x.pcapng"), filepath.Join(disk, "filler")
	f := open(t, Options{Path: path})
	must(t, os.WriteFile(filler, make([]byte, 40<<10), 0o600))
	for range 4 {
		write(t, f, strings.Repeat("x", 10<<10))
	}
	if err := f.Err(); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "packets are lost: "+path) {
		t.Errorf("%v", err)
	}
	must(t, f.Err(), os.Remove(filler))
	write(t, f, "after")
	must(t, f.Close())
	got := strings.Fields(texts(t, path))
	if s := f.Stats(); s.Lost == 0 || s.Written+s.Lost != 5 || len(got) != int(s.Written) || !slices.Contains(got, "after") {
		t.Errorf("%+v, %d packets in the file", s, len(got))
	}
}
