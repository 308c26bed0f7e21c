package local

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Stdout delivers lines to a writer that the caller opened. Each Write has whole lines,
// except for the rest of a line that the last one cut.
type Stdout struct {
	// Writer is what Close leaves open.
	Writer io.Writer
	// Early: Check finds out whether the writer is closed, and not the first line.
	Early bool
	// Header begins the stream, with its newline; empty: none.
	Header []byte

	written int // bytes of the first pending line
}

// Check finds out whether the writer is closed, if that is wanted. Other errors show with
// the first line.
func (o *Stdout) Check(context.Context) error {
	if !o.Early {
		return nil
	}
	if _, err := o.Writer.Write(nil); errors.Is(err, os.ErrClosed) {
		return transport.Wrong(err)
	}
	return nil
}

// Deliver writes the pending lines in one Write.
func (o *Stdout) Deliver(_ context.Context, b *transport.Batch) error {
	if err := o.writeHeader(); err != nil {
		return err
	}
	first := b.Front()
	rest := b.Lines(first, b.Len())[o.written:]
	n, err := o.Writer.Write(rest)
	n += o.written
	for i := first; i < b.Len() && n >= len(b.Line(i))+1; i++ {
		n -= len(b.Line(i)) + 1
		b.Acknowledge(i)
	}
	o.written = n
	return o.classed(err)
}

// writeHeader writes what remains of the header.
func (o *Stdout) writeHeader() error {
	if len(o.Header) == 0 {
		return nil
	}
	n, err := o.Writer.Write(o.Header)
	o.Header = o.Header[n:]
	return o.classed(err)
}

func (o *Stdout) classed(err error) error {
	if err != nil && !isFull(err) { // what is full has room again
		o.Header = nil
		return &transport.Failure{Err: err, Class: transport.Final}
	}
	return err
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// Reopen does nothing.
func (o *Stdout) Reopen() error { return nil }

// Close writes the header if there was no line: a table without rows has one, too.
func (o *Stdout) Close() error { return o.writeHeader() }

// Socket delivers lines to a Unix stream socket (AF_UNIX). The connection stays open
// from one batch to the next.
type Socket struct {
	Path string
	// Header begins what is written to each connection, with its newline; empty: none.
	Header []byte

	conn *net.UnixConn
}

var errHungUp = errors.New("the reader has closed the connection")

// Check connects.
func (s *Socket) Check(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err == nil {
		err = conn.Close()
	}
	return err
}

func (s *Socket) dial(ctx context.Context) (*net.UnixConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", s.Path)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// Deliver writes the pending lines, and acknowledges them when the reader has read
// them all. A reader that closes before may have read any part of them.
func (s *Socket) Deliver(ctx context.Context, b *transport.Batch) error {
	anew, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.interrupt())()
	lines := b.Lines(b.Front(), b.Len())
	if anew && len(s.Header) > 0 {
		lines = slices.Concat(s.Header, lines)
	}
	_, err = s.conn.Write(lines)
	if err == nil {
		err = awaitRead(ctx, s.conn)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	b.AcknowledgeTo(b.Len())
	return nil
}

// connect connects unless there is a connection that the reader has not closed. It reports
// whether it did.
func (s *Socket) connect(ctx context.Context) (anew bool, err error) {
	if s.conn != nil && hungUp(s.conn) {
		if err := s.Close(); err != nil {
			return false, err
		}
	}
	if s.conn == nil {
		s.conn, err = s.dial(ctx)
		return true, err
	}
	return false, nil
}

// interrupt returns a function that ends a blocked write.
func (s *Socket) interrupt() func() {
	conn := s.conn
	return func() { _ = conn.SetDeadline(time.Unix(1, 0)) }
}

// awaitRead waits until the reader has read everything.
func awaitRead(ctx context.Context, conn *net.UnixConn) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		empty, err := transport.QueueEmpty(conn)
		if err != nil {
			return err
		}
		// A reader that closes empties the queue, too.
		if hungUp(conn) {
			return errHungUp
		}
		if empty {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Reopen does nothing: a new socket at the path is found when the old connection
// closes.
func (s *Socket) Reopen() error { return nil }

// Close closes the connection.
func (s *Socket) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}
