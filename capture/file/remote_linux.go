package file

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFlags: see Source.openFile.
const openFlags = unix.O_NONBLOCK | unix.O_NOCTTY

// remoteTypes are file systems whose reads wait for another machine or another
// process (statfs(2)).
var remoteTypes = map[uint32]bool{
	unix.NFS_SUPER_MAGIC: true, unix.SMB_SUPER_MAGIC: true, unix.CIFS_SUPER_MAGIC: true, unix.SMB2_SUPER_MAGIC: true,
	unix.FUSE_SUPER_MAGIC: true, unix.V9FS_MAGIC: true, unix.CEPH_SUPER_MAGIC: true, unix.AFS_SUPER_MAGIC: true,
	unix.AFS_FS_MAGIC: true, unix.CODA_SUPER_MAGIC: true, unix.OCFS2_SUPER_MAGIC: true, unix.NCP_SUPER_MAGIC: true,
	0x0bd00bd0: true, // Lustre
	0x47504653: true, // GPFS
}

// isRemote reports whether a read of a regular file may never return although the
// disks of this machine work. Only such files are read through another goroutine,
// which costs a copy.
func isRemote(file *os.File) bool {
	var s unix.Statfs_t
	return unix.Fstatfs(int(file.Fd()), &s) != nil || remoteTypes[uint32(s.Type)]
}
