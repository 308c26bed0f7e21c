package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tlsfloor/cmd/internal/testing/smalldisk"
)

// On a full disk the file ends with a whole line, and the rest of the batch is written
// when there is room.
func TestFullDisk(t *testing.T) {
	disk := smalldisk.Mount(t, "size=64k")
	path, filler := filepath.Join(disk, "events"), filepath.Join(disk, "filler")
	f := open(t, Options{Path: path})
	if err := os.WriteFile(filler, make([]byte, 40<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	all := batchOf(0, 60, strings.Repeat("x", 500))
	err := f.Deliver(context.Background(), all)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, %d lines are left", err, all.Pending())
	}
	if text := read(t, path); text != string(all.Lines(0, all.Front())) {
		t.Errorf("%d bytes, ending in %q", len(text), text[len(text)-5:])
	}
	full := all.Front()
	for range 3 { // trying again tears nothing
		if err := f.Deliver(context.Background(), all); !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	deliver(t, f, all)
	if text := read(t, path); text != string(all.Lines(0, 60)) || full == 0 || full == 60 {
		t.Errorf("%d lines before the disk was full; %d bytes in the end", full, len(text))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// The disk has room for bytes, but not for another file.
func TestRotationWithoutInodes(t *testing.T) {
	disk := smalldisk.Mount(t, "size=1m,nr_inodes=2")
	path := filepath.Join(disk, "events")
	var told notes
	f := open(t, Options{Path: path, Size: 200, Note: told.add})
	defer f.Close()
	all := batchOf(0, 50, "")
	deliver(t, f, all)
	if read(t, path) != string(all.Lines(0, 50)) || len(told) != 1 {
		t.Errorf("%q, said %q", read(t, path), told)
	}
}
