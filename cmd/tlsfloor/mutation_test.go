package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestMutatedCaptures reads recorded captures whose bytes were changed, cut, doubled, moved
// and mixed with those of another. The whole program must not panic, not even with
// recovery, write only valid JSON in printable ASCII, and end within seconds. MUTATIONS is
// the number of captures, 36,000 in "make mutate". Each depends only on its number, which a
// failure prints: MUTATION=number reads that one again.
func TestMutatedCaptures(t *testing.T) {
	originals := contents(t, recorded(t))
	first, last := 0, 300
	if text := os.Getenv("MUTATIONS"); text != "" {
		last = number(t, text)
	} else if testing.Short() {
		last = 50
	}
	if text := os.Getenv("MUTATION"); text != "" {
		first = number(t, text)
		last = first + 1
	}
	file, events := filepath.Join(t.TempDir(), "mutated"), 0
	var slowest time.Duration
	for i := first; i < last; i++ {
		capture := mutated(originals, uint64(i))
		if err := os.WriteFile(file, capture, 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		events += readMutated(t, i, file)
		slowest = max(slowest, time.Since(began))
	}
	t.Logf("figures: %d mutated captures, %d events, the slowest took %v", last-first, events, slowest.Round(time.Millisecond))
}

func number(t *testing.T, text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func contents(t *testing.T, names []string) (all [][]byte) {
	for _, name := range names {
		file := filepath.Join(captures, name)
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// readMutated reads the capture with number i, and returns the number of events.
func readMutated(t *testing.T, i int, file string) int {
	formats := []string{"native", "ecs", "ocsf", "eve", "zeek"}
	args := []string{"-q", "--no-sandbox", "--emit", "all", "--certificates",
		"--format", formats[i%len(formats)], "--workers", strconv.Itoa(1 + i/len(formats)%2), "-r", file}
	var out, messages bytes.Buffer
	ended := make(chan int, 1)
	go func() { ended <- run(args, nil, &out, &messages) }()
	var status int
	select {
	case status = <-ended:
	case <-time.After(time.Minute):
		panic(fmt.Sprintf("MUTATION=%d: no end after a minute", i))
	}
	if status != exitOK && status != exitError || bytes.Contains(messages.Bytes(), []byte("a fault of tlsfloor")) {
		t.Errorf("MUTATION=%d: status %d\n%s", i, status, messages.Bytes())
	}
	events := 0
	for line := range bytes.Lines(out.Bytes()) {
		if err := wholeLine(line); err != nil {
			t.Errorf("MUTATION=%d: %v: %q", i, err, line)
		}
		events++
	}
	return events
}

func wholeLine(line []byte) error {
	for _, c := range bytes.TrimSuffix(line, []byte("\n")) {
		if c < ' ' || c > '~' {
			return fmt.Errorf("byte %#x", c)
		}
	}
	if !bytes.HasSuffix(line, []byte("\n")) || !json.Valid(line) {
		return fmt.Errorf("not a line of JSON")
	}
	return nil
}

// mutated makes the capture with a number of recorded ones.
func mutated(originals [][]byte, number uint64) []byte {
	r := rand.New(rand.NewPCG(number, 0))
	pick := func() []byte { return originals[r.IntN(len(originals))] }
	b := bytes.Clone(pick())
	for range 1 + r.IntN(4) {
		if len(b) < 64 {
			break
		}
		switch r.IntN(7) {
		case 0:
			flip(r, b)
		case 1:
			odd(r, b)
		case 2:
			b = b[:32+r.IntN(len(b)-32)]
		case 3:
			b = moved(r, b)
		case 4:
			b = doubled(r, b)
		case 5:
			b = removed(r, b)
		case 6:
			other := pick()
			b = append(b[:r.IntN(len(b))], other[r.IntN(len(other)):]...)
		}
	}
	return b
}

// flip changes some bytes, more often after the file's header.
func flip(r *rand.Rand, b []byte) {
	for range 1 + r.IntN(32) {
		b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
	}
}

// odd writes numbers that are wrong as lengths, counts and offsets.
func odd(r *rand.Rand, b []byte) {
	values := []byte{0, 1, 0x7f, 0x80, 0xfe, 0xff}
	for range 1 + r.IntN(8) {
		at, v := r.IntN(len(b)-4), values[r.IntN(len(values))]
		for i := range 1 + r.IntN(4) {
			b[at+i] = v
		}
	}
}

func moved(r *rand.Rand, b []byte) []byte {
	from := r.IntN(len(b))
	n := r.IntN(min(len(b)-from, 2000) + 1)
	part := bytes.Clone(b[from : from+n])
	rest := append(b[:from:from], b[from+n:]...)
	to := r.IntN(len(rest) + 1)
	return append(append(bytes.Clone(rest[:to]), part...), rest[to:]...)
}

func doubled(r *rand.Rand, b []byte) []byte {
	from := r.IntN(len(b))
	to := from + r.IntN(min(len(b)-from, 4000)+1)
	return append(bytes.Clone(b[:to]), b[from:]...)
}

func removed(r *rand.Rand, b []byte) []byte {
	from := r.IntN(len(b))
	return append(b[:from:from], b[from+r.IntN(min(len(b)-from, 400)+1):]...)
}
