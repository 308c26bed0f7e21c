package local

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"tlsfloor/cmd/internal/emit/transport"
)

func batchOf(from, to int) *transport.Batch {
	b := new(transport.Batch)
	for i := from; i < to; i++ {
		b.Add(fmt.Appendf(b.Text(), "line %d", i), transport.Mark{})
	}
	return b
}

// full accepts a number of bytes per Write, and fails if that cuts one.
type full struct {
	text   strings.Builder
	room   int
	reason error
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.text.Write(p[:n])
	if n < len(p) {
		return n, f.reason
	}
	return n, nil
}

func TestOutputWritesABatchAtOnce(t *testing.T) {
	w := &full{room: 1 << 20}
	o := &Stdout{Writer: w}
	b := batchOf(0, 100)
	if err := o.Deliver(context.Background(), b); err != nil || b.Pending() != 0 || w.text.String() != string(b.Lines(0, 100)) {
		t.Errorf("%v, %d lines left", err, b.Pending())
	}
}

// A disk that is full again and again tears no line and doubles none, wherever a write is
// cut.
func TestOutputGoesOnWhereItWasCut(t *testing.T) {
	for _, reason := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		for room := 1; room < 60; room++ {
			w := &full{room: room, reason: reason}
			o := &Stdout{Writer: w}
			b := batchOf(0, 20)
			for tries := 0; b.Pending() > 0; tries++ {
				err := o.Deliver(context.Background(), b)
				if err != nil && transport.ClassOf(err) != transport.Passing || tries > 1000 {
					t.Fatal(err)
				}
			}
			if w.text.String() != string(b.Lines(0, 20)) {
				t.Fatalf("%d bytes at a time: %q", room, w.text.String())
			}
		}
	}
}

func TestOutputErrorsThatAreFinal(t *testing.T) {
	for _, reason := range []error{syscall.EPIPE, syscall.EIO} {
		o := &Stdout{Writer: &full{room: 10, reason: reason}}
		b := batchOf(0, 20)
		err := o.Deliver(context.Background(), b)
		if transport.ClassOf(err) != transport.Final || !errors.Is(err, reason) || b.Front() != 1 {
			t.Errorf("%v: %v, %d lines out", reason, err, b.Front())
		}
	}
}
