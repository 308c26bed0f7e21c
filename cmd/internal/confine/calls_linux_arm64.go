package confine

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// archAlways are the calls in always that only this architecture has, or names so.
var archAlways = []uint32{unix.SYS_FSTATAT, unix.SYS_GETRLIMIT}

// This architecture has no older calls for files.
func allowOldReads(*policy)  {}
func allowOldWrites(*policy) {}
