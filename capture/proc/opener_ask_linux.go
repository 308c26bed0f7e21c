package proc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// remote is an opener in another process, which ServeOpener is.
type remote struct {
	socket *os.File
	raw    syscall.RawConn

	mu    sync.Mutex
	next  uint32 // id; 0 is the greeting's
	asked map[uint32]chan<- openedOr
	err   error // why it has ended
}

type openedOr struct {
	opened
	err error
}

// newRemote takes socket over, and waits for the other end's greeting.
func newRemote(socket *os.File) (*remote, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	o := &remote{socket: socket, raw: raw, asked: make(map[uint32]chan<- openedOr)}
	if _, a, err := o.receive(); err != nil {
		return nil, err
	} else if a.err != nil {
		return nil, a.err
	}
	go o.listen()
	return o, nil
}

func (o *remote) ended() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

func (o *remote) do(r request) (opened, error) {
	answer := make(chan openedOr, 1)
	o.mu.Lock()
	if o.err != nil {
		o.mu.Unlock()
		return opened{fd: -1}, unix.EPIPE
	}
	o.next++
	id := o.next
	o.asked[id] = answer
	o.mu.Unlock()
	if _, err := o.socket.Write(r.append(make([]byte, 0, wantSize), id)); err != nil {
		o.end(err)
	}
	a := <-answer
	return a.opened, a.err
}

// listen hands answers to those who asked, until the other end is gone.
func (o *remote) listen() {
	for {
		id, a, err := o.receive()
		if err != nil {
			o.end(err)
			return
		}
		o.mu.Lock()
		to := o.asked[id]
		delete(o.asked, id)
		o.mu.Unlock()
		if to != nil {
			to <- a
		} else if a.fd >= 0 {
			unix.Close(a.fd)
		}
	}
}

// end tells everybody who waits that no answer will come.
func (o *remote) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	for id, to := range o.asked {
		to <- openedOr{opened{fd: -1}, unix.EPIPE}
		delete(o.asked, id)
	}
}

func (o *remote) close() error { return o.socket.Close() }

// receive waits for a message.
func (o *remote) receive() (id uint32, a openedOr, err error) {
	b, rights := make([]byte, maxOpened), make([]byte, unix.CmsgSpace(4))
	var n, nRights int
	var received error
	err = o.raw.Read(func(fd uintptr) bool {
		n, nRights, _, _, received = unix.Recvmsg(int(fd), b, rights, unix.MSG_CMSG_CLOEXEC)
		return !errors.Is(received, unix.EAGAIN)
	})
	switch {
	case err != nil || received != nil:
		return 0, a, errors.Join(err, received)
	case n == 0:
		return 0, a, io.EOF
	case n < openedHead:
		return 0, a, fmt.Errorf("an answer of %d bytes", n)
	}
	a.fd = readRights(rights[:nRights])
	if errno := unix.Errno(binary.NativeEndian.Uint32(b[4:])); errno != 0 {
		a.err = errno
	}
	a.text = string(b[openedHead:n])
	return binary.NativeEndian.Uint32(b), a, nil
}

// readRights returns the descriptor that came with a message; -1: none did.
func readRights(b []byte) int {
	messages, err := unix.ParseSocketControlMessage(b)
	if err != nil || len(messages) != 1 {
		return -1
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1
	}
	return fds[0]
}
