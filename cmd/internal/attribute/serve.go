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

// Finder finds processes. Several goroutines use it.
type Finder interface {
	// Find returns the process that has the connection, or nil if it finds none.
	Find(client, server netip.AddrPort, udp bool) *classify.Process
	// Limits returns what the Finder has found out by now that it cannot see.
	Limits() []string
}

// Serve replies to the queries on socket, a SOCK_SEQPACKET. It returns nil when the
// sensor has closed the other end.
func Serve(socket *os.File, f Finder) error {
	s := server{socket: socket, finder: f, slots: make(chan struct{}, maxParallel)}
	if err := s.send(&reply{}); err != nil {
		return err
	}
	defer s.looking.Wait()
	for b := make([]byte, querySize+1); ; {
		if err := s.serveOne(b); err != nil {
			return ignoreGone(err)
		}
	}
}

// maxParallel bounds the queries that are processed at a time. One that finds nothing
// waits for events of the kernel.
const maxParallel = 64

// serveOne reads a query, and has a goroutine reply to it.
func (s *server) serveOne(b []byte) error {
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
		// If the sensor is gone, reading the next query fails.
		_ = s.send(&reply{ID: q.id, Process: s.finder.Find(q.ends.Client, q.ends.Server, q.ends.UDP)})
	}()
	return nil
}

// ignoreGone returns nil for the errors that mean that the sensor is gone. If it left
// replies unread, that is ECONNRESET.
func ignoreGone(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// Refuse tells the sensor why there will be no replies.
func Refuse(socket *os.File, why error) error {
	s := server{socket: socket}
	return s.write(&reply{Failure: why.Error()})
}

type server struct {
	socket  *os.File
	finder  Finder
	slots   chan struct{}
	looking sync.WaitGroup

	mu   sync.Mutex
	sent []string // limits
}

// send adds the new limits to a reply and sends it.
func (s *server) send(a *reply) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.finder.Limits() {
		if !slices.Contains(s.sent, l) {
			s.sent, a.Limits = append(s.sent, l), append(a.Limits, l)
		}
	}
	return s.write(a)
}

func (s *server) write(a *reply) error {
	b, err := a.encode()
	if err != nil {
		return err
	}
	_, err = s.socket.Write(b)
	return err
}
