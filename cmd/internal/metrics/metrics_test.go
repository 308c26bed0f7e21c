package metrics

import (
	"os"
	"path/filepath"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
)

func TestAppend(t *testing.T) {
	c := Counts{Packets: 10, Bytes: 1000, Flows: 4, Hellos: 6, Flagged: 1, Excepted: 13, Own: 12, DroppedKernel: 2, DroppedOutput: 3, Faults: 6, Waiting: 5,
		PacketsWritten: 8, PacketsLost: 9, FlowsNotWhole: 11,
		Blind: []blind.Spot{{Cause: cause(t, "below_floor_unnamed"), Count: 7}, {Cause: cause(t, "events_dropped"), Count: 3}}}
	c.Handshakes[classify.Violation] = 1
	want, err := os.ReadFile("testdata/counts.prom")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(appendCounts(nil, &c)); got != string(want) {
		t.Errorf("got\n%s", got)
	}
}

func cause(t *testing.T, name string) blind.Cause {
	t.Helper()
	c, ok := blind.ParseCause(name)
	if !ok {
		t.Fatalf("no cause is called %q", name)
	}
	return c
}

func TestWriteFileReplacesAsAWhole(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "tlsfloor.prom")
	for n := range uint64(3) {
		if err := WriteFile(path, &Counts{Packets: n}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := appendCounts(nil, &Counts{Packets: 2}); string(got) != string(want) {
		t.Errorf("got\n%s", got)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
	if err := WriteFile(filepath.Join(folder, "nowhere", "x.prom"), &Counts{}); err == nil {
		t.Error("a folder that is not there was written to")
	}
}
