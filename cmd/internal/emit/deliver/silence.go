package deliver

import (
	"fmt"

	"tlsfloor/cmd/internal/emit/transport"
)

// deliver calls the transport, and reports a far end that does nothing meanwhile. Some
// far ends have to be waited for longer than a person should: a syslog server that
// accepts a connection and does not read has to be given minutes, because another
// connection would not make it read, but would double the lines.
func (l *Loop) deliver(b *transport.Batch) error {
	if l.Pace.Silence == 0 {
		return l.Transport.Deliver(l.ctx, b)
	}
	delivered, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		if l.isSilent(b, delivered) {
			l.Health.failed(fmt.Errorf("the other side has taken nothing for %v, and does not answer", l.Pace.Silence))
		}
	}()
	err := l.Transport.Deliver(l.ctx, b)
	close(delivered)
	<-watched // Health is used by one goroutine at a time
	return err
}

// isSilent waits until there was no sign of life for too long, or the batch is delivered.
func (l *Loop) isSilent(b *transport.Batch, delivered <-chan struct{}) bool {
	for {
		before := b.Heard()
		select {
		case <-delivered:
			return false
		case <-l.Clock.After(l.Pace.Silence):
		}
		if b.Heard() == before {
			return true
		}
	}
}
