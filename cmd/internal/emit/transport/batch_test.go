package transport

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func batchOf(lines ...string) *Batch {
	b := new(Batch)
	for i, line := range lines {
		b.Add(append(b.Text(), line...), Mark{Time: int64(i)})
	}
	return b
}

func TestBatch(t *testing.T) {
	b := batchOf("one", "", "two", "three")
	if b.Len() != 3 || b.Size() != len("one\ntwo\nthree\n") || b.Mark(1).Time != 2 {
		t.Fatalf("%d lines of %d bytes", b.Len(), b.Size())
	}
	if string(b.Line(1)) != "two" || string(b.Lines(1, 3)) != "two\nthree\n" || string(b.Lines(0, 1)) != "one\n" || len(b.Lines(1, 1)) != 0 {
		t.Errorf("%q, %q", b.Line(1), b.Lines(1, 3))
	}
	b.Acknowledge(1)
	if b.Front() != 0 || b.Pending() != 2 {
		t.Errorf("front %d, %d pending", b.Front(), b.Pending())
	}
	b.Refuse(0)
	b.Refuse(0)
	b.Acknowledge(0)
	if b.Front() != 2 || b.Pending() != 1 || b.Refused() != 1 || !b.Done(0) || b.Done(2) {
		t.Errorf("front %d, %d pending, %d refused", b.Front(), b.Pending(), b.Refused())
	}
	b.AcknowledgeTo(3)
	if b.Front() != 3 || b.Pending() != 0 {
		t.Errorf("front %d, %d pending", b.Front(), b.Pending())
	}
	b.Reset()
	if b.Len() != 0 || b.Size() != 0 || b.Front() != 0 || b.Pending() != 0 || b.Refused() != 0 {
		t.Errorf("%+v after Reset", b)
	}
}

func TestBackoff(t *testing.T) {
	b := Backoff{Min: 100 * time.Millisecond, Max: 3 * time.Second, Random: rand.New(rand.NewPCG(1, 1))}
	for range 2 {
		for _, step := range []time.Duration{100, 200, 400, 800, 1600, 3000, 3000, 3000} {
			step *= time.Millisecond
			if d := b.Next(); d < step/2 || d > step {
				t.Errorf("%v, want from %v to %v", d, step/2, step)
			}
		}
		b.Reset()
	}
	for range 1000 {
		b.Next() // does not overflow
	}
	if d := b.Next(); d > 3*time.Second || d < 1500*time.Millisecond {
		t.Error(d)
	}
}

// The same seed gives the same waits, another seed others.
func TestBackoffIsSeeded(t *testing.T) {
	waits := func(seed uint64) (all [8]time.Duration) {
		b := Backoff{Min: time.Second, Max: time.Minute, Random: rand.New(rand.NewPCG(seed, 0))}
		for i := range all {
			all[i] = b.Next()
		}
		return all
	}
	first, again, other := waits(1), waits(1), waits(2)
	if first != again || first == other {
		t.Error(first, again, other)
	}
}

func TestFailure(t *testing.T) {
	cause := errors.New("cause")
	err := Wrong(cause)
	if ClassOf(err) != Misconfigured || !errors.Is(err, cause) || err.Error() != "cause" || After(err) != 0 {
		t.Error(err)
	}
	if ClassOf(cause) != Passing || ClassOf(nil) != Passing {
		t.Error("an error of no class is not passing")
	}
	if d := After(errors.Join(&Failure{Err: cause, After: time.Second})); d != time.Second {
		t.Error(d)
	}
}

func TestSecret(t *testing.T) {
	folder := t.TempDir()
	file := func(text string) Secret {
		name := filepath.Join(folder, "secret")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Secret{File: name}
	}
	if s, err := file(" hunter2\r\n").Read(); s != "hunter2" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	t.Setenv("TLSFLOOR_TEST", "hunter3")
	if s, err := (Secret{Variable: "TLSFLOOR_TEST"}).Read(); s != "hunter3" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	t.Setenv("TLSFLOOR_EMPTY", " ")
	for name, s := range map[string]Secret{
		"empty file":     file("\n"),
		"no file":        {File: folder + "/none"},
		"a folder":       {File: folder},
		"no variable":    {Variable: "TLSFLOOR_NONE"},
		"empty variable": {Variable: "TLSFLOOR_EMPTY"},
	} {
		if got, err := s.Read(); err == nil || got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, text := range []string{"hunter2\nInjected: header", "hunter2\x00", "hunter\u00e4"} {
		if got, err := file(text).Read(); err == nil || got != "" || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestIdentity(t *testing.T) {
	one, two := AppendIdentity(nil, []byte("one")), AppendIdentity([]byte("x"), []byte("two"))
	if len(one) != 20 || len(two) != 21 || string(one) != string(AppendIdentity(nil, []byte("one"))) || string(one) == string(two[1:]) {
		t.Errorf("%q, %q", one, two)
	}
	if strings.ContainsAny(string(one)+string(two), `"\/+=`) {
		t.Errorf("%q, %q", one, two)
	}
}
