package emit

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tlsfloor/classify"
)

// sink remembers each Write.
type sink struct {
	mu     sync.Mutex
	writes []string
	fail   error // returned by every Write, after half of it was taken
	block  chan struct{}
}

func (s *sink) Write(p []byte) (int, error) {
	if s.block != nil {
		<-s.block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, string(p))
	if s.fail != nil {
		return len(p) / 2, s.fail
	}
	return len(p), nil
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.writes)
}

func (s *sink) text() string { return strings.Join(s.writes, "") }

// numbered is a format of numbers, to see order and loss. A finding without a
// time has no event in it.
type numbered struct{ padding string }

func (n numbered) AppendFinding(dst []byte, f *classify.Finding) []byte {
	if f.Time == 0 {
		return dst
	}
	return fmt.Appendf(dst, "%d%s", f.Time, n.padding)
}

func (n numbered) AppendStats(dst []byte, s *Stats) []byte {
	return fmt.Appendf(dst, "stats %d", s.Time)
}

func finding(n int) *classify.Finding {
	return &classify.Finding{Observation: classify.Observation{Time: int64(n)}}
}

func TestWriterKeepsOrderAndWholeLines(t *testing.T) {
	const n = 5000
	var out sink
	var want bytes.Buffer
	w := NewWriter(&out, numbered{strings.Repeat(" padding", 30)})
	for i := range n {
		w.Send(finding(i + 1))
		fmt.Fprintf(&want, "%d%s\n", i+1, strings.Repeat(" padding", 30))
	}
	w.SendStats(&Stats{Time: 7})
	fmt.Fprintf(&want, "stats 7\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if out.text() != want.String() {
		t.Errorf("%d bytes written, want %d, or another order", len(out.text()), want.Len())
	}
	for _, text := range out.writes {
		if !strings.HasSuffix(text, "\n") || len(text) > 2*chunk {
			t.Errorf("a Write of %d bytes, ends in %q", len(text), text[len(text)-10:])
		}
	}
}

func TestWriterLeavesOutWhatTheFormatHasNot(t *testing.T) {
	var out sink
	w := NewWriter(&out, numbered{})
	w.Send(finding(0))
	w.Send(finding(1))
	if err := w.Close(); err != nil || out.text() != "1\n" {
		t.Errorf("%q, %v", out.text(), err)
	}
}

// A person who watches sees each line without another having to come.
func TestWriterWritesWithoutClose(t *testing.T) {
	var out sink
	w := NewWriter(&out, numbered{})
	defer w.Close()
	for i := range 3 {
		w.Send(finding(i + 1))
		eventually(t, func() bool { return out.count() == i+1 })
	}
}

func TestWriterIsWokenByAFullQueue(t *testing.T) {
	var out sink
	w := newWriter(&out, numbered{}, time.Hour)
	for i := range 3 * queueLength {
		w.Send(finding(i + 1))
	}
	eventually(t, func() bool { return out.count() > 0 })
	if err := w.Close(); err != nil || strings.Count(out.text(), "\n") != 3*queueLength {
		t.Errorf("%d lines of %d, %v", strings.Count(out.text(), "\n"), 3*queueLength, err)
	}
}

// Close does not wait for the clock either.
func TestWriterClosesAtOnce(t *testing.T) {
	var out sink
	w := newWriter(&out, numbered{}, time.Hour)
	w.Send(finding(1))
	if err := w.Close(); err != nil || out.text() != "1\n" {
		t.Errorf("%q, %v", out.text(), err)
	}
}

func TestWriterBlocksOnASlowReader(t *testing.T) {
	const all = 3 * queueLength
	out := sink{block: make(chan struct{})}
	w := newWriter(&out, numbered{strings.Repeat("x", chunk)}, time.Hour)
	var sent atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range all {
			w.Send(finding(i + 1))
			sent.Add(1)
		}
	}()
	eventually(t, func() bool { return sent.Load() >= queueLength })
	time.Sleep(50 * time.Millisecond)
	if n := sent.Load(); n > queueLength+1 { // one is in the writer's hands
		t.Errorf("%d findings were taken, the bound is %d", n, queueLength)
	}
	close(out.block)
	<-done
	if err := w.Close(); err != nil || strings.Count(out.text(), "\n") != all {
		t.Errorf("%d lines of %d, %v", strings.Count(out.text(), "\n"), all, err)
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for range 5000 {
		if holds() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it did not come to pass within 5 s")
}

func TestWriterError(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EPIPE} {
		out := sink{fail: cause}
		w := NewWriter(&out, numbered{strings.Repeat("x", chunk)})
		for i := range 2 * queueLength {
			w.Send(finding(i + 1)) // must not block for ever
		}
		if err := w.Close(); !errors.Is(err, cause) || !strings.HasPrefix(err.Error(), "writing events: ") {
			t.Errorf("Close: %v, want %v", err, cause)
		}
		if err := w.Err(); !errors.Is(err, cause) {
			t.Errorf("Err: %v, want %v", err, cause)
		}
		if len(out.writes) != 1 {
			t.Errorf("%d writes, want no more after the first error", len(out.writes))
		}
	}
}

func TestWriterTakesManySenders(t *testing.T) {
	const each = 500
	var out sink
	w := NewWriter(&out, Native{sensor})
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range each {
				w.Send(violation())
			}
		}()
	}
	wg.Wait()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := string(AppendNative(nil, violation(), sensor)) + "\n"
	if out.text() != strings.Repeat(want, 4*each) {
		t.Error("lines are torn or lost")
	}
}

func BenchmarkWriter(b *testing.B) {
	b.ReportAllocs()
	w, f := NewWriter(&nothing{}, Native{sensor}), violation()
	for b.Loop() {
		w.Send(f)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
