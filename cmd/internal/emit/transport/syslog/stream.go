package syslog

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Stream carries lines over TCP, or TLS.
//
// Syslog has no acknowledgement, and what TCP acknowledges may still be lost
// with the process that was to read it. So each batch has a connection of its
// own, and that it was read is told by how the connection ends: a server reads
// to the end of the stream before it closes its side; one that dies with
// something unread resets the connection.
type Stream struct {
	Address string // host:port
	Header  Header
	TLS     *transport.TLS // nil: plain TCP

	pause   time.Duration // 0: rest
	config  atomic.Pointer[tls.Config]
	message []byte
	frames  []byte
}

const (
	// rest is how long a server is left to work off what it has read, before
	// the end of the stream. One that dies in this time ends the connection
	// itself, which tells; behind the end of the stream it would not.
	rest = 50 * time.Millisecond
	// patience bounds the delivery of a batch to a server that does not read.
	// Another connection would not make it read, but double what it has.
	patience = 5 * time.Minute
)

var errClosed = errors.New("the server closed the connection before it had read everything")

// Check connects, and so finds out whether both sides accept the other's
// certificate.
func (s *Stream) Check(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return transport.Refused(err)
	}
	// A server that does not accept our certificate says so after the handshake
	// (RFC 8446, 4.4.2.4).
	defer conn.Close()
	return transport.Refused(awaitEnd(conn, s.rest()))
}

func (s *Stream) rest() time.Duration { return cmp.Or(s.pause, rest) }

func (s *Stream) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if s.TLS == nil {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", s.Address)
	}
	if s.config.Load() == nil {
		if err := s.Reopen(); err != nil {
			return nil, transport.Wrong(err)
		}
	}
	d := tls.Dialer{Config: s.config.Load()}
	return d.DialContext(ctx, "tcp", s.Address)
}

// Deliver sends what is left of b over a connection of its own, and settles it
// when the server has read all of it.
func (s *Stream) Deliver(ctx context.Context, b *transport.Batch) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return transport.Refused(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = tcp(conn).Close() })()
	if err := s.exchange(conn, b); err != nil {
		return transport.Refused(err)
	}
	b.SettleTo(b.Len())
	return nil
}

func (s *Stream) exchange(conn net.Conn, b *transport.Batch) error {
	if _, err := conn.Write(s.frame(b)); err != nil {
		return err
	}
	if err := awaitAcknowledged(conn); err != nil {
		return err
	}
	if err := awaitEnd(conn, s.rest()); err != nil {
		return err
	}
	return finish(conn)
}

// frame puts the octet count in front of each message. That is the length of
// the message alone.
func (s *Stream) frame(b *transport.Batch) []byte {
	s.frames = s.frames[:0]
	for i := b.Front(); i < b.Len(); i++ {
		s.message = s.Header.appendMessage(s.message[:0], b.Mark(i), b.Line(i))
		s.frames = strconv.AppendInt(s.frames, int64(len(s.message)), 10)
		s.frames = append(append(s.frames, ' '), s.message...)
	}
	return s.frames
}

// Reopen reads the certificates anew.
func (s *Stream) Reopen() error {
	if s.TLS == nil {
		return nil
	}
	config, err := s.TLS.Config()
	if err == nil {
		s.config.Store(config)
	}
	return err
}

// Close does nothing: no connection outlives its batch.
func (s *Stream) Close() error { return nil }

// awaitAcknowledged waits until the server's machine has everything. The send
// queue of a connection that was reset never empties: that shows in reading.
func awaitAcknowledged(conn net.Conn) error {
	for pause, end := time.Millisecond, time.Now().Add(patience); time.Now().Before(end); pause = min(2*pause, rest) {
		empty, err := transport.QueueEmpty(tcp(conn))
		if err != nil || empty {
			return err
		}
		if err := awaitEnd(conn, pause); err != nil {
			return err
		}
	}
	return os.ErrDeadlineExceeded
}

func tcp(conn net.Conn) *net.TCPConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return conn.(*net.TCPConn)
}

// awaitEnd returns nil when the server does not close the connection for so
// long.
func awaitEnd(conn net.Conn, wait time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, conn)
	switch {
	case err == nil:
		return errClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	}
	return err
}

// finish says that no more will come, and waits for the server to have read to
// there: it closes its side then.
func finish(conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if secure, ok := conn.(*tls.Conn); ok {
		if err := secure.CloseWrite(); err != nil {
			return err
		}
	}
	if err := tcp(conn).CloseWrite(); err != nil {
		return err
	}
	// A server may close TCP without closing TLS before (RFC 8446, 6.1).
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the server did not read to the end: %w", err)
	}
	return nil
}
