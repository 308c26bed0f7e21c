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

// A query is an id, what is wanted, a process and an inode. An answer is the id,
// an error's number, and a text; a descriptor comes beside it. All numbers are of
// 32 bits, in the machine's byte order.
const (
	wantSize   = 16
	openedHead = 8
	maxOpened  = openedHead + maxPath
)

// maxOpenings bounds what an opener does at once: a program may lie on a file
// system that its own user answers for, who may take for ever.
const maxOpenings = 2 * maxLooks

// ServeOpener answers what Open's other process asks, until that closes the
// socket, which is one of SOCK_SEQPACKET. A message that is none of its queries is
// an error.
func ServeOpener(socket *os.File) error {
	return serveOpener(socket, direct{})
}

func serveOpener(socket *os.File, o opener) error {
	s := openings{opener: o, socket: socket, free: make(chan struct{}, maxOpenings)}
	defer s.running.Wait()
	if err := s.answer(0, opened{fd: -1}, nil); err != nil { // it is there
		return err
	}
	for b := make([]byte, wantSize+1); ; {
		n, err := socket.Read(b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		id, r, ok := readWanted(b[:n])
		if !ok {
			return fmt.Errorf("%d bytes that are no query", n)
		}
		s.serve(id, r)
	}
}

type openings struct {
	opener  opener
	socket  *os.File
	free    chan struct{}
	running sync.WaitGroup
}

func (s *openings) serve(id uint32, r request) {
	select {
	case s.free <- struct{}{}:
	default:
		_ = s.answer(id, opened{fd: -1}, unix.EAGAIN) // a reader that is gone is seen by ServeOpener
		return
	}
	s.running.Add(1)
	go func() {
		defer func() { <-s.free; s.running.Done() }()
		a, err := s.opener.do(r)
		_ = s.answer(id, a, err)
		if a.fd >= 0 {
			_ = unix.Close(a.fd)
		}
	}()
}

// answer sends one message.
func (s *openings) answer(id uint32, a opened, err error) error {
	var errno unix.Errno
	if err != nil && !errors.As(err, &errno) {
		errno = unix.EIO
	}
	b := binary.NativeEndian.AppendUint32(make([]byte, 0, maxOpened), id)
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

func readWanted(b []byte) (id uint32, r request, ok bool) {
	if len(b) != wantSize {
		return 0, r, false
	}
	order := binary.NativeEndian
	r = request{wanted(order.Uint32(b[4:])), int(int32(order.Uint32(b[8:]))), order.Uint32(b[12:])}
	return order.Uint32(b), r, r.what > 0 && r.what < wantedEnd && r.pid >= 0
}

func (r request) append(dst []byte, id uint32) []byte {
	order := binary.NativeEndian
	dst = order.AppendUint32(order.AppendUint32(dst, id), uint32(r.what))
	return order.AppendUint32(order.AppendUint32(dst, uint32(r.pid)), r.inode)
}
