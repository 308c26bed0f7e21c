//go:build attacker && linux

package attacker

import "golang.org/x/sys/unix"

// machine has the calls that only this architecture has.
func machine() []attempt {
	const kind = "the kernel"
	return []attempt{
		reaching(kind, "iopl", unix.SYS_IOPL, 0),
		reaching(kind, "ioperm", unix.SYS_IOPERM, 0, 1, 0),
		reaching(kind, "modify_ldt", unix.SYS_MODIFY_LDT, nowhere, 0, 0),
		{kind, "fork", func() error { return reach(unix.SYS_FORK) }, true},
		{kind, "vfork", func() error { return reach(unix.SYS_VFORK) }, true},
	}
}
