package sink

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsfloor/cmd/internal/testing/faketime"
	"tlsfloor/cmd/internal/testing/smalldisk"
)

// fill fills a disk, until the file that it returns is removed.
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

// A disk that is full for a while loses no event as long as memory has room for them, and the
// file has only whole lines all the time.
func TestDiskFullForAWhile(t *testing.T) {
	t.Parallel()
	disk := smalldisk.Mount(t, "size=16m")
	path := filepath.Join(disk, "events")
	var told said
	clock := faketime.New()
	clock.Longest = 2 * time.Second // between two attempts
	s := mustOpen(t, configs(t, "file:"+path), Options{Live: true, Note: told.note, clock: clock})
	sendPaced(t, s, clock, 0, 100)
	clock.Until(t, func() bool { return s.Stats()[0].Sent == 100 })
	filler := fill(t, disk)
	sendPaced(t, s, clock, 100, 2000)
	clock.Until(t, func() bool { return s.Stats()[0].Retries > 2 })
	clock.UntilAlarm(t, configs(t, "file:"+path)[0].Pace().Min/2) // it waits for the next attempt, and writes nothing
	for _, line := range linesOf(t, path) {
		numberOf(t, line) // is whole
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	clock.Until(t, func() bool { return s.Stats()[0].Waiting == 0 })
	sendAll(s, 2000, 2100)
	closeSet(t, s)
	if c := tallyOf(t, 2100, linesOf(t, path)); c != (tally{sent: 2100}) {
		t.Error(c)
	}
	if strings.Count(told.text(), "no space left on device") != 1 || strings.Count(told.text(), "works again") != 1 {
		t.Errorf("said %q", told.text())
	}
}
