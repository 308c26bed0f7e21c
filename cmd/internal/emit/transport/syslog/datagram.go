package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Datagrams carries lines over UDP, one a datagram. Nothing tells whether one
// arrived; only a port that nobody listens on is noticed.
type Datagrams struct {
	Address string // host:port
	Header  Header
	// Note is told what a person may want to know.
	Note func(string)

	conn    net.Conn
	message []byte
	warned  bool
}

const (
	// burst is how many datagrams are sent before the answer to them is waited
	// for. It fits into the receive buffer that a socket has by default (208
	// KiB) when events are as long as usual.
	burst = 64
	// answerTime is how long "port unreachable" is waited for.
	answerTime = 20 * time.Millisecond
	// dialTime bounds looking up a name and connecting.
	dialTime = 10 * time.Second
)

// Check looks up the name.
func (d *Datagrams) Check(ctx context.Context) error {
	err := d.connect(ctx)
	return errors.Join(err, d.Close())
}

func (d *Datagrams) connect(ctx context.Context) (err error) {
	if d.conn == nil {
		dialer := net.Dialer{Timeout: dialTime}
		d.conn, err = dialer.DialContext(ctx, "udp", d.Address)
	}
	return err
}

// Deliver sends what is left of b in bursts, and settles a burst that nobody
// refused. A line that no datagram can hold is refused: half of it would be no
// JSON.
func (d *Datagrams) Deliver(ctx context.Context, b *transport.Batch) error {
	if err := d.connect(ctx); err != nil {
		return err
	}
	for b.Pending() > 0 {
		end := min(b.Front()+burst, b.Len())
		err := d.send(b, end)
		if err == nil {
			err = d.heard()
		}
		if err != nil {
			return errors.Join(err, d.Close())
		}
		b.SettleTo(end)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (d *Datagrams) send(b *transport.Batch, end int) error {
	for i := b.Front(); i < end; i++ {
		d.message = d.Header.appendMessage(d.message[:0], b.Mark(i), b.Line(i))
		_, err := d.conn.Write(d.message)
		if errors.Is(err, syscall.EMSGSIZE) {
			b.Refuse(i)
			d.tooLong()
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (d *Datagrams) tooLong() {
	if !d.warned {
		d.warned = true
		d.Note(fmt.Sprintf("an event of %d bytes is too long for UDP: such events are counted as refused", len(d.message)))
	}
}

// heard waits for the network's answer to a burst: that nobody listens. Each
// answer ends one read.
func (d *Datagrams) heard() error {
	if err := d.conn.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	var ignored [1]byte
	if _, err := d.conn.Read(ignored[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// Reopen does nothing.
func (d *Datagrams) Reopen() error { return nil }

// Close closes the socket.
func (d *Datagrams) Close() error {
	if d.conn == nil {
		return nil
	}
	err := d.conn.Close()
	d.conn = nil
	return err
}
