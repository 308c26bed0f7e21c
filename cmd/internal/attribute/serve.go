package attribute

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"

	"tlsfloor/classify"
)

// Finder looks for processes. Several goroutines use it.
type Finder interface {
	// Find returns the process that has the connection; nil: none was found.
	Find(client, server netip.AddrPort) *classify.Process
	// Limits says what cannot be seen, as far as it has shown by now.
	Limits() []string
}

// Serve answers what comes on socket, a SOCK_SEQPACKET, until its other end is
// closed: then the sensor is gone, and Serve returns nil.
func Serve(socket *os.File, f Finder) error {
	s := server{socket: socket, finder: f, slots: make(chan struct{}, maxLooking)}
	if err := s.send(&answer{}); err != nil {
		return err
	}
	defer s.looking.Wait()
	for b := make([]byte, querySize+1); ; {
		if err := s.one(b); err != nil {
			return ended(err)
		}
	}
}

// maxLooking is how many queries are looked into at a time: one that finds
// nothing waits for what the kernel may yet report.
const maxLooking = 64

// one has one query answered.
func (s *server) one(b []byte) error {
	n, err := s.socket.Read(b)
	if err != nil {
		return err
	}
	q, err := readQuery(b[:n])
	if err != nil {
		return err
	}
	s.slots <- struct{}{}
	s.looking.Add(1)
	go func() {
		defer func() { <-s.slots; s.looking.Done() }()
		// A sensor that is gone shows when the next query is read.
		_ = s.send(&answer{ID: q.id, Process: s.finder.Find(q.ends.client, q.ends.server)})
	}()
	return nil
}

// ended removes the errors that a sensor leaves which is gone: with answers
// unread, it is a reset.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// Refuse tells the sensor why there will be no answers.
func Refuse(socket *os.File, why error) error {
	s := server{socket: socket}
	return s.write(&answer{Failure: why.Error()})
}

type server struct {
	socket  *os.File
	finder  Finder
	slots   chan struct{}
	looking sync.WaitGroup

	mu   sync.Mutex
	said []string // limits
}

// send adds the limits that are new.
func (s *server) send(a *answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.finder.Limits() {
		if !slices.Contains(s.said, l) {
			s.said, a.Limits = append(s.said, l), append(a.Limits, l)
		}
	}
	return s.write(a)
}

func (s *server) write(a *answer) error {
	b, err := a.encode()
	if err != nil {
		return err
	}
	_, err = s.socket.Write(b)
	return err
}
