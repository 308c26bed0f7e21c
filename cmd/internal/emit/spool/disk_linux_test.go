package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of this size in bytes.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skipf("a small file system needs root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// When the disk gets full, no item that was added is lost, and adding works again when
// there is room.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "size=512k")
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(disk, "spool")
	s := open(t, folder, MinSize)
	padding := bytes.Repeat([]byte("x"), 3000)
	var items []byte
	taken, refused := 0, 0
	for i := range 200 {
		if i == 120 {
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
		}
		items = AppendItem(items[:0], []byte{byte(taken)}, padding)
		switch err := s.Append(items, 1); {
		case err == nil:
			taken++
		case errors.Is(err, syscall.ENOSPC):
			refused++
		default:
			t.Fatal(err)
		}
	}
	t.Logf("%d items taken, %d refused", taken, refused)
	if taken < 100 || refused < 10 {
		t.Error("the disk was not full, or stayed so")
	}
	closeSpool(t, s)
	s = open(t, folder, MinSize)
	defer closeSpool(t, s)
	if s.Len() != taken || s.Damaged() != 0 {
		t.Errorf("%d items are there, want %d; %d bytes damaged", s.Len(), taken, s.Damaged())
	}
	for i := range taken {
		items, err := s.Read(1)
		if err != nil || len(items) != 1 || items[0][0] != byte(i) {
			t.Fatalf("record %d: %v", i, err)
		}
		if err := s.Commit(1); err != nil {
			t.Fatal(err)
		}
	}
}
