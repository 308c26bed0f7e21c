package proc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A request is an id, an operation, a process and an inode. An answer is the id, the
// number of an error, and a text; a descriptor comes as ancillary data. All numbers
// have 32 bits, in the machine's byte order.
const (
	requestSize  = 16
	answerHeader = 8
	maxAnswer    = answerHeader + maxPath
)

// maxRequests bounds the requests that are served at once: a program may be on a file
// system that its own user serves, where opening it may never end.
const maxRequests = 2 * maxAtOnce

// ServeOpener serves the requests of a Finder in another process (OpenWith), until that
// closes the socket, which is of type SOCK_SEQPACKET. Any other message is an error.
func ServeOpener(socket *os.File) error {
	return serveOpener(socket, direct{})
}

func serveOpener(socket *os.File, o opener) error {
	s := openerServer{opener: o, socket: socket, slots: make(chan struct{}, maxRequests)}
	defer s.running.Wait()
	if err := s.send(0, answer{fd: -1}, nil); err != nil { // the greeting
		return err
	}
	for b := make([]byte, requestSize+1); ; {
		n, err := socket.Read(b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		id, r, ok := parseRequest(b[:n])
		if !ok {
			return fmt.Errorf("%d bytes that are no query", n)
		}
		s.serve(id, r)
	}
}

type openerServer struct {
	opener  opener
	socket  *os.File
	slots   chan struct{} // one for each request that is served
	running sync.WaitGroup
}

func (s *openerServer) serve(id uint32, r request) {
	select {
	case s.slots <- struct{}{}:
	default:
		_ = s.send(id, answer{fd: -1}, unix.EAGAIN) // if the other end is gone, reading ends
		return
	}
	s.running.Add(1)
	go func() {
		defer func() { <-s.slots; s.running.Done() }()
		a, err := s.opener.do(r)
		_ = s.send(id, a, err)
		if a.fd >= 0 {
			_ = unix.Close(a.fd)
		}
	}()
}

// send sends an answer.
func (s *openerServer) send(id uint32, a answer, err error) error {
	var errno unix.Errno
	if err != nil && !errors.As(err, &errno) {
		errno = unix.EIO
	}
	b := binary.NativeEndian.AppendUint32(make([]byte, 0, maxAnswer), id)
	b = append(binary.NativeEndian.AppendUint32(b, uint32(errno)), a.text...)
	var rights []byte
	if err == nil && a.fd >= 0 {
		rights = unix.UnixRights(a.fd)
	}
	raw, err := s.socket.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Sendmsg(int(fd), b, rights, nil, unix.MSG_NOSIGNAL)
		return !errors.Is(sent, unix.EAGAIN)
	})
	return errors.Join(err, sent)
}

func parseRequest(b []byte) (id uint32, r request, ok bool) {
	if len(b) != requestSize {
		return 0, r, false
	}
	order := binary.NativeEndian
	r = request{operation(order.Uint32(b[4:])), int(int32(order.Uint32(b[8:]))), order.Uint32(b[12:])}
	return order.Uint32(b), r, r.op > 0 && r.op < opEnd && r.pid >= 0
}

func (r request) append(dst []byte, id uint32) []byte {
	order := binary.NativeEndian
	dst = order.AppendUint32(order.AppendUint32(dst, id), uint32(r.op))
	return order.AppendUint32(order.AppendUint32(dst, uint32(r.pid)), r.inode)
}
