package confine

import "golang.org/x/sys/unix"

var looksHere = []uint32{unix.SYS_OPEN}

var dangerousHere = []uint32{
	unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_MODIFY_LDT, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_USELIB, unix.SYS_ARCH_PRCTL,
	unix.SYS_MKNOD, unix.SYS_MKDIR, unix.SYS_RMDIR, unix.SYS_LINK, unix.SYS_SYMLINK, unix.SYS_CREAT,
	unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
	unix.SYS__SYSCTL, unix.SYS_CREATE_MODULE, unix.SYS_DUP2, unix.SYS_ALARM,
}
