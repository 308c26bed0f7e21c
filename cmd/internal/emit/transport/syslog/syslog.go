package syslog

import (
	"bytes"
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
	"syscall"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Header has the fields that are the same in all messages.
type Header struct {
	Facility uint8  // RFC 5424, 6.2.1
	Host     string // of events that do not name theirs; empty: not known
}

// maxHost bounds HOSTNAME, in bytes (RFC 5424, 6).
const maxHost = 255

// appendMessage appends the message for a line, without the CR of a row of CSV. Within a process, the same line always
// gives the same message, byte for byte.
func (h Header) appendMessage(dst []byte, m transport.Mark, line []byte) []byte {
	dst = append(dst, '<')
	dst = strconv.AppendUint(dst, uint64(h.Facility)<<3|uint64(m.Severity), 10)
	dst = append(dst, ">1 "...)
	dst = time.UnixMicro(m.Time/1000).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z ")
	dst = append(appendHost(dst, cmp.Or(m.Host, h.Host)), " tlsfloor "...)
	dst = strconv.AppendInt(dst, int64(os.Getpid()), 10)
	dst = append(append(append(dst, ' '), m.Kind.String()...), " - "...)
	return append(dst, bytes.TrimSuffix(line, []byte{'\r'})...)
}

// appendHost appends HOSTNAME: the PRINTUSASCII characters of the host, or NILVALUE.
func appendHost(dst []byte, host string) []byte {
	start := len(dst)
	for i := 0; i < len(host) && len(dst) < start+maxHost; i++ {
		if c := host[i]; c > ' ' && c <= '~' {
			dst = append(dst, c)
		}
	}
	if len(dst) == start {
		dst = append(dst, '-')
	}
	return dst
}

// Framing is how a stream separates messages (RFC 6587, 3.4).
type Framing uint8

// The framings.
const (
	// Newline: LF behind each message. No line has another one.
	Newline Framing = iota
	// Octets: the length of each message before it.
	Octets
)

// ParseFraming returns the framing with a name.
func ParseFraming(name string) (f Framing, ok bool) {
	switch name {
	case "newline":
		return Newline, true
	case "octet":
		return Octets, true
	}
	return 0, false
}

var facilities = map[string]uint8{
	"kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
	"cron": 9, "authpriv": 10, "ftp": 11, "local0": 16, "local1": 17, "local2": 18, "local3": 19,
	"local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

// ParseFacility returns the code of a facility.
func ParseFacility(name string) (uint8, bool) {
	code, ok := facilities[name]
	return code, ok
}

// UDP delivers lines over UDP, one in a datagram. Nothing tells whether a datagram
// arrived; only a closed port is noticed (ICMP port unreachable).
type UDP struct {
	Address string // host:port
	Dialer  *transport.Dialer
	Header  Header
	// Note is called with messages for the user.
	Note func(string)

	conn    net.Conn
	message []byte
	warned  bool
}

const (
	// burst is how many datagrams are sent at once. With events of the usual length they
	// fit into a socket's default receive buffer (208 KiB).
	burst = 64
	// burstTime is between bursts: with it, 16,000 events a second are sent at most.
	burstTime = 4 * time.Millisecond
	// errorTime is how long "port unreachable" is waited for.
	errorTime = 20 * time.Millisecond
)

// Check looks up the name.
func (d *UDP) Check(ctx context.Context) error {
	err := d.connect(ctx)
	return errors.Join(err, d.Close())
}

func (d *UDP) connect(ctx context.Context) (err error) {
	if d.conn == nil {
		d.conn, err = d.Dialer.DialContext(ctx, "udp", d.Address)
	}
	return err
}

// Deliver sends the pending lines in bursts, and acknowledges a burst if no ICMP error came
// for a while. It refuses a line that is too long for a datagram: a part of it would not be
// JSON.
func (d *UDP) Deliver(ctx context.Context, b *transport.Batch) error {
	if err := d.connect(ctx); err != nil {
		return err
	}
	var ends [errorTime / burstTime]int // of the last bursts, the oldest one first
	for next := b.Front(); next < b.Len(); {
		end, wait := next+burst, burstTime
		if end >= b.Len() {
			end, wait = b.Len(), errorTime
		}
		err := d.send(b, next, end)
		if err == nil {
			err = d.awaitError(wait)
		}
		if err != nil {
			return errors.Join(err, d.Close())
		}
		b.AcknowledgeTo(ends[0])
		copy(ends[:], ends[1:])
		ends[len(ends)-1], next = end, end
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	b.AcknowledgeTo(b.Len())
	return nil
}

func (d *UDP) send(b *transport.Batch, from, to int) error {
	for i := from; i < to; i++ {
		d.message = d.Header.appendMessage(d.message[:0], b.Mark(i), b.Line(i))
		_, err := d.conn.Write(d.message)
		if errors.Is(err, syscall.EMSGSIZE) {
			b.Refuse(i)
			d.warnTooLong()
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (d *UDP) warnTooLong() {
	if !d.warned {
		d.warned = true
		d.Note(fmt.Sprintf("an event of %d bytes is too long for UDP: such events are counted as refused", len(d.message)))
	}
}

// awaitError waits for an ICMP error after a burst. Each error ends one read.
func (d *UDP) awaitError(wait time.Duration) error {
	if err := d.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	var ignored [1]byte
	if _, err := d.conn.Read(ignored[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// Reopen does nothing.
func (d *UDP) Reopen() error { return nil }

// Close closes the socket.
func (d *UDP) Close() error {
	if d.conn == nil {
		return nil
	}
	err := d.conn.Close()
	d.conn = nil
	return err
}

// TCP delivers lines over TCP or TLS.
//
// Syslog has no acknowledgements, and bytes that TCP has acknowledged are lost if the
// server's process dies before it reads them. So each batch has its own connection, and
// the way it ends tells whether everything was read: a server reads up to the FIN
// before it closes its side, and a process that dies with unread bytes causes a reset.
type TCP struct {
	Address string // host:port
	Dialer  *transport.Dialer
	Header  Header
	Framing Framing
	TLS     *transport.TLS // nil: plain TCP

	pause   time.Duration // 0: rest
	config  atomic.Pointer[tls.Config]
	message []byte
	encoded []byte
	worked  bool // a batch was delivered
}

const (
	// defaultPause is how long a server gets to process what it has read before the FIN
	// is sent. If it dies in this time, the connection ends early, which is noticed;
	// after the FIN it would not be.
	defaultPause = 50 * time.Millisecond
	// patience bounds the delivery of a batch to a server that does not read. A new
	// connection would not make it read, but would deliver the lines twice.
	patience = 5 * time.Minute
)

var errClosed = errors.New("the server closed the connection before it had read everything")

// Check connects, which shows whether each side accepts the other's certificate.
func (s *TCP) Check(ctx context.Context) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return transport.Refused(err)
	}
	// A server that rejects the client's certificate sends its alert after the
	// handshake (RFC 8446, 4.4.2.4).
	defer conn.Close()
	return transport.Refused(awaitEnd(conn, s.pauseTime()))
}

func (s *TCP) pauseTime() time.Duration { return cmp.Or(s.pause, defaultPause) }

func (s *TCP) dial(ctx context.Context) (net.Conn, error) {
	if s.TLS != nil && s.config.Load() == nil {
		if err := s.Reopen(); err != nil {
			return nil, transport.Wrong(err)
		}
	}
	conn, err := s.Dialer.DialContext(ctx, "tcp", s.Address)
	if err != nil || s.TLS == nil {
		return conn, err
	}
	return s.secure(ctx, conn)
}

// handshakeTime bounds a TLS handshake.
const handshakeTime = 10 * time.Second

// secure returns a TLS connection over conn, after its handshake.
func (s *TCP) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	config := s.config.Load()
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(s.Address)
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// Deliver sends the pending lines over a new connection, and acknowledges them when the
// server has read them all.
func (s *TCP) Deliver(ctx context.Context, b *transport.Batch) error {
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
		return transport.Refused(s.suspectFraming(err))
	}
	s.worked = true
	b.AcknowledgeTo(b.Len())
	return nil
}

// suspectFraming adds to the error of a server that ends connections and has taken no
// batch yet what may be the cause: one that counts octets ends a connection at the first
// message that begins with no number.
func (s *TCP) suspectFraming(err error) error {
	closed := errors.Is(err, errClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if s.worked || s.Framing == Octets || !closed {
		return err
	}
	return fmt.Errorf("%w; if it expects octet counting, it needs framing=octet", err)
}

func (s *TCP) exchange(conn net.Conn, b *transport.Batch) error {
	if _, err := conn.Write(s.encode(b)); err != nil {
		return err
	}
	if err := awaitAcknowledged(conn); err != nil {
		return err
	}
	if err := awaitEnd(conn, s.pauseTime()); err != nil {
		return err
	}
	return finish(conn)
}

// encode frames the pending lines. An octet count is that of the message alone.
func (s *TCP) encode(b *transport.Batch) []byte {
	s.encoded = s.encoded[:0]
	for i := b.Front(); i < b.Len(); i++ {
		if s.Framing == Newline {
			s.encoded = append(s.Header.appendMessage(s.encoded, b.Mark(i), b.Line(i)), '\n')
			continue
		}
		s.message = s.Header.appendMessage(s.message[:0], b.Mark(i), b.Line(i))
		s.encoded = strconv.AppendInt(s.encoded, int64(len(s.message)), 10)
		s.encoded = append(append(s.encoded, ' '), s.message...)
	}
	return s.encoded
}

// Reopen reads the certificates again.
func (s *TCP) Reopen() error {
	if s.TLS == nil {
		return nil
	}
	config, err := s.TLS.Config()
	if err == nil {
		s.config.Store(config)
	}
	return err
}

// Close does nothing: each batch closes its own connection.
func (s *TCP) Close() error { return nil }

// awaitAcknowledged waits until the server's machine has acknowledged every byte. It
// also reads, because after a reset the send queue never empties.
func awaitAcknowledged(conn net.Conn) error {
	for pause, end := time.Millisecond, time.Now().Add(patience); time.Now().Before(end); pause = min(2*pause, defaultPause) {
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

// awaitEnd returns nil if the server does not close the connection within wait.
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

// finish sends FIN and waits for the server to close its side, which it does when it
// has read everything.
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
	// A server may close TCP without close_notify (RFC 8446, 6.1).
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the server did not read to the end: %w", err)
	}
	return nil
}
