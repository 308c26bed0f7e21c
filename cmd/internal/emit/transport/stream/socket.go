package stream

import (
	"context"
	"errors"
	"net"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Socket carries lines to a stream socket of this machine (AF_UNIX). The
// connection stays open from one batch to the next.
type Socket struct {
	Path string

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

// Deliver writes what is left of b, and settles it when the reader has read it.
// A reader that leaves before may have read any part of it.
func (s *Socket) Deliver(ctx context.Context, b *transport.Batch) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, s.interrupt())()
	_, err := s.conn.Write(b.Lines(b.Front(), b.Len()))
	if err == nil {
		err = awaitRead(ctx, s.conn)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	b.SettleTo(b.Len())
	return nil
}

// connect makes sure of a connection to a reader that was still there just now.
func (s *Socket) connect(ctx context.Context) (err error) {
	if s.conn != nil && hungUp(s.conn) {
		if err := s.Close(); err != nil {
			return err
		}
	}
	if s.conn == nil {
		s.conn, err = s.dial(ctx)
	}
	return err
}

// interrupt returns what ends a write that waits for the reader.
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
		// A reader that goes away empties the queue, too.
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

// Reopen does nothing: a socket that was made anew is found when the old one
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
