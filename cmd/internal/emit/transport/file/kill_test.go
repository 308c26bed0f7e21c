package file

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// writerVariable makes the test binary a writer to a file, until it is killed.
const writerVariable = "TLSFLOOR_TEST_WRITER"

// ready is what the writer prints when it begins to write.
const ready = "ready\n"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

// writeUntilKilled continues with the number after that of the last line. Long lines cover
// many pages, and a kill cuts a write between two pages.
func writeUntilKilled(path string) {
	f, err := Open(Options{Path: path, Size: 4 << 20, Note: func(line string) { os.Stdout.WriteString(line + "\n") }})
	if err != nil {
		panic(err)
	}
	padding := strings.Repeat("x", 512<<10)
	n := lastNumber(path) + 1
	os.Stdout.WriteString(ready)
	for ; ; n++ {
		if err := f.Deliver(context.Background(), batchOf(n, n+1, padding[:n*7919%len(padding)])); err != nil {
			panic(err)
		}
	}
}

type numbered struct{ N int }

// lastNumber returns the number of the last line of the newest file that has one.
func lastNumber(path string) int {
	f := &File{options: Options{Path: path}}
	names, err := f.rotated()
	if err != nil {
		panic(err)
	}
	for _, name := range slices.Backward(append(names, path)) {
		if numbers := numbersIn(name); len(numbers) > 0 {
			return numbers[len(numbers)-1]
		}
	}
	return -1
}

// numbersIn panics at a line that is not valid JSON.
func numbersIn(name string) (numbers []int) {
	file, err := os.Open(name)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 2<<20)
	for lines.Scan() {
		var line numbered
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			panic(name + ": " + err.Error())
		}
		numbers = append(numbers, line.N)
	}
	if lines.Err() != nil {
		panic(lines.Err())
	}
	return numbers
}

// Fifty writers are killed at different moments. The next one repairs the file each time;
// in the end every line is whole and none is missing.
func TestKilledFiftyTimes(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	const kills = 50
	path := filepath.Join(t.TempDir(), "events")
	random := rand.New(rand.NewPCG(1, 1))
	torn := 0
	for range kills {
		said := killAfter(t, path, time.Duration(random.IntN(10_000))*time.Microsecond)
		torn += strings.Count(said, "is removed")
	}
	f := open(t, Options{Path: path, Note: func(string) { torn++ }})
	names, err := f.rotated()
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for _, name := range append(names, path) {
		for _, n := range numbersIn(name) {
			if n != next {
				t.Fatalf("%s: line %d where %d is due", name, n, next)
			}
			next++
		}
	}
	t.Logf("kill -9: %d; lines: %d; torn lines mended: %d; lines not whole: 0, lost: 0, doubled: 0", kills, next, torn)
	if next < kills {
		t.Error("the writers hardly wrote")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// killAfter kills a writer some time after it has begun, and returns its output.
func killAfter(t *testing.T, path string, d time.Duration) (said string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for !strings.HasSuffix(said, ready) {
		line, err := lines.ReadString('\n')
		if said += line; err != nil {
			t.Fatalf("the writer ended by itself: %s", said)
		}
	}
	time.Sleep(d)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
	return said
}
