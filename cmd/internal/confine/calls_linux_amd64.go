package confine

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// refusedHere are the calls that only this machine type has.
var refusedHere = []uint32{
	unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_MODIFY_LDT, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_USELIB,
	unix.SYS_MKNOD, unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
	unix.SYS__SYSCTL, unix.SYS_CREATE_MODULE,
}

// readOnlyHere is about the calls that only this machine type has.
func readOnlyHere() []rule {
	rules := []rule{never(unix.SYS_OPEN, readOnly(1))}
	for _, call := range []uint32{unix.SYS_CREAT, unix.SYS_UNLINK, unix.SYS_RMDIR, unix.SYS_RENAME, unix.SYS_MKDIR, unix.SYS_LINK, unix.SYS_SYMLINK} {
		rules = append(rules, never(call))
	}
	return rules
}

var writersHere = []uint32{unix.SYS_DUP2}
