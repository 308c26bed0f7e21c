package connections

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxOwn bounds the connections that are remembered until their handshake is seen. The
// oldest make room.
const maxOwn = 1024

// Own is the connections that tlsfloor itself has made, as far as it was told. Any number
// of goroutines may use it; nil: there is nobody who tells.
type Own struct {
	socket int

	mu      sync.Mutex
	drained int64 // when the socket was read last, in nanoseconds since the Unix epoch
	since   int   // calls of Take since then
	pairs   map[Pair]struct{}
	order   [maxOwn]Pair // a ring of the pairs that were added
	next    int          // in order
	buffer  [Size + 1]byte
}

// drainEvery is the number of calls after which the socket is read, whatever the time of a
// hello: the clock may have been set back. Reading the clock instead took half a microsecond.
const drainEvery = 64

// Take reports whether a connection with a hello of this time (in nanoseconds since the
// Unix epoch) is tlsfloor's own, and forgets it: it has one handshake. Whoever tells does
// so before the hello, so Take first reads what was told, unless that was done since the
// hello: packets come in batches, and reading takes longer than all else here.
func (o *Own) Take(p Pair, hello int64) bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since++; hello >= o.drained || o.since >= drainEvery {
		o.drain()
	}
	_, own := o.pairs[p]
	if own {
		delete(o.pairs, p)
	}
	return own
}

// drain reads the datagrams that wait. Each call reads at most as many as are
// remembered: somebody may send them without end.
func (o *Own) drain() {
	o.drained, o.since = time.Now().UnixNano(), 0
	for range maxOwn {
		n, err := unix.Read(o.socket, o.buffer[:]) // which does not wait
		if err != nil {
			return
		}
		if n == Size {
			o.add(Read(o.buffer[:]))
		}
	}
}

func (o *Own) add(p Pair) {
	delete(o.pairs, o.order[o.next])
	o.order[o.next] = p
	o.next = (o.next + 1) % maxOwn
	o.pairs[p] = struct{}{}
}

// Descriptor is the number of the socket, and Handed returns the Own of one that was left
// open for this program (confine.Again).
func (o *Own) Descriptor() int { return o.socket }

// Handed is explained at Descriptor.
func Handed(descriptor int) (*Own, error) {
	unix.CloseOnExec(descriptor)
	return newOwn(descriptor), unix.SetNonblock(descriptor, true)
}

func newOwn(socket int) *Own {
	return &Own{socket: socket, pairs: make(map[Pair]struct{}, maxOwn)}
}

// Close closes the socket. Its file stays for the next run.
func (o *Own) Close() error {
	if o == nil {
		return nil
	}
	return unix.Close(o.socket)
}
