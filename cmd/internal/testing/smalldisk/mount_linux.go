package smalldisk

import (
	"syscall"
	"testing"
)

// Mount mounts a file system in memory with options such as "size=1m", until the end of
// the test. It skips tests that are to be short or may not mount.
func Mount(t *testing.T, options string) (folder string) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	folder = t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		t.Skipf("a small file system needs root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}
