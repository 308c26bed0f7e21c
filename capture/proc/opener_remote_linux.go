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

// remote is an opener in another process, which runs ServeOpener.
type remote struct {
	socket *os.File
	raw    syscall.RawConn

	mu    sync.Mutex
	last  uint32 // id of a request; 0 is that of the greeting
	calls map[uint32]chan<- result
	err   error // why it has ended
}

type result struct {
	answer
	err error
}

// newRemote takes over the socket, and waits for the greeting of the other end.
func newRemote(socket *os.File) (*remote, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	o := &remote{socket: socket, raw: raw, calls: make(map[uint32]chan<- result)}
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

func (o *remote) do(r request) (answer, error) {
	done := make(chan result, 1)
	o.mu.Lock()
	if o.err != nil {
		o.mu.Unlock()
		return answer{fd: -1}, unix.EPIPE
	}
	o.last++
	id := o.last
	o.calls[id] = done
	o.mu.Unlock()
	if _, err := o.socket.Write(r.append(make([]byte, 0, requestSize), id)); err != nil {
		o.end(err)
	}
	a := <-done
	return a.answer, a.err
}

// listen passes answers to the calls that wait for them, until the other end is gone.
func (o *remote) listen() {
	for {
		id, a, err := o.receive()
		if err != nil {
			o.end(err)
			return
		}
		o.mu.Lock()
		done := o.calls[id]
		delete(o.calls, id)
		o.mu.Unlock()
		if done != nil {
			done <- a
		} else if a.fd >= 0 {
			unix.Close(a.fd)
		}
	}
}

// end has all calls return an error.
func (o *remote) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	for id, done := range o.calls {
		done <- result{answer{fd: -1}, unix.EPIPE}
		delete(o.calls, id)
	}
}

func (o *remote) close() error { return o.socket.Close() }

// receive waits for a message.
func (o *remote) receive() (id uint32, a result, err error) {
	b, rights := make([]byte, maxAnswer), make([]byte, unix.CmsgSpace(4))
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
	case n < answerHeader:
		return 0, a, fmt.Errorf("an answer of %d bytes", n)
	}
	a.fd = readRights(rights[:nRights])
	if errno := unix.Errno(binary.NativeEndian.Uint32(b[4:])); errno != 0 {
		a.err = errno
	}
	a.text = string(b[answerHeader:n])
	return binary.NativeEndian.Uint32(b), a, nil
}

// readRights returns the descriptor that came with a message, or -1.
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
