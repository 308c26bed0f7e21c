package confine

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// alwaysHere are the calls that only this machine type has, or calls so.
var alwaysHere = []uint32{
	unix.SYS_NEWFSTATAT, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_ACCESS, unix.SYS_READLINK,
	unix.SYS_EPOLL_WAIT, unix.SYS_POLL, unix.SYS_SELECT, unix.SYS_TIME, unix.SYS_GETRLIMIT,
}

func readingHere(p *policy) { p.allowIf(unix.SYS_OPEN, []test{without(1, changing)}) }

func writingHere(p *policy) { p.allow(unix.SYS_OPEN, unix.SYS_RENAME, unix.SYS_UNLINK) }
