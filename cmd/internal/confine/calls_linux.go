//go:build linux && (amd64 || arm64)

package confine

import "golang.org/x/sys/unix"

// filterable says that the system calls of this machine type are known here.
const filterable = true

// newestCall is the last one that was looked at: open_tree_attr of Linux 6.15.
const newestCall = unix.SYS_OPEN_TREE_ATTR

// refusedAlways are calls that a sensor never makes once it runs. The list
// names what can start programs, reach other processes, change who or where
// the process is, or talk to rarely used parts of the kernel. What Landlock
// leaves open is in it, too: it does not look at modes, owners and times of
// files.
var refusedAlways = append([]uint32{
	// Programs and other processes.
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_KCMP,
	unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE,
	unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
	unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO,
	unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_SEMGET, unix.SYS_SEMCTL, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP,
	unix.SYS_MSGGET, unix.SYS_MSGCTL, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
	unix.SYS_SOCKETPAIR, unix.SYS_LISTEN,

	// Who and where the process is.
	unix.SYS_SETUID, unix.SYS_SETGID, unix.SYS_SETREUID, unix.SYS_SETREGID, unix.SYS_SETRESUID, unix.SYS_SETRESGID,
	unix.SYS_SETFSUID, unix.SYS_SETFSGID, unix.SYS_SETGROUPS, unix.SYS_CAPSET, unix.SYS_PERSONALITY,
	unix.SYS_UNSHARE, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR, unix.SYS_MOUNT_SETATTR,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,

	// Files, beside what Landlock looks at. Before its ABI 3, truncate is.
	unix.SYS_TRUNCATE, unix.SYS_MKNODAT, unix.SYS_OPEN_BY_HANDLE_AT,
	unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT,
	unix.SYS_FANOTIFY_INIT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,

	// The kernel. The rings of io_uring and aio do input and output that this
	// filter does not see.
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_IO_SETUP, unix.SYS_IO_SUBMIT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_LOOKUP_DCOOKIE,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_SYSLOG, unix.SYS_VHANGUP, unix.SYS_NFSSERVCTL,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
}, refusedHere...)

// rules returns the filter's, those that look at arguments first: the others
// the kernel does not run for each call (since 5.11).
func (c *confinement) rules(pid uint32) []rule {
	rules := append(c.sendRules(), c.socketRules()...)
	rules = append(rules, memoryRules()...)
	rules = append(rules, processRules(pid)...)
	rules = append(rules, c.networkRule())
	if c.Examine {
		rules = append(rules, readOnlyRules()...)
	}
	for _, call := range refusedAlways {
		rules = append(rules, never(call))
	}
	return rules
}

// networkRule leaves entering a container's network, where that is needed, and
// no other kind of namespace.
func (c *confinement) networkRule() rule {
	if c.Examine {
		return never(unix.SYS_SETNS, []test{is(1, unix.CLONE_NEWNET)})
	}
	return never(unix.SYS_SETNS)
}

// readOnlyRules stand for Landlock where that cannot be used.
func readOnlyRules() []rule {
	rules := []rule{
		never(unix.SYS_OPENAT, readOnly(2)),
		// Its flags are in memory, where a filter cannot look.
		{call: unix.SYS_OPENAT2, errno: unix.ENOSYS, meant: true},
	}
	for _, call := range changers {
		rules = append(rules, never(call))
	}
	return append(rules, readOnlyHere()...)
}

// readOnly tests the flags of an open.
func readOnly(argument uint32) []test {
	return []test{{argument, unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND, unix.O_RDONLY, false}}
}

// changers change what lies in folders.
var changers = []uint32{
	unix.SYS_UNLINKAT, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_MKDIRAT, unix.SYS_LINKAT, unix.SYS_SYMLINKAT,
	unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE,
}

// processRules leave threads, signals to the process itself, and modes.
func processRules(pid uint32) []rule {
	const spaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	return []rule{
		never(unix.SYS_CLONE, []test{{0, unix.CLONE_THREAD | spaces, unix.CLONE_THREAD, false}}),
		// Its flags are in memory, where a filter cannot look. The C library
		// tries it for every thread, and goes back to clone.
		{call: unix.SYS_CLONE3, errno: unix.ENOSYS, meant: true},
		never(unix.SYS_KILL, []test{is(0, pid)}),
		never(unix.SYS_TGKILL, []test{is(0, pid)}),
		never(unix.SYS_PRLIMIT64, []test{is(0, 0)}, []test{is(0, pid)}),
		// A file that could be opened may have another mode, but not another
		// user's rights.
		never(unix.SYS_FCHMOD, []test{{1, unix.S_ISUID | unix.S_ISGID, 0, false}}),
		// Typing into the terminal from which tlsfloor was started.
		never(unix.SYS_IOCTL, []test{not(1, unix.TIOCSTI), not(1, tioclinux)}),
	}
}

const tioclinux = 0x541c // TIOCLINUX of asm-generic/ioctls.h

// memoryRules keep data from becoming code: no code is loaded any more.
func memoryRules() []rule {
	data := []test{{2, unix.PROT_EXEC, 0, false}}
	return []rule{never(unix.SYS_MMAP, data), never(unix.SYS_MPROTECT, data), never(unix.SYS_PKEY_MPROTECT, data)}
}

// socketRules leave the sockets that Options need, and the one that asks the
// kernel whether an interface is up.
func (c *confinement) socketRules() []rule {
	sockets := [][]test{{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_ROUTE)}}
	if c.Examine {
		sockets = append(sockets, []test{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_SOCK_DIAG)})
	}
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
	if c.KeepNetRaw { // libpcap asks the interface's driver through the second one
		sockets = append(sockets, []test{is(0, unix.AF_PACKET)}, []test{is(0, unix.AF_INET), kind(unix.SOCK_DGRAM), is(2, 0)})
	}
	rules := []rule{never(unix.SYS_SOCKET, sockets...)}
	if !c.Listening {
		rules = append(rules, never(unix.SYS_ACCEPT), never(unix.SYS_ACCEPT4))
	}
	return rules
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

// sendRules keep the sockets that capture from sending: neither they nor a copy
// of them can be written to. They cannot be closed either, so that no file gets
// the number of one.
func (c *confinement) sendRules() []rule {
	rules := c.messageRules()
	if len(c.captures) == 0 {
		return rules
	}
	for _, call := range writers {
		rules = append(rules, never(call, c.spare(0)))
	}
	return append(rules,
		rule{call: unix.SYS_CLOSE, unless: [][]test{c.spare(0)}, errno: unix.EPERM, meant: true}, // libpcap's, at the end
		never(unix.SYS_CLOSE_RANGE),
		never(unix.SYS_SPLICE, c.spare(2)),
		never(unix.SYS_FCNTL, c.spare(0), []test{not(1, unix.F_DUPFD), not(1, unix.F_DUPFD_CLOEXEC)}))
}

// writers write to their first argument, or copy it.
var writers = append([]uint32{
	unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_PWRITEV2, unix.SYS_SENDFILE, unix.SYS_DUP, unix.SYS_DUP3,
}, writersHere...)

// spare tests that an argument is not one of the sockets that capture.
func (c *confinement) spare(argument uint32) (tests []test) {
	for _, fd := range c.captures {
		tests = append(tests, not(argument, fd))
	}
	return tests
}

// messageRules refuse TCP Fast Open, a connect that Landlock does not see, and
// messages, which can carry sockets. libpcap sends some when it opens.
func (c *confinement) messageRules() []rule {
	const slow = 3 // sendto's flags
	rules := []rule{never(unix.SYS_SENDTO, append(c.spare(0), test{slow, unix.MSG_FASTOPEN, 0, false}))}
	if !c.KeepNetRaw {
		rules = append(rules, never(unix.SYS_SENDMSG), never(unix.SYS_SENDMMSG))
	}
	return rules
}
