package transport

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// QueueEmpty reports whether a socket's send queue is empty: for TCP, that the other
// machine has acknowledged every byte; for a Unix socket, that the reader has read it.
func QueueEmpty(conn syscall.Conn) (bool, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false, err
	}
	var waiting int
	var failed error
	err = raw.Control(func(fd uintptr) {
		waiting, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
	})
	if err == nil {
		err = failed
	}
	return waiting == 0, err
}
