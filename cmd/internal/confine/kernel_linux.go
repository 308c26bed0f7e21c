package confine

import (
	"os"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// kernel is what the running kernel supports. Tests change it into an older one.
type kernel struct {
	release  string
	landlock int     // ABI version; 0: there is no Landlock
	seccomp  uintptr // flags to install a filter; 0: there are no filters
	proc     bool    // /proc is mounted, in which psx finds all threads
	// netlinkIoctl: libpcap can query interfaces through a netlink socket.
	netlinkIoctl bool
}

func running() kernel {
	return kernel{
		release: release(), landlock: landlockABI(), seccomp: seccompFlags(), proc: hasProc(), netlinkIoctl: hasNetlinkIoctl(),
	}
}

func release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// rulesets has what each ABI version can restrict.
var rulesets = []landlock.Config{
	1: landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5,
	landlock.V6, landlock.V7, landlock.V8, landlock.V9, landlock.V10,
}

func landlockABI() int {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	// Early versions of ABI 6 refuse signals between threads of one process, which psx
	// and Go's scheduler need.
	const signalsFixed = 2
	if errata, err := ll.LandlockGetErrata(); abi >= 6 && (err != nil || errata&signalsFixed == 0) {
		abi = 5
	}
	return min(abi, len(rulesets)-1)
}

// seccompFlags finds the flags that the kernel supports: with these, an attempt to
// install a filter at address 0 fails with EFAULT. TSYNC, for all threads at once, came
// with Linux 3.17, and LOG, which logs refused calls, with 4.14.
func seccompFlags() uintptr {
	if !filterable {
		return 0
	}
	for _, flags := range []uintptr{unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_LOG, unix.SECCOMP_FILTER_FLAG_TSYNC} {
		if _, _, err := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, 0); err == unix.EFAULT {
			return flags
		}
	}
	return 0
}

// hasProc reports whether psx can list the threads. If it cannot, it kills the process.
func hasProc() bool {
	_, err := os.ReadDir("/proc/self/task")
	return err == nil
}

// hasNetlinkIoctl tests it as libpcap does.
func hasNetlinkIoctl() bool {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var request [64]byte // struct ifreq, for the name of interface 0, which does not exist
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&request[0])))
	return errno != unix.EOPNOTSUPP
}

const noProc = "cannot be set on every thread, because /proc is not mounted (mount -t proc proc /proc)"

// missing lists the steps that will be degraded.
func (k kernel) missing() (steps []Step) {
	if !k.proc {
		steps = append(steps, degraded(stepCapabilities, noProc), degraded(stepPrivileges, noProc))
	}
	if s, ok := k.missingLandlock(); ok {
		steps = append(steps, s)
	}
	if s, ok := k.missingSeccomp(); ok {
		steps = append(steps, s)
	}
	return steps
}

func (k kernel) missingLandlock() (Step, bool) {
	switch {
	case k.landlock == 0:
		return degraded(stepLandlock, "not supported by this kernel (%s): files are not confined", k.release), true
	case !k.proc:
		return degraded(stepLandlock, noProc+": files are not confined"), true
	}
	return Step{}, false
}

func (k kernel) missingSeccomp() (Step, bool) {
	switch {
	case !filterable:
		return degraded(stepSeccomp, "not supported by tlsfloor on this machine type: system calls are not confined"), true
	case k.seccomp == 0:
		return degraded(stepSeccomp, "not supported by this kernel (%s): system calls are not confined", k.release), true
	}
	return Step{}, false
}

// prctl calls prctl(2) on every thread. syscall.AllThreadsSyscall does not work in a
// program with threads of C code.
func prctl(option, argument uintptr) error {
	if _, _, err := psx.Syscall6(unix.SYS_PRCTL, option, argument, 0, 0, 0, 0); err != 0 {
		return err
	}
	return nil
}
