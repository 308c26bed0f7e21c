package local

import (
	"net"

	"golang.org/x/sys/unix"
)

// hungUp reports whether the other side has closed the connection.
func hungUp(conn *net.UnixConn) (closed bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	err = raw.Control(func(fd uintptr) {
		state := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(state, 0)
		closed = err == nil && n > 0
	})
	return closed || err != nil
}
