package confine

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// alwaysHere are the calls that only this machine type has, or calls so.
var alwaysHere = []uint32{unix.SYS_FSTATAT, unix.SYS_GETRLIMIT}

// This machine type has no older calls for files.
func readingHere(*policy) {}
func writingHere(*policy) {}
