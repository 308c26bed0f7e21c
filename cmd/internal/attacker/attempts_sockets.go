//go:build attacker && linux

package attacker

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// makesSocket returns nil if the kernel's code for sockets was reached, whether or not
// it supports the family.
func makesSocket(family, kind, protocol int) error {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	switch err {
	case nil:
		return unix.Close(fd)
	case unix.EPERM, unix.EACCES, unix.ENOSYS:
		return err
	}
	return nil // not supported, but the process was not kept from asking
}

func sockets() (all []attempt) {
	const kind = "sockets"
	for _, s := range []struct {
		what                   string
		family, kind, protocol int
	}{
		{"TCP", unix.AF_INET, unix.SOCK_STREAM, 0}, {"TCP over IPv6", unix.AF_INET6, unix.SOCK_STREAM, 0},
		{"UDP", unix.AF_INET, unix.SOCK_DGRAM, 0}, {"UDP over IPv6", unix.AF_INET6, unix.SOCK_DGRAM, 0},
		{"multipath TCP", unix.AF_INET, unix.SOCK_STREAM, 262}, {"SCTP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP},
		{"ping", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, {"raw IP", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW},
		{"local", unix.AF_UNIX, unix.SOCK_STREAM, 0}, {"local, of datagrams", unix.AF_UNIX, unix.SOCK_DGRAM, 0},
		{"the kernel's interfaces and routes (netlink)", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
		{"the kernel's sockets (netlink)", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG},
		{"the kernel's drivers (netlink)", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC},
		{"the kernel's firewall (netlink)", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER},
		{"the kernel's audit (netlink)", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT},
		{"AF_VSOCK", unix.AF_VSOCK, unix.SOCK_STREAM, 0}, {"AF_ALG", unix.AF_ALG, unix.SOCK_SEQPACKET, 0},
		{"AF_BLUETOOTH", unix.AF_BLUETOOTH, unix.SOCK_RAW, 0}, {"AF_CAN", unix.AF_CAN, unix.SOCK_RAW, 0},
		{"AF_XDP", unix.AF_XDP, unix.SOCK_RAW, 0}, {"AF_KEY", unix.AF_KEY, unix.SOCK_RAW, 0}, {"AF_TIPC", unix.AF_TIPC, unix.SOCK_RDM, 0},
		{"AF_RDS", unix.AF_RDS, unix.SOCK_SEQPACKET, 0}, {"AF_SMC", unix.AF_SMC, unix.SOCK_STREAM, 0}, {"AF_QIPCRTR", unix.AF_QIPCRTR, unix.SOCK_DGRAM, 0},
		{"AF_PPPOX", unix.AF_PPPOX, unix.SOCK_STREAM, 0},
	} {
		all = append(all, attempt{kind, s.what, func() error { return makesSocket(s.family, s.kind, s.protocol) }, false})
	}
	const way = "connections"
	return append(all,
		attempt{way, "TCP to the port of an output", func() error { return connects("tcp", scene.TCP) }, false},
		attempt{way, "TCP to another port", func() error { return connects("tcp", scene.OtherTCP) }, false},
		attempt{way, "TCP Fast Open", fastOpen, false},
		attempt{way, "a datagram", func() error { return connects("udp", scene.UDP) }, false},
		attempt{way, "the local socket of an output", func() error { return connects("unix", at(Socket)) }, false},
		attempt{way, "another local socket", func() error { return connects("unix", at(Others)+"/socket") }, false},
		attempt{way, "a local socket without a path", func() error { return connects("unix", Abstract) }, false},
		attempt{way, "a datagram over a local socket that is open", localDatagram, false},
		attempt{way, "listening", listens, false},
		attempt{way, "a pair of sockets", pairs, false},
		reaching(way, "passing on what is open", unix.SYS_SENDMSG, nowhere, nowhere, 0),
	)
}

func connects(network, to string) error {
	conn, err := net.DialTimeout(network, to, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("x"))
	return err
}

func fastOpen() error {
	to, err := netip.ParseAddrPort(scene.TCP)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
}

// localDatagram sends to a stranger over a local socket of datagrams that is open, if there
// is one.
func localDatagram() error {
	for fd := range 1024 {
		domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		kind, err2 := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
		if err == nil && err2 == nil && domain == unix.AF_UNIX && kind == unix.SOCK_DGRAM {
			return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: at(Datagrams)})
		}
	}
	return errAbsent
}

func listens() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

func pairs() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Close(fds[0])
}
