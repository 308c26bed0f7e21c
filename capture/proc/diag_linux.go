package proc

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"

	"golang.org/x/sys/unix"
)

// owner says whose a socket is, by sock_diag(7).
type owner struct {
	inode uint32 // of the socket, as in /proc/PID/fd; 0: the process has closed it
	uid   uint32
	port  uint16 // the socket's own
}

// Sizes of linux/netlink.h and linux/inet_diag.h, in bytes.
const (
	headerSize      = 16 // struct nlmsghdr
	diagRequestSize = headerSize + 56
	answerSize      = headerSize + 72 // struct inet_diag_msg
)

// openDiag opens a netlink socket for queries about the network namespace of the
// calling thread.
func openDiag() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, fmt.Errorf("sock_diag: %w", err)
	}
	// The kernel answers at once; a second is for an overloaded system.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		unix.Close(fd)
		return 0, fmt.Errorf("sock_diag: %w", err)
	}
	return fd, nil
}

// diag queries the kernel for sockets. A query by IPv4 addresses also finds IPv4 over
// an IPv6 socket.
type diag struct {
	sequence uint32
	protocol uint8 // unix.IPPROTO_TCP, also when zero, or unix.IPPROTO_UDP
}

// find returns the owner of a connection's socket, or errNotFound. fd is from openDiag.
func (a *diag) find(fd int, of connection) (owner, error) {
	o, err := a.ask(fd, of)
	if a.protocol == unix.IPPROTO_UDP && err == nil && o.port != of.client.Port() {
		err = errNotFound // the other end's socket, in this network, too
	}
	if a.protocol == unix.IPPROTO_UDP && errors.Is(err, errNotFound) {
		// Kernels before 5.10 look for a socket of UDP by the ends of what it receives.
		if o, err = a.ask(fd, connection{of.server, of.client}); err == nil && o.port != of.client.Port() {
			err = errNotFound
		}
	}
	return o, err
}

// ask asks for the socket with these ends.
func (a *diag) ask(fd int, of connection) (owner, error) {
	a.sequence++
	if err := unix.Sendto(fd, appendRequest(make([]byte, 0, diagRequestSize), a.sequence, a.protocol, of), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return owner{}, fmt.Errorf("sock_diag: %w", err)
	}
	var b [512]byte
	for {
		n, _, err := unix.Recvfrom(fd, b[:], 0)
		if err != nil {
			return owner{}, fmt.Errorf("sock_diag: %w", err)
		}
		if o, mine, err := readDiag(b[:n], a.sequence); mine {
			return o, err
		}
	}
}

// appendRequest appends a request for one socket: struct inet_diag_req_v2.
func appendRequest(dst []byte, sequence uint32, protocol uint8, of connection) []byte {
	order := binary.NativeEndian
	dst = order.AppendUint32(dst, diagRequestSize)
	dst = order.AppendUint16(dst, unix.SOCK_DIAG_BY_FAMILY)
	dst = order.AppendUint16(dst, unix.NLM_F_REQUEST)
	dst = order.AppendUint32(dst, sequence)
	dst = order.AppendUint32(dst, 0)
	family := byte(unix.AF_INET6)
	if of.client.Addr().Is4() {
		family = unix.AF_INET
	}
	dst = append(dst, family, cmp.Or(protocol, unix.IPPROTO_TCP), 0, 0)
	dst = order.AppendUint32(dst, ^uint32(0)) // in any state
	dst = binary.BigEndian.AppendUint16(dst, of.client.Port())
	dst = binary.BigEndian.AppendUint16(dst, of.server.Port())
	dst = appendAddress(appendAddress(dst, of.client.Addr()), of.server.Addr())
	dst = order.AppendUint32(dst, 0)                           // any interface
	return order.AppendUint64(dst, uint64(0xffffffffffffffff)) // no cookie
}

func appendAddress(dst []byte, a netip.Addr) []byte {
	if a.Is4() {
		ip := a.As4()
		return append(append(dst, ip[:]...), make([]byte, 12)...)
	}
	ip := a.As16()
	return append(dst, ip[:]...)
}

var errDiag = errors.New("sock_diag: not an answer")

// readDiag reads an answer. mine is false if it answers an older request.
func readDiag(b []byte, sequence uint32) (o owner, mine bool, err error) {
	order := binary.NativeEndian
	if len(b) < headerSize {
		return o, true, errDiag
	}
	if order.Uint32(b[8:]) != sequence {
		return o, false, nil
	}
	switch kind := order.Uint16(b[4:]); {
	case kind == unix.NLMSG_ERROR && len(b) >= headerSize+4:
		errno := unix.Errno(-int32(order.Uint32(b[headerSize:])))
		if errno == unix.ENOENT {
			return o, true, errNotFound
		}
		return o, true, fmt.Errorf("sock_diag: %w", errno)
	case kind == unix.SOCK_DIAG_BY_FAMILY && len(b) >= answerSize:
		return owner{
			uid: order.Uint32(b[answerSize-8:]), inode: order.Uint32(b[answerSize-4:]), port: binary.BigEndian.Uint16(b[headerSize+4:]),
		}, true, nil
	}
	return o, true, errDiag
}

// openDiagIn is openDiag for the network namespace at path. A thread that cannot
// return from there ends with its goroutine.
func openDiagIn(path string) (fd int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		fd, err = inNetwork(path, openDiag)
		if !errors.Is(err, errStranded) {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	if err != nil {
		return -1, err
	}
	return fd, nil
}

var errStranded = errors.New("cannot return to its own network")

func inNetwork(path string, do func() (int, error)) (int, error) {
	own, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(own)
	other, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(other)
	if err := unix.Setns(other, unix.CLONE_NEWNET); err != nil {
		return 0, err
	}
	fd, err := do()
	if unix.Setns(own, unix.CLONE_NEWNET) != nil {
		if err == nil {
			unix.Close(fd)
		}
		return 0, errStranded
	}
	return fd, err
}
