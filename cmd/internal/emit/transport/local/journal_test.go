package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/journal"
)

func eventsFrom(from, to int, padding string) *transport.Batch {
	b := new(transport.Batch)
	for i := from; i < to; i++ {
		b.Add(fmt.Appendf(b.Text(), `{"n":%d,"padding":"%s"}`, i, padding), transport.Mark{})
	}
	return b
}

// readJournal returns how many events a journal has, which are numbered.
func readJournal(t *testing.T, folder string) (n int) {
	t.Helper()
	r, err := journal.OpenReader(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for ; ; n++ {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil || !strings.HasPrefix(string(line), fmt.Sprintf(`{"n":%d,`, n)) {
			t.Fatalf("%d: %.20s, %v", n, line, err)
		}
	}
}

func TestJournalTakesBatches(t *testing.T) {
	folder := t.TempDir() + "/journal"
	for run := range 2 { // the second run goes on where the first one ended
		j, err := OpenJournal(journal.Options{Folder: folder})
		if err != nil {
			t.Fatal(err)
		}
		b := eventsFrom(run*500, run*500+500, strings.Repeat("x", 200))
		if err := errors.Join(j.Check(context.Background()), j.Deliver(context.Background(), b), j.Reopen(), j.Close()); err != nil || b.Pending() > 0 {
			t.Fatalf("%v, %d are left", err, b.Pending())
		}
	}
	if n := readJournal(t, folder); n != 1000 {
		t.Errorf("%d events", n)
	}
}

// A full journal takes what there is room for, and keeps the rest waiting. An event that
// would never fit is refused, and no other with it.
func TestFullJournal(t *testing.T) {
	folder := t.TempDir()
	j, err := OpenJournal(journal.Options{Folder: folder, Size: journal.MinSize, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	b := eventsFrom(0, 3000, strings.Repeat("x", 1000))
	if err := j.Deliver(context.Background(), b); !errors.Is(err, journal.ErrFull) || transport.ClassOf(err) != transport.Passing {
		t.Errorf("%v", err)
	}
	if n := readJournal(t, folder); n != b.Front() || n < 900 || n > 1100 || b.Refused() != 0 {
		t.Errorf("%d events are there, %d are done, %d are refused", n, b.Front(), b.Refused())
	}
	large := eventsFrom(0, 1, strings.Repeat("x", journal.MinSize))
	if err := j.Deliver(context.Background(), large); err != nil || large.Refused() != 1 {
		t.Errorf("%v, %d refused", err, large.Refused())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := j.Deliver(ctx, eventsFrom(0, 1, "")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
