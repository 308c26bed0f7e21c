//go:build attacker && linux

package attacker

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attempts returns all attempts, in the order of the table in docs/security.md.
func attempts() []attempt {
	var all []attempt
	for _, some := range [][]attempt{reading(), writing(), naming(), attributes(), commands(), secrets(), captures(), processes(), identity(), sockets(), kernel()} {
		all = append(all, some...)
	}
	return all
}

func reads(path string) func() error {
	return func() error {
		return opened(path, unix.O_RDONLY, func(fd int) error {
			_, err := unix.Read(fd, make([]byte, 1))
			return err
		})
	}
}

func lists(path string) func() error {
	return func() error { _, err := os.ReadDir(path); return err }
}

func reading() []attempt {
	const kind = "reading files"
	return []attempt{
		{kind, "its own output", reads(at(Events)), false},
		{kind, "a file that all may read", reads(at(Open)), false},
		{kind, "a file of root's", reads(at(Private)), false},
		{kind, "/etc/passwd", reads("/etc/passwd"), false},
		{kind, "/etc/shadow", reads("/etc/shadow"), false},
		{kind, "the folder of all", lists(at(Others)), false},
		{kind, "/", lists("/"), false},
		{kind, "what processes there are", lists("/proc"), false},
		{kind, "that a file is there", func() error { _, err := os.Lstat("/etc/passwd"); return err }, false},
		{kind, "by a handle", func() error { return reach(unix.SYS_OPEN_BY_HANDLE_AT, nowhere, 1, 0) }, false},
		reaching(kind, "what changes (fanotify)", unix.SYS_FANOTIFY_INIT, nowhere),
		reaching(kind, "what changes (inotify)", unix.SYS_INOTIFY_INIT1, nowhere),
	}
}

func writing() []attempt {
	const kind = "writing files"
	writes := func(path string, flags int) func() error {
		return func() error {
			return opened(path, unix.O_WRONLY|flags, func(fd int) error { _, err := unix.Write(fd, []byte("\n")); return err })
		}
	}
	return []attempt{
		{kind, "appending to its own output", writes(at(Events), unix.O_APPEND), false},
		{kind, "a file that all may write", writes(at(Open), 0), false},
		{kind, "a file of root's", writes(at(Private), 0), false},
		{kind, "a new file in the folder of outputs", func() error { return makes(at(Out) + "/new") }, false},
		{kind, "a new file in the folder of all", func() error { return makes(at(Others) + "/new") }, false},
		{kind, "/dev/null", writes("/dev/null", 0), false},
		{kind, "cutting off its own output", func() error {
			return opened(at(Events), unix.O_WRONLY, func(fd int) error { return unix.Ftruncate(fd, 1) })
		}, false},
		{kind, "cutting off by path", func() error { return unix.Truncate(at(Open), 0) }, false},
		{kind, "cutting off when opening", func() error { return opened(at(Open), unix.O_WRONLY|unix.O_TRUNC, func(int) error { return nil }) }, false},
		reaching(kind, "reserving space", unix.SYS_FALLOCATE, nowhere, 0, 0, 1),
		reaching(kind, "without the process (io_uring)", unix.SYS_IO_URING_SETUP, nowhere, 0),
		reaching(kind, "without the process (aio)", unix.SYS_IO_SETUP, 0, 0),
		reaching(kind, "between descriptors (splice)", unix.SYS_SPLICE, nowhere),
		reaching(kind, "between descriptors (sendfile)", unix.SYS_SENDFILE, nowhere),
		reaching(kind, "between descriptors (copy_file_range)", unix.SYS_COPY_FILE_RANGE, nowhere),
	}
}

func makes(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// after calls then if first succeeds.
func after(first, then func() error) error {
	if err := first(); err != nil {
		return err
	}
	return then()
}

func naming() []attempt {
	const kind = "names of files"
	out, others := at(Out)+"/", at(Others)+"/"
	return []attempt{
		{kind, "renaming an output", func() error {
			return after(func() error { return makes(out + "b") }, func() error { return unix.Rename(out+"b", out+"c") })
		}, false},
		{kind, "removing an output", func() error {
			return after(func() error { return makes(out + "d") }, func() error { return unix.Unlink(out + "d") })
		}, false},
		{kind, "removing others' files", func() error { return unix.Unlink(others + "b") }, false},
		{kind, "moving others' files", func() error { return unix.Rename(others+"c", others+"d") }, false},
		{kind, "moving files in", func() error { return unix.Rename(others+"e", out+"e") }, false},
		{kind, "moving files out", func() error { return unix.Rename(at(Events)+".old", others+"f") }, false},
		{kind, "a hard link to an output", func() error { return unix.Link(at(Events), out+"hard") }, false},
		{kind, "a hard link to others' files", func() error { return unix.Link(others+"a", out+"hard2") }, false},
		{kind, "a symbolic link", func() error { return unix.Symlink("/etc", out+"link") }, false},
		{kind, "a folder", func() error { return unix.Mkdir(out+"folder", 0o700) }, false},
		{kind, "a pipe", func() error { return unix.Mkfifo(out+"pipe", 0o600) }, false},
		{kind, "a device", func() error { return unix.Mknod(out+"device", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))) }, false},
	}
}

func attributes() []attempt {
	const kind = "attributes of files"
	times := []unix.Timespec{{Sec: 1}, {Sec: 1}}
	return []attempt{
		{kind, "the mode of its output, to everybody's", func() error { return changeMode(at(Events), 0o666) }, false},
		{kind, "the mode of its output, by path", func() error { return unix.Chmod(at(Events), 0o666) }, false},
		{kind, "the mode of what it has open", func() error {
			return anyFile(func(fd int) error { return reach(unix.SYS_FCHMOD, uintptr(fd), 0o4777) })
		}, false},
		reaching(kind, "a mode (fchmodat2)", unix.SYS_FCHMODAT2, nowhere, nowhere, 0, 0),
		{kind, "an owner", func() error { return unix.Chown(at(Events), os.Getuid(), os.Getgid()) }, false},
		reaching(kind, "an owner of what it has open", unix.SYS_FCHOWN, nowhere, 0, 0),
		{kind, "times", func() error { return unix.UtimesNanoAt(unix.AT_FDCWD, at(Events), times, 0) }, false},
		{kind, "extended attributes", func() error { return unix.Setxattr(at(Events), "user.a", []byte("x"), 0) }, false},
		reaching(kind, "extended attributes of what it has open", unix.SYS_FSETXATTR, nowhere, nowhere, nowhere, 0),
		reaching(kind, "removing extended attributes", unix.SYS_REMOVEXATTR, nowhere, nowhere),
		reaching(kind, "quotas", unix.SYS_QUOTACTL, nowhere, nowhere, 0, 0),
		{kind, "a lock (flock) on what it has open", func() error {
			return anyFile(func(fd int) error { return reach(unix.SYS_FLOCK, uintptr(fd), unix.LOCK_EX|unix.LOCK_NB) })
		}, false},
		{kind, "a lock of bytes", func() error { return anyFile(lockBytes) }, false},
		{kind, "a lease", func() error { return anyFile(func(fd int) error { return command(fd, unix.F_SETLEASE, unix.F_RDLCK) }) }, false},
	}
}

func changeMode(path string, mode uint32) error {
	return opened(path, unix.O_RDONLY, func(fd int) error { return unix.Fchmod(fd, mode) })
}

// command calls fcntl by reach.
func command(fd, command, argument int) error {
	return reach(unix.SYS_FCNTL, uintptr(fd), uintptr(command), uintptr(argument))
}

func lockBytes(fd int) error {
	lock := unix.Flock_t{Type: unix.F_RDLCK}
	return unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &lock)
}

// commands are ioctls on an invalid descriptor: a filter compares only the command.
func commands() (all []attempt) {
	for _, c := range []struct {
		what    string
		command uintptr
	}{
		{"freezing a file system (FIFREEZE)", 0xc0045877}, {"thawing it (FITHAW)", 0xc0045878}, {"discarding its blocks (FITRIM)", 0xc0185879},
		{"making a disk read-only (BLKROSET)", unix.BLKROSET}, {"discarding a disk (BLKDISCARD)", 0x1277}, {"reading its partitions again (BLKRRPART)", unix.BLKRRPART},
		{"flags of files (FS_IOC_SETFLAGS)", unix.FS_IOC_SETFLAGS}, {"typing into the terminal (TIOCSTI)", unix.TIOCSTI},
		{"pasting into it (TIOCLINUX)", 0x541c}, {"taking it over (TIOCSCTTY)", unix.TIOCSCTTY},
		{"having a process signalled (FIOSETOWN)", 0x8901}, {"signals (FIOASYNC)", 0x5452},
		{"changing an interface (SIOCSIFFLAGS)", unix.SIOCSIFFLAGS}, {"taking in an interface (SIOCBRADDIF)", unix.SIOCBRADDIF},
	} {
		all = append(all, reaching("ioctl", c.what, unix.SYS_IOCTL, nowhere, c.command, 0))
	}
	return all
}

// secrets are attempts to read secrets of other processes and of the environment.
func secrets() []attempt {
	const kind = "secrets"
	parent, victim := fmt.Sprintf("/proc/%d/", os.Getppid()), fmt.Sprintf("/proc/%d/", scene.Victim)
	return []attempt{
		{kind, "the sensor's token in its own environment", func() error { return holdsSecret(strings.Join(os.Environ(), "\n")) }, false},
		{kind, "its own /proc/self/environ", reads("/proc/self/environ"), false},
		{kind, "the parent's environment", reads(parent + "environ"), false},
		{kind, "another process's environment", reads(victim + "environ"), false},
		{kind, "the parent's memory", func() error { return opened(parent+"mem", unix.O_RDONLY, func(int) error { return nil }) }, false},
		{kind, "another process's memory", func() error { return opened(victim+"mem", unix.O_RDONLY, func(int) error { return nil }) }, false},
		{kind, "another process's memory (process_vm_readv)", readMemory, false},
		{kind, "another process's map of memory", reads(victim + "maps"), false},
		{kind, "what another process has open", lists(victim + "fd"), false},
		{kind, "the root of another process", lists(victim + "root/etc"), false},
		{kind, "another process's command line", reads(victim + "cmdline"), false},
		reaching(kind, "the kernel's messages", unix.SYS_SYSLOG, 10, 0, 0),
		reaching(kind, "keys", unix.SYS_KEYCTL, nowhere),
		reaching(kind, "keys that are asked for", unix.SYS_REQUEST_KEY, nowhere),
		reaching(kind, "new keys", unix.SYS_ADD_KEY, nowhere),
	}
}

func holdsSecret(text string) error {
	if scene.Secret == "" || !strings.Contains(text, scene.Secret) {
		return errAbsent
	}
	return nil
}

func readMemory() error {
	b := make([]byte, 1)
	local := unix.Iovec{Base: &b[0], Len: 1}
	remote := unix.RemoteIovec{Base: 4096, Len: 1}
	return reach(unix.SYS_PROCESS_VM_READV, uintptr(scene.Victim), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
}
