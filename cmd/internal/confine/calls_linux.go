//go:build linux && (amd64 || arm64)

package confine

import "golang.org/x/sys/unix"

// filterable says that the system calls of this machine type are known here.
const filterable = true

// newestCall is the last one that was looked at: open_tree_attr of Linux 6.15.
const newestCall = unix.SYS_OPEN_TREE_ATTR

// always are the calls of the Go runtime, the C library and libpcap that reach
// nothing beyond the process and what it has open. Those that depend on their
// arguments follow below; everything else is refused.
var always = append([]uint32{
	// Memory. New code is looked at by memoryCalls.
	unix.SYS_BRK, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_MINCORE,
	// Threads and signals.
	unix.SYS_FUTEX, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_GETTID, unix.SYS_GETPID, unix.SYS_GETPPID,
	unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETCPU, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_WAIT4, unix.SYS_WAITID, // for a process that was started before
	// Clocks and waiting.
	unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2, unix.SYS_PPOLL, unix.SYS_PSELECT6, unix.SYS_EVENTFD2,
	// What is asked about the process and the system.
	unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID, unix.SYS_GETGROUPS, unix.SYS_GETRESUID, unix.SYS_GETRESGID,
	unix.SYS_GETRUSAGE, unix.SYS_GETRANDOM, unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_CAPGET,
	// Reading what is open, and looking for files.
	unix.SYS_READ, unix.SYS_READV, unix.SYS_PREAD64, unix.SYS_PREADV, unix.SYS_LSEEK, unix.SYS_FSTAT, unix.SYS_STATX, unix.SYS_GETDENTS64,
	unix.SYS_FSTATFS, // capture/file asks whether a read may never return
	unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_GETCWD,
	unix.SYS_PIPE2, // capture/live hands libpcap a link type through a pipe, also late
	// Sockets that are open. How new ones are made is looked at by sockets.
	unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME, unix.SYS_GETSOCKOPT, unix.SYS_RECVFROM, unix.SYS_RECVMSG,
}, alwaysHere...)

// policy is what Options leave of the system calls.
func (c *confinement) policy(pid uint32) *policy {
	p := new(policy)
	p.allow(always...)
	threadCalls(p, pid)
	memoryCalls(p)
	c.descriptors(p)
	c.openings(p)
	c.sockets(p)
	return p
}

// threadCalls leaves new threads, and signals to the process itself.
func threadCalls(p *policy, pid uint32) {
	const spaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	p.allowIf(unix.SYS_CLONE, []test{{0, unix.CLONE_THREAD | spaces, unix.CLONE_THREAD, false}})
	// Its flags are in memory, where a filter cannot look. The C library tries it
	// for every thread, and goes back to clone.
	p.excuse(unix.ENOSYS, unix.SYS_CLONE3)
	p.allowIf(unix.SYS_KILL, []test{is(0, pid)})
	p.allowIf(unix.SYS_TGKILL, []test{is(0, pid)})
	p.allowIf(unix.SYS_PRLIMIT64, []test{is(0, 0)}, []test{is(0, pid)})
	p.allowIf(unix.SYS_PRCTL, []test{is(0, unix.PR_SET_VMA)}, []test{is(0, unix.PR_SET_NAME)}, []test{is(0, unix.PR_GET_NAME)}, []test{is(0, unix.PR_GET_DUMPABLE)})
}

// memoryCalls keep data from becoming code: no code is loaded any more.
func memoryCalls(p *policy) {
	data := []test{without(2, unix.PROT_EXEC)}
	p.allowIf(unix.SYS_MMAP, data)
	p.allowIf(unix.SYS_MPROTECT, data)
}

// ioctls read what a terminal is, and what libpcap asks about an interface that
// it opens. The dangerous ones freeze file systems (FIFREEZE), make disks
// read-only (BLKROSET), or type into the terminal (TIOCSTI, TIOCLINUX).
var (
	ioctls          = []uint32{unix.TCGETS, unix.TIOCGWINSZ}
	ioctlsToCapture = []uint32{unix.SIOCGIFNAME, unix.SIOCGIFINDEX, unix.SIOCGIFHWADDR, unix.SIOCGIFMTU, unix.SIOCGIFFLAGS, unix.SIOCETHTOOL}
)

// descriptors is about what may be done to open files and sockets. Those that
// capture cannot be written to, copied, bound or closed: a file that got the
// number of one could not be told from it.
func (c *confinement) descriptors(p *policy) {
	for _, call := range []uint32{unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_CLOSE} {
		p.allowIf(call, c.alternatives()...)
	}
	if len(c.captures) > 0 {
		p.excuse(unix.EPERM, unix.SYS_CLOSE, c.isCapture(0)...) // libpcap's, at the end
	}
	// Not among them: F_SETOWN and F_SETSIG, which have the kernel send any signal
	// to any process of the same user; leases, locks and sizes of pipes.
	p.allowIf(unix.SYS_FCNTL,
		[]test{is(1, unix.F_GETFD)}, []test{is(1, unix.F_SETFD)}, []test{is(1, unix.F_GETFL)},
		[]test{is(1, unix.F_SETFL), without(2, unix.O_ASYNC)},
		append([]test{is(1, unix.F_DUPFD_CLOEXEC)}, c.spare(0)...))
	for _, command := range ioctls {
		p.allowIf(unix.SYS_IOCTL, []test{is(1, command)})
	}
	if c.KeepNetRaw {
		for _, command := range ioctlsToCapture {
			p.allowIf(unix.SYS_IOCTL, []test{is(1, command)})
		}
	}
}

// alternatives are the one that tests for a descriptor that does not capture,
// or none where no descriptor does.
func (c *confinement) alternatives(and ...test) [][]test {
	if tests := append(c.spare(0), and...); len(tests) > 0 {
		return [][]test{tests}
	}
	return nil
}

// spare tests that an argument is not one of the sockets that capture.
func (c *confinement) spare(argument uint32) (tests []test) {
	for _, fd := range c.captures {
		tests = append(tests, not(argument, fd))
	}
	return tests
}

// isCapture has an alternative for each of the sockets that capture.
func (c *confinement) isCapture(argument uint32) (alternatives [][]test) {
	for _, fd := range c.captures {
		alternatives = append(alternatives, []test{is(argument, fd)})
	}
	return alternatives
}

// changing is the part of an open's flags that changes files.
const changing = unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND

// openings leaves reading files, as far as Landlock and the user's rights do, and
// what it takes to append to files, rotate and publish them where Options name
// some. Hard links, other owners, modes and times are never needed.
func (c *confinement) openings(p *policy) {
	// Its flags are in memory, where a filter cannot look.
	p.excuse(unix.ENOSYS, unix.SYS_OPENAT2)
	if len(c.WritePaths) == 0 {
		p.allowIf(unix.SYS_OPENAT, []test{without(2, changing)})
		readingHere(p)
		return
	}
	p.allow(unix.SYS_OPENAT, unix.SYS_PWRITE64, unix.SYS_FTRUNCATE, unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_RENAMEAT, unix.SYS_UNLINKAT)
	p.allowIf(unix.SYS_FLOCK, []test{is(1, unix.LOCK_EX|unix.LOCK_NB)}, []test{is(1, unix.LOCK_UN)})
	if c.Publish {
		p.allowIf(unix.SYS_FCHMOD, []test{is(1, published)})
	}
	writingHere(p)
}

// published is the mode of files that every user may read.
const published = 0o644

// sockets leaves the ones that Options need, and those that ask the kernel
// whether an interface is up. A process that looks at others has the one kind that
// it passes on, and sends nothing but its answers.
func (c *confinement) sockets(p *policy) {
	if c.Examine {
		p.allow(unix.SYS_SENDMSG, unix.SYS_SETSOCKOPT)
		p.allowIf(unix.SYS_SOCKET, []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_SOCK_DIAG)})
		p.allowIf(unix.SYS_SETNS, []test{is(1, unix.CLONE_NEWNET)})
		return
	}
	p.allowIf(unix.SYS_SOCKET, c.families()...)
	p.allowIf(unix.SYS_BIND, c.alternatives()...)
	// TCP Fast Open is a connect that Landlock does not see.
	p.allowIf(unix.SYS_SENDTO, c.alternatives(without(3, unix.MSG_FASTOPEN))...)
	if c.connects() {
		p.allowIf(unix.SYS_IOCTL, []test{is(1, unix.SIOCOUTQ)}) // what the far end has not taken yet
		p.allowIf(unix.SYS_CONNECT, c.alternatives()...)
		p.allowIf(unix.SYS_SHUTDOWN, c.alternatives()...)
	}
	if c.connects() || c.KeepNetRaw || c.Listening {
		p.allowIf(unix.SYS_SETSOCKOPT, c.alternatives()...)
	}
	if len(c.captures) > 0 {
		p.excuse(unix.EPERM, unix.SYS_SETSOCKOPT, c.isCapture(0)...) // libpcap's, at the end
	}
	if c.Listening {
		p.allow(unix.SYS_ACCEPT, unix.SYS_ACCEPT4)
	}
	if c.KeepNetRaw {
		c.probes(p)
	}
}

// connects reports whether any connection is made later.
func (c *confinement) connects() bool { return len(c.Connect) > 0 || c.Resolve }

// families are the sockets that can be made.
func (c *confinement) families() [][]test {
	sockets := [][]test{{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_ROUTE)}}
	tcp, udp := c.ports()
	if len(tcp) > 0 {
		sockets = append(sockets, internet(unix.SOCK_STREAM, unix.IPPROTO_TCP)...)
	}
	if len(udp) > 0 {
		sockets = append(sockets, internet(unix.SOCK_DGRAM, unix.IPPROTO_UDP)...)
	}
	if c.connectsUnix() {
		sockets = append(sockets, []test{is(0, unix.AF_UNIX)})
	}
	if c.KeepNetRaw {
		sockets = append(sockets, []test{is(0, unix.AF_PACKET)}, c.asking())
	}
	return sockets
}

// asking is the socket by which libpcap asks an interface's driver. It tries
// NETLINK_GENERIC first, through which no datagram can leave; before Linux 4.6 it
// needs one of UDP.
func (c *confinement) asking() []test {
	if c.kernel.netlinkIoctl {
		return []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_GENERIC)}
	}
	return []test{is(0, unix.AF_INET), kind(unix.SOCK_DGRAM), is(2, 0)}
}

// probes excuses the sockets that libpcap tries when it opens an interface.
func (c *confinement) probes(p *policy) {
	p.excuse(unix.EPERM, unix.SYS_SOCKET, []test{is(0, unix.AF_BLUETOOTH)})
	if !c.kernel.netlinkIoctl {
		p.excuse(unix.EPERM, unix.SYS_SOCKET, []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_GENERIC)},
			[]test{is(0, unix.AF_UNIX), kind(unix.SOCK_RAW)}, []test{is(0, unix.AF_INET6), kind(unix.SOCK_DGRAM), is(2, 0)})
	}
}

// internet are the sockets of one transport. Multipath TCP has a protocol
// number of its own, and Landlock does not look at it.
func internet(of, protocol uint32) (sockets [][]test) {
	for _, family := range []uint32{unix.AF_INET, unix.AF_INET6} {
		sockets = append(sockets,
			[]test{is(0, family), kind(of), is(2, 0)},
			[]test{is(0, family), kind(of), is(2, protocol)})
	}
	return sockets
}

// kind tests a socket's type without its flags.
func kind(of uint32) test { return test{1, 0xf, of, false} }
