package confine

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// archAlways are the calls in always that only this architecture has, or names so.
var archAlways = []uint32{
	unix.SYS_NEWFSTATAT, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_ACCESS, unix.SYS_READLINK,
	unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_TIME, unix.SYS_GETRLIMIT,
}

func allowOldReads(p *policy) { p.allowIf(unix.SYS_OPEN, []test{noBits(1, writeFlags)}) }

func allowOldWrites(p *policy) { p.allow(unix.SYS_OPEN, unix.SYS_RENAME, unix.SYS_UNLINK) }
