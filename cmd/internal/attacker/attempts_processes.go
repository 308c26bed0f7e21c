//go:build attacker && linux

package attacker

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nothing is a packet filter that no packet passes.
var nothing = unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET}}

// captures are attempts on sockets that capture: the sensor's own, or inherited ones.
func captures() []attempt {
	const kind = "sockets that capture"
	on := func(do func(fd int) error) func() error { return func() error { return onPacketSocket(do) } }
	return []attempt{
		{kind, "having one", on(func(int) error { return nil }), false},
		{kind, "attaching a filter that lets nothing through", on(func(fd int) error {
			return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &nothing)
		}), false},
		{kind, "detaching the filter", on(func(fd int) error {
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0)
		}), false},
		{kind, "unlocking the filter", on(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 0) }), false},
		{kind, "sending a packet", on(func(fd int) error { return reach(unix.SYS_WRITE, uintptr(fd), nowhere, 0) }), false},
		{kind, "sending a packet to an address", on(func(fd int) error { return reach(unix.SYS_SENDTO, uintptr(fd), nowhere, 0) }), false},
		{kind, "copying one", on(func(fd int) error { return reachAndClose(unix.SYS_DUP, uintptr(fd)) }), false},
		{kind, "opening another", func() error { return makesSocket(unix.AF_PACKET, unix.SOCK_RAW, 0) }, false},
	}
}

func reachAndClose(call, argument uintptr) error {
	fd, _, errno := unix.Syscall(call, argument, 0, 0)
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

func processes() []attempt {
	const kind = "other processes"
	victim, parent := uintptr(scene.Victim), uintptr(os.Getppid())
	var affinity unix.CPUSet
	affinity.Set(0)
	var limit unix.Rlimit
	none := uintptr(unsafe.Pointer(&[64]byte{}))
	return []attempt{
		{kind, "signalling one", func() error { return unix.Kill(scene.Victim, 0) }, false},
		{kind, "signalling the parent", func() error { return unix.Kill(os.Getppid(), 0) }, false},
		reaching(kind, "signalling all", unix.SYS_KILL, nowhere, 0),
		reaching(kind, "signalling a thread", unix.SYS_TGKILL, victim, victim, 0),
		reaching(kind, "signalling a thread (tkill)", unix.SYS_TKILL, victim, 0),
		reaching(kind, "signalling with data", unix.SYS_RT_SIGQUEUEINFO, victim, 0, nowhere),
		reaching(kind, "a descriptor for one (pidfd_open)", unix.SYS_PIDFD_OPEN, victim, nowhere),
		reaching(kind, "signalling by a descriptor", unix.SYS_PIDFD_SEND_SIGNAL, nowhere, 0, 0, 0),
		reaching(kind, "taking what it has open (pidfd_getfd)", unix.SYS_PIDFD_GETFD, nowhere, 0, 0),
		{kind, "having the kernel signal one (F_SETOWN)", func() error { return command(2, unix.F_SETOWN, scene.Victim) }, false},
		{kind, "having it kill (F_SETSIG)", func() error { return command(2, unix.F_SETSIG, 0) }, false},
		{kind, "having it signal when data come (O_ASYNC)", func() error { return setAsync(2) }, false},
		reaching(kind, "tracing one", unix.SYS_PTRACE, unix.PTRACE_SEIZE, victim, 0, nowhere),
		reaching(kind, "writing to its memory", unix.SYS_PROCESS_VM_WRITEV, victim, nowhere, 1, nowhere, 1, 0),
		reaching(kind, "comparing what it has open (kcmp)", unix.SYS_KCMP, parent, victim, 0, 0, 0),
		reaching(kind, "its memory's use (process_madvise)", unix.SYS_PROCESS_MADVISE, nowhere, nowhere, 0, 0, 0),
		reaching(kind, "moving its memory", unix.SYS_MIGRATE_PAGES, victim, 0, none, none),
		reaching(kind, "its priority", unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, victim, 0),
		reaching(kind, "its priority of input and output", unix.SYS_IOPRIO_SET, 1, victim, 0),
		reaching(kind, "its processors", unix.SYS_SCHED_SETAFFINITY, victim, unsafe.Sizeof(affinity), uintptr(unsafe.Pointer(&affinity))),
		reaching(kind, "its scheduling", unix.SYS_SCHED_SETSCHEDULER, victim, 0, none),
		reaching(kind, "its scheduling (sched_setattr)", unix.SYS_SCHED_SETATTR, victim, nowhere, 0),
		reaching(kind, "its limits", unix.SYS_PRLIMIT64, victim, unix.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&limit))),
		reaching(kind, "memory of all (shmget)", unix.SYS_SHMGET, 0, 0, 0),
		reaching(kind, "messages to all (msgget)", unix.SYS_MSGGET, 0, 0),
		reaching(kind, "semaphores (semget)", unix.SYS_SEMGET, 0, nowhere, 0),
		reaching(kind, "a queue (mq_open)", unix.SYS_MQ_OPEN, nowhere, 0, 0, 0),
		{kind, "starting a program", func() error {
			_, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
			return err
		}, false},
		reaching(kind, "becoming a program", unix.SYS_EXECVE, nowhere, 0, 0),
		reaching(kind, "becoming a program in memory", unix.SYS_EXECVEAT, nowhere, nowhere, 0, 0, 0),
		reaching(kind, "a file in memory (memfd_create)", unix.SYS_MEMFD_CREATE, nowhere, 0),
		reaching(kind, "starting a process", unix.SYS_CLONE, unix.CLONE_SIGHAND, 0),
		{kind, "new code in memory", newCode, false},
		reaching(kind, "new code in memory, by a key", unix.SYS_PKEY_MPROTECT, nowhere, 0, unix.PROT_EXEC, 0),
	}
}

func setAsync(fd int) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags|unix.O_ASYNC); err != nil {
		return err
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags)
	return err
}

func newCode() error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(page)
	return unix.Mprotect(page, unix.PROT_READ|unix.PROT_EXEC)
}

func identity() []attempt {
	const kind = "who and where it is"
	return []attempt{
		reaching(kind, "another user (setuid)", unix.SYS_SETUID, uintptr(os.Getuid())),
		reaching(kind, "another user (setresuid)", unix.SYS_SETRESUID, nowhere, nowhere, nowhere),
		reaching(kind, "another user for files (setfsuid)", unix.SYS_SETFSUID, uintptr(os.Getuid())),
		reaching(kind, "another group", unix.SYS_SETGID, uintptr(os.Getgid())),
		reaching(kind, "groups", unix.SYS_SETGROUPS, nowhere, nowhere),
		reaching(kind, "capabilities", unix.SYS_CAPSET, nowhere, nowhere),
		reaching(kind, "being dumped or traced", unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, nowhere),
		reaching(kind, "its tracer", unix.SYS_PRCTL, unix.PR_SET_PTRACER, 0),
		reaching(kind, "outliving its parent", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, nowhere),
		reaching(kind, "personality", unix.SYS_PERSONALITY, 0xffffffff),
		reaching(kind, "a session", unix.SYS_SETSID),
		reaching(kind, "its folder", unix.SYS_FCHDIR, nowhere),
		reaching(kind, "its mask of modes", unix.SYS_UMASK, 0o22),
		reaching(kind, "a space for users", unix.SYS_UNSHARE, unix.CLONE_NEWUSER|unix.CLONE_FS|1),
		reaching(kind, "a space for networks", unix.SYS_UNSHARE, unix.CLONE_NEWNET|1),
		reaching(kind, "a space for mounts", unix.SYS_UNSHARE, unix.CLONE_NEWNS|1),
		reaching(kind, "another's network", unix.SYS_SETNS, nowhere, unix.CLONE_NEWNET),
		reaching(kind, "another's mounts", unix.SYS_SETNS, nowhere, unix.CLONE_NEWNS),
		reaching(kind, "mounting", unix.SYS_MOUNT, nowhere, nowhere, nowhere, 0, 0),
		reaching(kind, "unmounting", unix.SYS_UMOUNT2, nowhere, 0),
		reaching(kind, "mounting anew (fsopen)", unix.SYS_FSOPEN, nowhere, 0),
		reaching(kind, "copying mounts (open_tree)", unix.SYS_OPEN_TREE, nowhere, nowhere, 0),
		reaching(kind, "moving mounts", unix.SYS_MOVE_MOUNT, nowhere, nowhere, nowhere, nowhere, 0),
		reaching(kind, "flags of mounts", unix.SYS_MOUNT_SETATTR, nowhere, nowhere, 0, nowhere, 0),
		reaching(kind, "another root", unix.SYS_CHROOT, nowhere),
		reaching(kind, "another root (pivot_root)", unix.SYS_PIVOT_ROOT, nowhere, nowhere),
		reaching(kind, "a program of other rights (seccomp)", unix.SYS_SECCOMP, nowhere, 0, 0),
	}
}

func kernel() []attempt {
	const kind = "the kernel"
	all := []attempt{
		reaching(kind, "bpf", unix.SYS_BPF, nowhere, 0, 0),
		reaching(kind, "perf_event_open", unix.SYS_PERF_EVENT_OPEN, nowhere, 0, 0, nowhere, 0),
		reaching(kind, "userfaultfd", unix.SYS_USERFAULTFD, nowhere),
		reaching(kind, "init_module", unix.SYS_INIT_MODULE, nowhere, 0, nowhere),
		reaching(kind, "finit_module", unix.SYS_FINIT_MODULE, nowhere, 0, 0),
		reaching(kind, "delete_module", unix.SYS_DELETE_MODULE, nowhere, 0),
		reaching(kind, "kexec_load", unix.SYS_KEXEC_LOAD, 0, nowhere, 0, nowhere),
		reaching(kind, "reboot", unix.SYS_REBOOT, 0, 0, 0, 0),
		reaching(kind, "swapon", unix.SYS_SWAPON, nowhere, 0),
		reaching(kind, "acct", unix.SYS_ACCT, nowhere),
		reaching(kind, "sethostname", unix.SYS_SETHOSTNAME, nowhere, nowhere),
		reaching(kind, "settimeofday", unix.SYS_SETTIMEOFDAY, nowhere, 0),
		reaching(kind, "clock_settime", unix.SYS_CLOCK_SETTIME, 0, nowhere),
		reaching(kind, "adjtimex", unix.SYS_ADJTIMEX, nowhere),
		reaching(kind, "sync", unix.SYS_SYNCFS, nowhere),
		reaching(kind, "memfd_secret", unix.SYS_MEMFD_SECRET, nowhere),
		reaching(kind, "timer_create", unix.SYS_TIMER_CREATE, nowhere, 0, 0),
		reaching(kind, "a call that is newer than the list", 100000),
	}
	if runtime.GOARCH == "amd64" {
		all = append(all, machine()...)
	}
	return all
}
