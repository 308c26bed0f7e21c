package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"tlsfloor/cmd/internal/ship"
)

// Shipper is the shipper, as the sensor sees it. Any number of goroutines may use it.
type Shipper struct {
	socket *os.File
	note   func(line string)
	done   chan struct{} // closed when nothing more comes

	mu      sync.Mutex
	outputs []ship.Output
	final   bool
}

var errEnded = errors.New("the process that delivers has ended")

// Open waits until the shipper at the other end of socket is ready, and returns its failure
// if it cannot work. note is called with lines for the user, by one goroutine at a time; a
// line may have any characters. The socket belongs to the Shipper then.
func Open(socket *os.File, note func(line string)) (*Shipper, error) {
	s := &Shipper{socket: socket, note: note, done: make(chan struct{})}
	b := make([]byte, maxPacket)
	for {
		r, err := s.read(b)
		switch {
		case err != nil:
			return nil, errors.Join(fmt.Errorf("%w: %w", errEnded, err), socket.Close())
		case r.Failure != "":
			return nil, errors.Join(errors.New(r.Failure), socket.Close())
		case r.Ready:
			go s.follow(b)
			return s, nil
		}
	}
}

// follow takes what the shipper reports until it ends.
func (s *Shipper) follow(b []byte) {
	defer close(s.done)
	for {
		if r, err := s.read(b); err != nil || r.Final {
			return
		}
	}
}

// read takes one report.
func (s *Shipper) read(b []byte) (r report, err error) {
	n, err := s.socket.Read(b)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b[:n], &r); err != nil {
		return r, err
	}
	for _, line := range r.Notes[:min(len(r.Notes), maxNotes)] {
		s.note(cut(line))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Outputs != nil {
		s.outputs = r.Outputs
	}
	s.final = s.final || r.Final
	return r, nil
}

// Outputs returns the counts, which are a second old at most.
func (s *Shipper) Outputs() []ship.Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outputs
}

// Reopen makes the shipper read secrets and certificates again, and try again at once.
func (s *Shipper) Reopen() error { return s.send(&request{Reopen: true}) }

// Finish tells the shipper that nothing more is written to the journal: it delivers what is
// there and ends, within this time, or with 0 as long as outputs make progress. Finish may
// be called again with another time.
func (s *Shipper) Finish(within time.Duration) error { return s.send(&request{Finish: &within}) }

func (s *Shipper) send(r *request) error {
	b, err := json.Marshal(r)
	if err == nil {
		_, err = s.socket.Write(b)
	}
	return err
}

// Done is closed when the shipper has ended.
func (s *Shipper) Done() <-chan struct{} { return s.done }

// Err returns an error if the shipper has ended in disorder, so that the counts are not
// its last.
func (s *Shipper) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		if !s.final {
			return errEnded
		}
	default:
	}
	return nil
}

// Close closes the socket. A shipper that is still there goes on as if the sensor had
// ended.
func (s *Shipper) Close() error { return s.socket.Close() }
