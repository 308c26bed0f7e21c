package sink

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts a file system.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skipf("a small file system needs root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// fill leaves no room on a disk, until the file that it names is removed.
func fill(t *testing.T, disk string) (filler string) {
	t.Helper()
	filler = filepath.Join(disk, "filler")
	file, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = file.Write(make([]byte, 1<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	file.Close()
	return filler
}

// A disk that is full for a while costs nothing: the events wait in memory, or
// in a spool on another disk, and the file holds whole lines all the time.
func TestDiskFullForAWhile(t *testing.T) {
	t.Parallel()
	for name, spool := range map[string]string{"in memory": "", "in a spool": "?spool=" + t.TempDir()} {
		disk := smallDisk(t, "size=16m")
		path := filepath.Join(disk, "events")
		var told said
		s := mustOpen(t, configs(t, "file:"+path+spool), Options{Live: true, Note: told.note})
		sendAll(s, 0, 100)
		eventually(t, func() bool { return s.Stats()[0].Sent == 100 })
		filler := fill(t, disk)
		for i := 100; i < 2000; i++ {
			s.Send(finding(i))
			time.Sleep(50 * time.Microsecond)
		}
		eventually(t, func() bool { return s.Stats()[0].Retries > 2 })
		for _, line := range linesOf(t, path) {
			numberOf(t, line) // is whole
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return s.Stats()[0].Waiting == 0 })
		sendAll(s, 2000, 2100)
		closeSet(t, s)
		c := tallyOf(t, 2100, linesOf(t, path))
		t.Logf("disk full for a while, events wait %s: %v; %d in the spool", name, c, s.Stats()[0].Spooled)
		if c != (tally{sent: 2100}) {
			t.Error("not each event once")
		}
		if strings.Count(told.text(), "no space left on device") != 1 || strings.Count(told.text(), "works again") != 1 {
			t.Errorf("said %q", told.text())
		}
	}
}

// A spool on a full disk: memory holds what it can, and the rest is counted.
func TestSpoolDiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "size=2m")
	end := &far{decide: away}
	var told said
	s := mustOpen(t, configs(t, fmt.Sprintf("unix:/x?spool=%s&spool-size=1GB", disk)), to(Options{Live: true, Memory: 500_000, Note: told.note}, end))
	const n = 20_000
	for i := range n {
		s.Send(finding(i))
		if i%100 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	eventually(t, func() bool { return strings.Contains(told.text(), "no room for more events") })
	end.tell(nil)
	eventually(t, func() bool { return s.Stats()[0].Waiting == 0 })
	sendAll(s, n, n+100)
	if err := s.Close(); err == nil {
		t.Error("nothing is said to be lost")
	}
	stats, c := s.Stats()[0], tallyOf(t, n+100, end.received())
	t.Logf("spool's disk full: %v; dropped and counted %d", c, stats.Dropped)
	if c.lost != int(stats.Dropped) || c.doubled+c.disordered > 0 || c.lost == 0 || c.lost > n*9/10 {
		t.Errorf("%v, %+v", c, stats)
	}
	if strings.Count(told.text(), "events wait in memory: ") == 0 {
		t.Errorf("said %q", told.text())
	}
}
