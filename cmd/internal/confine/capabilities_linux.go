package confine

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// capabilities is a set of capabilities, one bit each.
type capabilities uint64

const (
	netRaw        capabilities = 1 << unix.CAP_NET_RAW
	dacReadSearch capabilities = 1 << unix.CAP_DAC_READ_SEARCH
	// examineCapabilities are for listing the sockets of other users' processes,
	// reading their programs, and entering the network namespaces of containers.
	examineCapabilities capabilities = 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_SYS_ADMIN
)

// keptCapabilities returns the capabilities to keep, of those that the process has.
func (c *confinement) keptCapabilities() (keep capabilities) {
	if !c.kernel.proc {
		return 0
	}
	if c.KeepNetRaw {
		keep |= netRaw
	}
	if _, lacking := c.kernel.missingLandlock(); c.ReadAll && !lacking {
		keep |= dacReadSearch
	}
	if c.Examine {
		keep |= examineCapabilities
	}
	return permitted() & keep
}

func permitted() capabilities {
	header, data := capabilityHeader(), [2]unix.CapUserData{}
	if unix.Capget(&header, &data[0]) != nil {
		return 0
	}
	return capabilities(data[0].Permitted) | capabilities(data[1].Permitted)<<32
}

func capabilityHeader() unix.CapUserHeader {
	return unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3} // of the calling thread
}

// dropBounding empties the bounding set, which limits the capabilities of programs that
// are started, and reports whether it is empty. That takes a capability; without it,
// no-new-privileges has the same effect.
func (c *confinement) dropBounding() bool {
	if !c.kernel.proc {
		return false
	}
	for n := uintptr(0); ; n++ {
		switch prctl(unix.PR_CAPBSET_DROP, n) {
		case nil:
		case unix.EINVAL: // after the last one that this kernel has
			return n > 0
		default:
			return false
		}
	}
}

// dropCapabilities drops all but keep on every thread.
func (c *confinement) dropCapabilities(keep capabilities, bounded bool) Step {
	if !c.kernel.proc {
		return degraded(stepCapabilities, noProc)
	}
	if err := setCapabilities(keep); err != nil {
		return degraded(stepCapabilities, "not dropped: %v", err)
	}
	if bounded {
		return done(stepCapabilities, "%s kept", keep)
	}
	return done(stepCapabilities, "%s kept (the bounding set is not ours to empty)", keep)
}

func (s capabilities) String() string {
	var names []string
	for _, c := range []struct {
		bit  uint
		name string
	}{
		{unix.CAP_NET_RAW, "CAP_NET_RAW"}, {unix.CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
		{unix.CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"}, {unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	} {
		if s&(1<<c.bit) != 0 {
			names = append(names, c.name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// setCapabilities makes keep the permitted and effective sets, and empties the
// inheritable set, and with it the ambient set.
func setCapabilities(keep capabilities) error {
	header := capabilityHeader()
	data := [2]unix.CapUserData{
		{Effective: uint32(keep), Permitted: uint32(keep)},
		{Effective: uint32(keep >> 32), Permitted: uint32(keep >> 32)},
	}
	_, _, err := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)), 0)
	if err != 0 {
		return err
	}
	if keep == 0 {
		return nil
	}
	return prctl(unix.PR_SET_KEEPCAPS, 0)
}
