//go:build linux && (amd64 || arm64)

package confine

import "golang.org/x/sys/unix"

// filterable: the policy below has the system calls of this architecture.
const filterable = true

// newestCall is the newest call that was considered: open_tree_attr of Linux 6.15.
const newestCall = unix.SYS_OPEN_TREE_ATTR

// always are calls of the Go runtime, the C library and libpcap that affect only the
// process and what it has open. Calls that depend on their arguments follow below; all
// others are refused.
var always = append([]uint32{
	// Memory. See memoryCalls for mmap and mprotect.
	unix.SYS_BRK, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_MINCORE,
	// Threads and signals.
	unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_GETTID, unix.SYS_GETPID, unix.SYS_GETPPID,
	unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETCPU, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_WAIT4, unix.SYS_WAITID, // for a process that was started earlier
	// Clocks and waiting.
	unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2, unix.SYS_PPOLL, unix.SYS_PSELECT6, unix.SYS_EVENTFD2,
	// Questions about the process and the system.
	unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_GETGROUPS, unix.SYS_GETRESUID, unix.SYS_GETRESGID,
	unix.SYS_GETRUSAGE, unix.SYS_GETRANDOM, unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_CAPGET,
	// Reading open files, and looking for files.
	unix.SYS_READ, unix.SYS_READV, unix.SYS_PREAD64, unix.SYS_PREADV, unix.SYS_LSEEK, unix.SYS_FSTAT, unix.SYS_STATX, unix.SYS_GETDENTS64,
	unix.SYS_FSTATFS, // capture/file: may a read of this file system hang?
	unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_GETCWD,
	unix.SYS_PIPE2, // capture/live passes libpcap a link type through a pipe, also later
	// Open sockets. See socketCalls for new ones.
	unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_RECVFROM, unix.SYS_RECVMSG,
}, archAlways...)

// policy returns the system calls that Options need.
func (c *confinement) policy(pid uint32) *policy {
	p := new(policy)
	p.allow(always...)
	threadCalls(p, pid)
	memoryCalls(p)
	c.descriptorCalls(p)
	c.fileCalls(p)
	c.socketCalls(p)
	return p
}

// threadCalls allows new threads, and signals to the process itself.
func threadCalls(p *policy, pid uint32) {
	const spaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	p.allowIf(unix.SYS_CLONE, []test{{0, unix.CLONE_THREAD | spaces, unix.CLONE_THREAD, false}})
	// Its flags are in memory, which a filter cannot read. The C library tries it for
	// every thread, and then uses clone.
	p.refuseSilently(unix.ENOSYS, unix.SYS_CLONE3)
	p.allowIf(unix.SYS_KILL, []test{is(0, pid)})
	p.allowIf(unix.SYS_TGKILL, []test{is(0, pid)})
	p.allowIf(unix.SYS_PRLIMIT64, []test{is(0, 0)}, []test{is(0, pid)})
	p.allowIf(unix.SYS_PRCTL, []test{is(0, unix.PR_SET_VMA)}, []test{is(0, unix.PR_SET_NAME)}, []test{is(0, unix.PR_GET_NAME)}, []test{is(0, unix.PR_GET_DUMPABLE)})
}

// memoryCalls allows memory that is not executable: no code is loaded any more.
func memoryCalls(p *policy) {
	data := []test{noBits(2, unix.PROT_EXEC)}
	p.allowIf(unix.SYS_MMAP, data)
	p.allowIf(unix.SYS_MPROTECT, data)
}

// ioctls are for terminals, and ioctlsToCapture for interfaces that libpcap opens. The
// dangerous ones freeze file systems (FIFREEZE), make disks read-only (BLKROSET), or
// type into the terminal (TIOCSTI, TIOCLINUX).
var (
	ioctls          = []uint32{unix.TCGETS, unix.TIOCGWINSZ}
	ioctlsToCapture = []uint32{unix.SIOCGIFNAME, unix.SIOCGIFINDEX, unix.SIOCGIFHWADDR, unix.SIOCGIFMTU, unix.SIOCGIFFLAGS, unix.SIOCETHTOOL}
)

// descriptorCalls allows what may be done with open files and sockets. Capturing sockets
// cannot be written to, duplicated, bound or closed: a file that got the number of a
// closed one could not be told from it.
func (c *confinement) descriptorCalls(p *policy) {
	for _, call := range []uint32{unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_CLOSE} {
		p.allowIf(call, c.exceptCaptures()...)
	}
	if len(c.captures) > 0 {
		p.refuseSilently(unix.EPERM, unix.SYS_CLOSE, c.isCapture(0)...) // libpcap closes them at the end
	}
	// Refused are F_SETOWN and F_SETSIG, which make the kernel send any signal to any
	// process of the same user, and leases, locks and sizes of pipes.
	p.allowIf(unix.SYS_FCNTL,
		[]test{is(1, unix.F_GETFD)}, []test{is(1, unix.F_SETFD)}, []test{is(1, unix.F_GETFL)},
		[]test{is(1, unix.F_SETFL), noBits(2, unix.O_ASYNC)},
		append([]test{is(1, unix.F_DUPFD_CLOEXEC)}, c.notCaptures(0)...))
	for _, command := range ioctls {
		p.allowIf(unix.SYS_IOCTL, []test{is(1, command)})
	}
	if c.KeepNetRaw {
		for _, command := range ioctlsToCapture {
			p.allowIf(unix.SYS_IOCTL, []test{is(1, command)})
		}
	}
}

// exceptCaptures is the alternative that a call's descriptor is no capturing socket and
// the tests hold. It is nil if there is nothing to test.
func (c *confinement) exceptCaptures(and ...test) [][]test {
	if tests := append(c.notCaptures(0), and...); len(tests) > 0 {
		return [][]test{tests}
	}
	return nil
}

// notCaptures tests that an argument is none of the capturing sockets.
func (c *confinement) notCaptures(argument uint32) (tests []test) {
	for _, fd := range c.captures {
		tests = append(tests, not(argument, fd))
	}
	return tests
}

// isCapture has an alternative for each capturing socket.
func (c *confinement) isCapture(argument uint32) (alternatives [][]test) {
	for _, fd := range c.captures {
		alternatives = append(alternatives, []test{is(argument, fd)})
	}
	return alternatives
}

// writeFlags are the flags of open that change files.
const writeFlags = unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND

// fileCalls allows reading files, as far as Landlock and the user's rights go, and
// appending to files, rotating and publishing them if Options name some. Hard links and
// changes of owners, modes and times are never needed.
func (c *confinement) fileCalls(p *policy) {
	// Its flags are in memory, which a filter cannot read.
	p.refuseSilently(unix.ENOSYS, unix.SYS_OPENAT2)
	if c.WriteOpen {
		p.allow(unix.SYS_PWRITE64, unix.SYS_FSYNC)
	}
	if len(c.WritePaths) == 0 {
		p.allowIf(unix.SYS_OPENAT, []test{noBits(2, writeFlags)})
		allowOldReads(p)
		return
	}
	p.allow(unix.SYS_OPENAT, unix.SYS_PWRITE64, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE, unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_RENAMEAT, unix.SYS_UNLINKAT)
	p.allowIf(unix.SYS_FLOCK, []test{is(1, unix.LOCK_EX|unix.LOCK_NB)}, []test{is(1, unix.LOCK_UN)})
	if c.Publish {
		p.allowIf(unix.SYS_FCHMOD, []test{is(1, published)})
	}
	allowOldWrites(p)
}

// published is the mode of files that every user may read.
const published = 0o644

// socketCalls allows the sockets that Options need, and those that ask the kernel
// whether an interface is up. A process with Examine can create only the sockets that it
// passes on, and send only over the socket to its parent.
func (c *confinement) socketCalls(p *policy) {
	if c.Examine {
		p.allow(unix.SYS_SENDMSG, unix.SYS_SETSOCKOPT)
		p.allowIf(unix.SYS_SOCKET, []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_SOCK_DIAG)})
		p.allowIf(unix.SYS_SETNS, []test{is(1, unix.CLONE_NEWNET)})
		return
	}
	p.allowIf(unix.SYS_SOCKET, c.families()...)
	p.allowIf(unix.SYS_BIND, c.exceptCaptures()...)
	// TCP Fast Open connects without Landlock noticing.
	p.allowIf(unix.SYS_SENDTO, c.exceptCaptures(noBits(3, unix.MSG_FASTOPEN))...)
	if c.connects() {
		p.allowIf(unix.SYS_IOCTL, []test{is(1, unix.SIOCOUTQ)}) // bytes that the far end has not acknowledged
		p.allowIf(unix.SYS_CONNECT, c.exceptCaptures()...)
		p.allowIf(unix.SYS_SHUTDOWN, c.exceptCaptures()...)
	}
	if c.connects() || c.KeepNetRaw || c.Listening {
		p.allowIf(unix.SYS_SETSOCKOPT, c.exceptCaptures()...)
	}
	if len(c.captures) > 0 {
		p.refuseSilently(unix.EPERM, unix.SYS_SETSOCKOPT, c.isCapture(0)...) // libpcap sets options at the end
	}
	if c.Listening {
		p.allow(unix.SYS_ACCEPT, unix.SYS_ACCEPT4)
	}
	if c.KeepNetRaw {
		c.libpcapProbes(p)
	}
}

// connects reports whether there are later connections.
func (c *confinement) connects() bool { return len(c.Connect) > 0 || c.Resolve }

// families returns the sockets that can be created.
func (c *confinement) families() [][]test {
	sockets := [][]test{{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_ROUTE)}}
	tcp, udp := c.ports()
	if len(tcp) > 0 {
		sockets = append(sockets, inetSockets(unix.SOCK_STREAM, unix.IPPROTO_TCP)...)
	}
	if len(udp) > 0 {
		sockets = append(sockets, inetSockets(unix.SOCK_DGRAM, unix.IPPROTO_UDP)...)
	}
	if c.connectsUnix() {
		sockets = append(sockets, []test{is(0, unix.AF_UNIX)})
	}
	if c.KeepNetRaw {
		sockets = append(sockets, []test{is(0, unix.AF_PACKET)}, c.ioctlSocket())
	}
	return sockets
}

// ioctlSocket is the socket that libpcap uses to query an interface. NETLINK_GENERIC,
// which cannot send to the network, works since Linux 4.6; before, it takes UDP.
func (c *confinement) ioctlSocket() []test {
	if c.kernel.netlinkIoctl {
		return []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_GENERIC)}
	}
	return []test{is(0, unix.AF_INET), socketType(unix.SOCK_DGRAM), is(2, 0)}
}

// libpcapProbes refuses silently the sockets that libpcap tries when it opens an
// interface.
func (c *confinement) libpcapProbes(p *policy) {
	p.refuseSilently(unix.EPERM, unix.SYS_SOCKET, []test{is(0, unix.AF_BLUETOOTH)})
	if !c.kernel.netlinkIoctl {
		p.refuseSilently(unix.EPERM, unix.SYS_SOCKET, []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_GENERIC)},
			[]test{is(0, unix.AF_UNIX), socketType(unix.SOCK_RAW)}, []test{is(0, unix.AF_INET6), socketType(unix.SOCK_DGRAM), is(2, 0)})
	}
}

// inetSockets are the sockets of TCP or UDP. Multipath TCP, which Landlock does not
// restrict, has another protocol number.
func inetSockets(of, protocol uint32) (sockets [][]test) {
	for _, family := range []uint32{unix.AF_INET, unix.AF_INET6} {
		sockets = append(sockets,
			[]test{is(0, family), socketType(of), is(2, 0)},
			[]test{is(0, family), socketType(of), is(2, protocol)})
	}
	return sockets
}

// socketType tests the type of a socket, without its flags.
func socketType(of uint32) test { return test{1, 0xf, of, false} }
