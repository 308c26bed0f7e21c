package journal

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tlsfloor/cmd/internal/testing/smalldisk"
	"tlsfloor/cmd/internal/testing/wait"
)

// smallExt4 mounts an ext4 file system of 6 MiB.
func smallExt4(t *testing.T) string {
	t.Helper()
	folder := smalldisk.Mount(t, "size=16m") // the image need not go to a disk
	image, mounted := filepath.Join(folder, "image"), filepath.Join(folder, "mounted")
	if err := errors.Join(os.Mkdir(mounted, 0o700), os.WriteFile(image, nil, 0o600), os.Truncate(image, 6<<20)); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"mkfs.ext4", "-q", image}, {"mount", "-o", "loop", image, mounted}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%v: %v: %s", command, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", mounted).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return mounted
}

// The disk fills and has room again, five times, while a reader reads without a pause. It
// gets each event once for which Append returned nothing, and nothing of the batches that
// were refused.
func TestFullDisk(t *testing.T) {
	t.Run("tmpfs", func(t *testing.T) { fillDisk(t, smalldisk.Mount(t, "size=2m")) })
	t.Run("ext4", func(t *testing.T) { fillDisk(t, smallExt4(t)) })
}

func fillDisk(t *testing.T, disk string) {
	folder := filepath.Join(disk, "journal")
	filler := func(i int) string { return filepath.Join(disk, strconv.Itoa(i)) }
	for i := range 5 {
		write(t, filler(i), make([]byte, 300<<10))
	}
	w := create(t, Options{Folder: folder, Size: 1 << 30})
	padding := strings.Repeat("x", 3000)
	stop, read := make(chan struct{}), make(chan int)
	go readUntil(t, folder, padding, stop, read)
	next, refused := 0, 0
	for i := range 5 {
		for full := 0; full < 200; {
			switch err := w.Append(batchOf(next, padding), batchSize); {
			case err == nil:
				next += batchSize
			case errors.Is(err, syscall.ENOSPC) && !errors.Is(err, ErrFull):
				full++
				refused++
			default:
				t.Fatal(err)
			}
		}
		if err := os.Remove(filler(i)); err != nil {
			t.Fatal(err)
		}
		put(t, w, next, next+10, padding)
		next += 10
	}
	closeWriter(t, w)
	close(stop)
	if n := <-read; n != next {
		t.Errorf("%d events were read, want %d", n, next)
	}
	t.Logf("%d events taken, %d batches refused", next, refused)
	w = create(t, Options{Folder: folder})
	if w.Next() != uint64(next) {
		t.Errorf("goes on with %d, want %d", w.Next(), next)
	}
	closeWriter(t, w)
	take(t, openReader(t, folder), 0, next, padding)
}

// batchSize is the number of events that are more than what a full disk has left in a page.
const batchSize = 17

func batchOf(next int, padding string) (batch []byte) {
	for i := range batchSize {
		batch = append(batch, eventOf(next+i, padding)+"\n"...)
	}
	return batch
}

// readUntil reads until stop is closed and nothing is left, and sends how many events it
// got, or -1.
func readUntil(t *testing.T, folder, padding string, stop chan struct{}, read chan int) {
	r, err := OpenReader(folder)
	if err != nil {
		t.Error(err)
	}
	for n, last := 0, false; ; {
		line, _, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && last:
			read <- n
			return
		case errors.Is(err, io.EOF):
			select {
			case <-stop:
				last = true
			default:
			}
		case err != nil || string(line) != eventOf(n, padding):
			t.Errorf("event %d: %.60s, %v", n, line, err)
			read <- -1
			return
		default:
			n++
		}
	}
}

// What is reserved on the disk is given back.
func TestReservedSpace(t *testing.T) {
	disk := smalldisk.Mount(t, "size=32m")
	used := func() int64 {
		var s syscall.Statfs_t
		if err := syscall.Statfs(disk, &s); err != nil {
			t.Fatal(err)
		}
		return int64(s.Blocks-s.Bfree) * s.Bsize
	}
	w := create(t, Options{Folder: filepath.Join(disk, "journal"), Size: 64 << 20})
	put(t, w, 0, 1, "")
	if n := used(); n < reserveStep {
		t.Errorf("%d bytes are reserved", n)
	}
	closeWriter(t, w)
	if n := used(); n > 64<<10 {
		t.Errorf("%d bytes stay reserved", n)
	}
}

// The file system is read-only for a while.
func TestReadOnly(t *testing.T) {
	disk := smalldisk.Mount(t, "size=8m")
	folder := filepath.Join(disk, "journal")
	w := create(t, Options{Folder: folder})
	put(t, w, 0, 5, "")
	closeWriter(t, w)
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	if _, err := Create(Options{Folder: folder}); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a writer gets %v", err)
	}
	r := openReader(t, folder)
	take(t, r, 0, 5, "")
	wantEnd(t, r)
	remount(0)
	w = create(t, Options{Folder: folder})
	put(t, w, 5, 10, "")
	take(t, r, 5, 10, "")
	closeWriter(t, w)
}

// A writer survives a folder that it may not write to for a while.
func TestRefusedFolder(t *testing.T) {
	disk := smalldisk.Mount(t, "size=8m")
	folder := filepath.Join(disk, "journal")
	w := create(t, Options{Folder: folder, Size: MinSize})
	padding := strings.Repeat("x", 20<<10)
	put(t, w, 0, 3, padding)
	if err := os.Rename(folder, folder+".away"); err != nil {
		t.Fatal(err)
	}
	next := 3
	for ; next < 10; next++ { // the segment that is open has room left
		if err := w.Append([]byte(eventOf(next, padding)+"\n"), 1); err != nil {
			break
		}
	}
	if next == 10 {
		t.Fatal("a new segment was made in a folder that is gone")
	}
	if err := os.Rename(folder+".away", folder); err != nil {
		t.Fatal(err)
	}
	put(t, w, next, 20, padding)
	closeWriter(t, w)
	take(t, openReader(t, folder), 0, 20, padding)
}

// A segment that cannot be removed is reported once, and removed when that is possible.
func TestRefusedRemoval(t *testing.T) {
	disk := smalldisk.Mount(t, "size=8m")
	folder := filepath.Join(disk, "journal")
	var notes atomic.Int64
	w := create(t, Options{Folder: folder, Size: MinSize, Consume: true, SyncEvery: time.Millisecond, Note: func(string) { notes.Add(1) }})
	put(t, w, 0, 20, long)
	first := segmentFiles(t, folder)[0]
	// A folder of this name, which is not empty, cannot be removed as a file.
	if err := errors.Join(os.Rename(first, first+".away"), os.MkdirAll(filepath.Join(first, "file"), 0o700)); err != nil {
		t.Fatal(err)
	}
	cursorAt(t, folder, "reader", 20)
	wait.Until(t, func() bool { return notes.Load() > 0 })
	time.Sleep(50 * time.Millisecond)
	if n := notes.Load(); n != 1 || len(segmentFiles(t, folder)) < 3 {
		t.Errorf("reported %d times", n)
	}
	if err := errors.Join(os.RemoveAll(first), os.Rename(first+".away", first)); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, func() bool { return len(segmentFiles(t, folder)) == 1 })
	closeWriter(t, w)
}
