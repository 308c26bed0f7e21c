package stream

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"tlsfloor/cmd/internal/emit/transport"
)

// Output carries lines to a writer that somebody else has opened. Each Write
// that it makes holds whole lines only, but for the rest of one that was cut.
type Output struct {
	// Writer is not closed.
	Writer io.Writer
	// Wait waits for room on a full disk. Else every error is final.
	Wait bool

	written int // bytes of the first line that is not settled
}

// Check finds out whether the writer is closed, where nobody reads files whose
// events could be counted. Another error shows with the first line.
func (o *Output) Check(context.Context) error {
	if !o.Wait {
		return nil
	}
	if _, err := o.Writer.Write(nil); errors.Is(err, os.ErrClosed) {
		return transport.Wrong(err)
	}
	return nil
}

// Deliver writes what is left of b at once.
func (o *Output) Deliver(_ context.Context, b *transport.Batch) error {
	first := b.Front()
	rest := b.Lines(first, b.Len())[o.written:]
	n, err := o.Writer.Write(rest)
	n += o.written
	for i := first; i < b.Len() && n >= len(b.Line(i))+1; i++ {
		n -= len(b.Line(i)) + 1
		b.Settle(i)
	}
	o.written = n
	if err != nil && !(o.Wait && isFull(err)) {
		return &transport.Failure{Err: err, Class: transport.Final}
	}
	return err
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// Reopen does nothing.
func (o *Output) Reopen() error { return nil }

// Close does nothing.
func (o *Output) Close() error { return nil }
