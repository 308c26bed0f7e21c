//go:build linux && (amd64 || arm64)

package confine

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filter runs the two programs as the kernel would. Its machine is big-endian,
// so the words are laid out one by one.
type filter struct {
	t               *testing.T
	alarming, quiet *bpf.VM
}

func newFilter(t *testing.T, c *confinement) filter {
	t.Helper()
	alarming, quiet := c.policy(ownPID).programs()
	f := filter{t: t}
	var err error
	if f.alarming, err = bpf.NewVM(alarming); err != nil {
		t.Fatal(err)
	}
	if f.quiet, err = bpf.NewVM(quiet); err != nil {
		t.Fatal(err)
	}
	return f
}

const ownPID = 4711

// on returns what the kernel does with the results of both programs: to allow has the
// lowest priority. The program that refuses decides whether the call is logged.
func (f filter) on(arch, call uint32, arguments ...uint64) uint32 {
	f.t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[offsetCall:], call)
	binary.BigEndian.PutUint32(data[offsetArch:], arch)
	for i, a := range arguments {
		at := offsetArgument + argumentSize*i
		binary.BigEndian.PutUint32(data[at:], uint32(a))
		binary.BigEndian.PutUint32(data[at+4:], uint32(a>>32))
	}
	verdict := f.run(f.quiet, data)
	if verdict == allow {
		verdict = f.run(f.alarming, data)
	}
	return verdict
}

func (f filter) run(vm *bpf.VM, data []byte) uint32 {
	f.t.Helper()
	verdict, err := vm.Run(data)
	if err != nil {
		f.t.Fatal(err)
	}
	return uint32(verdict)
}

// Every call has a defined result: those that are not listed are refused.
func TestFilterDecidesOnEveryCall(t *testing.T) {
	f := newFilter(t, new(confinement))
	for call := uint32(0); call <= newestCall; call++ {
		want := refuse(unix.EPERM)
		switch {
		case slices.Contains(always, call):
			want = allow
		case slices.Contains(looksAtArguments, call):
			continue
		}
		if got := f.on(auditArch, call); got != want {
			t.Errorf("call %d: %#x, want %#x", call, got, want)
		}
	}
	for _, call := range []uint32{newestCall + 1, 1000, 0x40000000 | unix.SYS_EXECVE, 0x40000000, 1<<32 - 1} {
		if got := f.on(auditArch, call); got != refuse(unix.ENOSYS) {
			t.Errorf("call %#x: %#x, want ENOSYS", call, got)
		}
	}
	for _, arch := range []uint32{unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_ARM, 0} {
		if got := f.on(arch, unix.SYS_GETPID); got != unix.SECCOMP_RET_KILL_PROCESS {
			t.Errorf("architecture %#x: %#x, want the process killed", arch, got)
		}
	}
}

// looksAtArguments are the calls with tests of their arguments, which the test below checks.
var looksAtArguments = append([]uint32{
	unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_PRLIMIT64, unix.SYS_PRCTL,
	unix.SYS_MMAP, unix.SYS_MPROTECT, unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_FCNTL, unix.SYS_IOCTL,
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_SOCKET, unix.SYS_BIND, unix.SYS_SENDTO,
}, looksHere...)

// These calls are refused to every process.
func TestDangerousCallsAreRefusedToEveryProcess(t *testing.T) {
	for name, o := range everyProcess {
		f := newFilter(t, &confinement{Options: o, kernel: kernel{netlinkIoctl: true}})
		for _, call := range dangerous {
			if got := f.on(auditArch, call); got != refuse(unix.EPERM) {
				t.Errorf("%s, call %d: %#x, want EPERM", name, call, got)
			}
		}
	}
}

// everyProcess has the options of each process, with everything that it may need.
var everyProcess = map[string]Options{
	"sensor": {
		WritePaths: []string{"/w"}, Publish: true, KeepNetRaw: true, Listening: true, Resolve: true,
		Connect: []Endpoint{{Network: "tcp", Port: 1}, {Network: "udp", Port: 2}, {Network: "unix", Path: "/x"}},
	},
	"finder": {ReadPaths: []string{"/proc"}},
	"opener": {Examine: true},
}

// dangerous are calls that start programs, affect other processes, change the user or the
// namespaces of the process, or use rarely used parts of the kernel.
var dangerous = append([]uint32{
	// Programs and other processes.
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_PTRACE, unix.SYS_KCMP,
	unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE,
	unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
	unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO,
	unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_SEMGET, unix.SYS_SEMCTL, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP,
	unix.SYS_MSGGET, unix.SYS_MSGCTL, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
	unix.SYS_SOCKETPAIR, unix.SYS_LISTEN,

	// The user and the namespaces of the process.
	unix.SYS_SETUID, unix.SYS_SETGID, unix.SYS_SETREUID, unix.SYS_SETREGID, unix.SYS_SETRESUID, unix.SYS_SETRESGID,
	unix.SYS_SETFSUID, unix.SYS_SETFSGID, unix.SYS_SETGROUPS, unix.SYS_CAPSET, unix.SYS_PERSONALITY,
	unix.SYS_UNSHARE, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR, unix.SYS_MOUNT_SETATTR,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,

	// Files, as far as Landlock does not restrict them. Before ABI 3 truncate is one.
	unix.SYS_TRUNCATE, unix.SYS_MKNODAT, unix.SYS_OPEN_BY_HANDLE_AT,
	unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT,
	unix.SYS_FANOTIFY_INIT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,

	// The kernel. io_uring and aio do input and output that this filter does not see.
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_IO_SETUP, unix.SYS_IO_SUBMIT,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_LOOKUP_DCOOKIE,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_SYSLOG, unix.SYS_VHANGUP, unix.SYS_NFSSERVCTL,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,

	// Effects on other processes: priorities, processors, scheduling, file systems and
	// names of files.
	unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETSCHEDULER,
	unix.SYS_SCHED_SETATTR, unix.SYS_SETRLIMIT, unix.SYS_SETPGID, unix.SYS_SETSID, unix.SYS_SYNC, unix.SYS_SYNCFS, unix.SYS_LINKAT, unix.SYS_SYMLINKAT,
	unix.SYS_MKDIRAT, unix.SYS_CHDIR, unix.SYS_FCHDIR, unix.SYS_UMASK, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_INOTIFY_INIT1,
	unix.SYS_PIDFD_OPEN, unix.SYS_SECCOMP, unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET, unix.SYS_SETITIMER, unix.SYS_TIMER_CREATE,
	unix.SYS_VMSPLICE, unix.SYS_TEE, unix.SYS_SPLICE, unix.SYS_SENDFILE, unix.SYS_COPY_FILE_RANGE, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_SENDMMSG,
}, dangerousHere...)

func TestFilterLooksAtArguments(t *testing.T) {
	const (
		pthread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM |
			unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID
		flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	)
	none, all := new(confinement), &confinement{Options: everyProcess["sensor"], kernel: kernel{netlinkIoctl: true}}
	writing := &confinement{Options: Options{WritePaths: []string{"/w"}}}
	recapturing := &confinement{Options: Options{KeepNetRaw: true}, kernel: kernel{netlinkIoctl: true}}
	old := &confinement{Options: Options{KeepNetRaw: true}}
	examining := &confinement{Options: Options{Examine: true}}
	capturing := &confinement{captures: []uint32{7, 9}}
	full := &confinement{captures: make([]uint32, maxCaptures)}
	for i := range full.captures {
		full.captures[i] = uint32(100 + i)
	}
	for name, c := range map[string]struct {
		in        *confinement
		call      uint32
		arguments []uint64
		want      unix.Errno
	}{
		"another network":                  {none, unix.SYS_SETNS, []uint64{3, unix.CLONE_NEWNET}, unix.EPERM},
		"another network, to examine":      {examining, unix.SYS_SETNS, []uint64{3, unix.CLONE_NEWNET}, 0},
		"another root, to examine":         {examining, unix.SYS_SETNS, []uint64{3, unix.CLONE_NEWNS}, unix.EPERM},
		"any space, to examine":            {examining, unix.SYS_SETNS, []uint64{3, 0}, unix.EPERM},
		"sockets of others, to examine":    {examining, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG}, 0},
		"sockets of others":                {none, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG}, unix.EPERM},
		"reading a file, to examine":       {examining, unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY | unix.O_CLOEXEC}, 0},
		"writing a file, to examine":       {examining, unix.SYS_OPENAT, []uint64{0, 0, unix.O_WRONLY}, unix.EPERM},
		"making a file, to examine":        {examining, unix.SYS_OPENAT, []uint64{0, 0, unix.O_CREAT}, unix.EPERM},
		"opening as the filter cannot see": {examining, unix.SYS_OPENAT2, nil, unix.ENOSYS},
		"removing a file, to examine":      {examining, unix.SYS_UNLINKAT, nil, unix.EPERM},
		"a thread":                         {none, unix.SYS_CLONE, []uint64{pthread}, 0},
		"a process":                        {none, unix.SYS_CLONE, []uint64{uint64(unix.SIGCHLD)}, unix.EPERM},
		"a process as vfork makes it":      {none, unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_VFORK}, unix.EPERM},
		"a thread in another user space":   {none, unix.SYS_CLONE, []uint64{pthread | unix.CLONE_NEWUSER}, unix.EPERM},
		"a thread in another network":      {none, unix.SYS_CLONE, []uint64{pthread | unix.CLONE_NEWNET}, unix.EPERM},
		"clone3":                           {none, unix.SYS_CLONE3, nil, unix.ENOSYS},
		"a signal to itself":               {none, unix.SYS_KILL, []uint64{ownPID}, 0},
		"a signal to others":               {none, unix.SYS_KILL, []uint64{1}, unix.EPERM},
		"a signal to all":                  {none, unix.SYS_KILL, []uint64{1<<64 - 1}, unix.EPERM},
		"a signal to its group":            {none, unix.SYS_KILL, []uint64{0}, unix.EPERM},
		"a signal to its thread":           {none, unix.SYS_TGKILL, []uint64{ownPID, 5}, 0},
		"a signal to another's thread":     {none, unix.SYS_TGKILL, []uint64{1, 1}, unix.EPERM},
		"its own limits":                   {none, unix.SYS_PRLIMIT64, []uint64{0}, 0},
		"another's limits":                 {none, unix.SYS_PRLIMIT64, []uint64{1}, unix.EPERM},
		"the size of the terminal":         {none, unix.SYS_IOCTL, []uint64{1, unix.TIOCGWINSZ}, 0},
		"typing":                           {none, unix.SYS_IOCTL, []uint64{0, unix.TIOCSTI}, unix.EPERM},
		"typing, with bits that are cut":   {none, unix.SYS_IOCTL, []uint64{0, 1<<32 | unix.TIOCSTI}, unix.EPERM},
		"pasting":                          {none, unix.SYS_IOCTL, []uint64{0, 0x541c}, unix.EPERM},    // TIOCLINUX
		"freezing a file system":           {all, unix.SYS_IOCTL, []uint64{3, 0xc0045877}, unix.EPERM}, // FIFREEZE
		"making a disk read-only":          {all, unix.SYS_IOCTL, []uint64{3, unix.BLKROSET}, unix.EPERM},
		"a signal by ioctl":                {all, unix.SYS_IOCTL, []uint64{3, 0x8901}, unix.EPERM}, // FIOSETOWN
		"what a socket has not sent":       {all, unix.SYS_IOCTL, []uint64{3, unix.SIOCOUTQ}, 0},
		"what no socket has not sent":      {none, unix.SYS_IOCTL, []uint64{3, unix.SIOCOUTQ}, unix.EPERM},
		"an interface's number":            {none, unix.SYS_IOCTL, []uint64{3, unix.SIOCGIFINDEX}, unix.EPERM},
		"an interface's number, to open":   {recapturing, unix.SYS_IOCTL, []uint64{3, unix.SIOCGIFINDEX}, 0},
		"an interface's address":           {recapturing, unix.SYS_IOCTL, []uint64{3, unix.SIOCSIFADDR}, unix.EPERM},
		"who is signalled":                 {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETOWN, 1}, unix.EPERM},
		"who is signalled, by a struct":    {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETOWN_EX}, unix.EPERM},
		"which signal":                     {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETSIG, 9}, unix.EPERM},
		"signals":                          {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETFL, unix.O_RDWR | unix.O_ASYNC}, unix.EPERM},
		"no waiting":                       {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETFL, unix.O_RDWR | unix.O_NONBLOCK}, 0},
		"a lease":                          {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETLEASE, 1}, unix.EPERM},
		"a lock of bytes":                  {all, unix.SYS_FCNTL, []uint64{3, unix.F_SETLK}, unix.EPERM},
		"a lock":                           {none, unix.SYS_FLOCK, []uint64{3, unix.LOCK_EX | unix.LOCK_NB}, unix.EPERM},
		"a lock of an output":              {writing, unix.SYS_FLOCK, []uint64{3, unix.LOCK_EX | unix.LOCK_NB}, 0},
		"its name":                         {none, unix.SYS_PRCTL, []uint64{unix.PR_SET_NAME}, 0},
		"being dumped":                     {none, unix.SYS_PRCTL, []uint64{unix.PR_SET_DUMPABLE, 1}, unix.EPERM},
		"outliving its parent":             {none, unix.SYS_PRCTL, []uint64{unix.PR_SET_PDEATHSIG, 0}, unix.EPERM},
		"reading a file":                   {none, unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY | unix.O_CLOEXEC}, 0},
		"writing a file":                   {none, unix.SYS_OPENAT, []uint64{0, 0, unix.O_WRONLY | unix.O_APPEND}, unix.EPERM},
		"writing an output":                {writing, unix.SYS_OPENAT, []uint64{0, 0, unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT}, 0},
		"removing a file":                  {none, unix.SYS_UNLINKAT, nil, unix.EPERM},
		"a hard link":                      {all, unix.SYS_LINKAT, nil, unix.EPERM},
		"connecting":                       {none, unix.SYS_CONNECT, []uint64{3}, unix.EPERM},
		"binding a capture":                {capturing, unix.SYS_BIND, []uint64{7}, unix.EPERM},
		"a filter for a capture":           {capturing, unix.SYS_SETSOCKOPT, []uint64{9, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER}, unix.EPERM},
		"UDP, to capture":                  {recapturing, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM, 0}, unix.EPERM},
		"asking a driver":                  {recapturing, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC}, 0},
		"asking a driver, before 4.6":      {old, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM, 0}, 0},
		"a mode":                           {writing, unix.SYS_FCHMOD, []uint64{3, 0o644}, unix.EPERM},
		"the mode of counts":               {all, unix.SYS_FCHMOD, []uint64{3, 0o644}, 0},
		"a mode with its owner's rights":   {all, unix.SYS_FCHMOD, []uint64{3, 0o4644}, unix.EPERM},
		"a mode for everybody":             {all, unix.SYS_FCHMOD, []uint64{3, 0o666}, unix.EPERM},
		"memory":                           {none, unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ | unix.PROT_WRITE}, 0},
		"memory with code":                 {none, unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, unix.EPERM},
		"memory turned into code":          {none, unix.SYS_MPROTECT, []uint64{0, 4096, unix.PROT_EXEC}, unix.EPERM},
		"asking for interfaces":            {none, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW | flags, unix.NETLINK_ROUTE}, 0},
		"another netlink":                  {none, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC}, unix.EPERM},
		"TCP":                              {none, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM | flags, 0}, unix.EPERM},
		"UDP":                              {none, unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_DGRAM | flags, 0}, unix.EPERM},
		"a local socket":                   {none, unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM, 0}, unix.EPERM},
		"a capture":                        {none, unix.SYS_SOCKET, []uint64{unix.AF_PACKET, unix.SOCK_RAW, 0}, unix.EPERM},
		"accepting":                        {none, unix.SYS_ACCEPT4, nil, unix.EPERM},
		"sending":                          {none, unix.SYS_SENDTO, []uint64{3, 0, 0, 0}, 0},
		"TCP Fast Open":                    {none, unix.SYS_SENDTO, []uint64{3, 0, 0, unix.MSG_FASTOPEN | unix.MSG_NOSIGNAL}, unix.EPERM},
		"a message":                        {none, unix.SYS_SENDMSG, []uint64{3}, unix.EPERM},
		"a message with what was opened":   {examining, unix.SYS_SENDMSG, []uint64{3}, 0},
		"wanted TCP":                       {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM | flags, unix.IPPROTO_TCP}, 0},
		"wanted TCP over IPv6":             {all, unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_STREAM | flags, 0}, 0},
		"multipath TCP":                    {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM, 262}, unix.EPERM},
		"wanted UDP":                       {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM | flags, unix.IPPROTO_UDP}, 0},
		"ping":                             {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, unix.EPERM},
		"raw IP":                           {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW}, unix.EPERM},
		"a wanted local socket":            {all, unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM | flags, 0}, 0},
		"a wanted capture":                 {all, unix.SYS_SOCKET, []uint64{unix.AF_PACKET, unix.SOCK_RAW, 768}, 0},
		"wanted accepting":                 {all, unix.SYS_ACCEPT4, nil, 0},
		"listening":                        {all, unix.SYS_LISTEN, nil, unix.EPERM},
		"writing to a file":                {capturing, unix.SYS_WRITE, []uint64{8}, 0},
		"writing to a capture":             {capturing, unix.SYS_WRITE, []uint64{7}, unix.EPERM},
		"writing to another capture":       {capturing, unix.SYS_WRITEV, []uint64{9}, unix.EPERM},
		"writing, with bits that are cut":  {capturing, unix.SYS_WRITE, []uint64{1<<32 | 7}, unix.EPERM},
		"sending to a capture":             {capturing, unix.SYS_SENDTO, []uint64{9}, unix.EPERM},
		"splicing to a capture":            {capturing, unix.SYS_SPLICE, []uint64{3, 0, 7}, unix.EPERM},
		"copying a capture":                {capturing, unix.SYS_DUP, []uint64{7}, unix.EPERM},
		"copying a capture by fcntl":       {capturing, unix.SYS_FCNTL, []uint64{7, unix.F_DUPFD_CLOEXEC}, unix.EPERM},
		"asking a capture for its flags":   {capturing, unix.SYS_FCNTL, []uint64{7, unix.F_GETFL}, 0},
		"copying a file by fcntl":          {capturing, unix.SYS_FCNTL, []uint64{8, unix.F_DUPFD_CLOEXEC}, 0},
		"copying a file to be inherited":   {none, unix.SYS_FCNTL, []uint64{8, unix.F_DUPFD}, unix.EPERM},
		"closing a capture":                {capturing, unix.SYS_CLOSE, []uint64{9}, unix.EPERM},
		"closing a file":                   {capturing, unix.SYS_CLOSE, []uint64{8}, 0},
		"the first of many captures":       {full, unix.SYS_SENDTO, []uint64{100}, unix.EPERM},
		"the last of many captures":        {full, unix.SYS_SENDTO, []uint64{100 + maxCaptures - 1}, unix.EPERM},
		"beside many captures":             {full, unix.SYS_SENDTO, []uint64{99}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			want := uint32(allow)
			if c.want != 0 {
				want = refuse(c.want)
			}
			if got := newFilter(t, c.in).on(auditArch, c.call, c.arguments...); got != want {
				t.Errorf("%#x, want %#x", got, want)
			}
		})
	}
}

func TestFilterFitsTheKernel(t *testing.T) {
	const most = 4096 // BPF_MAXINSNS
	c := &confinement{captures: make([]uint32, maxCaptures)}
	c.Options = everyProcess["sensor"]
	if alarming, quiet := c.policy(ownPID).programs(); max(len(alarming), len(quiet)) > most {
		t.Errorf("%d and %d instructions, the kernel takes %d", len(alarming), len(quiet), most)
	}
}

// The audit log has no lines for calls that the C library tries for every thread, and
// libpcap at the end of every run.
func TestLogHoldsNoFalseAlarms(t *testing.T) {
	f := newFilter(t, &confinement{captures: []uint32{7}})
	f.quiet = f.alarming // only the logging program
	for name, c := range map[string]struct {
		call     uint32
		argument uint64
		want     uint32
	}{
		"clone3":            {unix.SYS_CLONE3, 0, allow},
		"a newer call":      {newestCall + 1, 0, allow},
		"closing a capture": {unix.SYS_CLOSE, 7, allow},
		"a program":         {unix.SYS_EXECVE, 0, refuse(unix.EPERM)},
		"sending a packet":  {unix.SYS_WRITE, 7, refuse(unix.EPERM)},
		"another's signal":  {unix.SYS_KILL, 1, refuse(unix.EPERM)},
	} {
		if got := f.on(auditArch, c.call, c.argument); got != c.want {
			t.Errorf("%s: %#x, want %#x", name, got, c.want)
		}
	}
}

func TestTooManyCapturesAreSaid(t *testing.T) {
	c := &confinement{captures: make([]uint32, maxCaptures+1), kernel: running()}
	if err := c.reportCaptures(); err != nil {
		t.Fatal(err)
	}
	if len(c.captures) != 0 || len(c.steps) != 1 || !c.steps[0].Degraded {
		t.Errorf("%d captures, steps %v", len(c.captures), c.steps)
	}
}
