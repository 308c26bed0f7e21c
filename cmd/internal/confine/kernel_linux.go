package confine

import (
	"os"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// kernel is what the running kernel can do. Tests make an older one of it.
type kernel struct {
	release  string
	landlock int     // ABI version; 0: there is no Landlock
	seccomp  uintptr // flags to install a filter with; 0: there are no filters
	proc     bool    // every thread can be reached: psx finds them in /proc
	// netlinkIoctl says that libpcap can ask interfaces through a netlink socket.
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

// rulesets are what each ABI version can restrict.
var rulesets = []landlock.Config{
	1: landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5,
	landlock.V6, landlock.V7, landlock.V8, landlock.V9, landlock.V10,
}

func landlockABI() int {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	// Early versions of ABI 6 refuse signals between the threads of one
	// process, without which neither psx nor Go's scheduler works.
	const signalsFixed = 2
	if errata, err := ll.LandlockGetErrata(); abi >= 6 && (err != nil || errata&signalsFixed == 0) {
		abi = 5
	}
	return min(abi, len(rulesets)-1)
}

// seccompFlags tries to install no filter: flags the kernel knows get as far
// as the address. All threads at once (TSYNC) came with Linux 3.17; that
// refused calls are logged (LOG), with 4.14.
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

// hasProc keeps psx from being called in vain: it kills the process when it
// cannot list the threads.
func hasProc() bool {
	_, err := os.ReadDir("/proc/self/task")
	return err == nil
}

// hasNetlinkIoctl makes the test that libpcap makes.
func hasNetlinkIoctl() bool {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_GENERIC)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var request [64]byte // struct ifreq: the name of interface 0, which there is none of
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&request[0])))
	return errno != unix.EOPNOTSUPP
}

const noProc = "cannot be set on every thread: /proc is not mounted"

// lacks lists the steps that will be less than intended.
func (k kernel) lacks() (steps []Step) {
	if !k.proc {
		steps = append(steps, degraded(stepCapabilities, noProc), degraded(stepPrivileges, noProc))
	}
	if s, ok := k.noLandlock(); ok {
		steps = append(steps, s)
	}
	if s, ok := k.noSeccomp(); ok {
		steps = append(steps, s)
	}
	return steps
}

func (k kernel) noLandlock() (Step, bool) {
	switch {
	case k.landlock == 0:
		return degraded(stepLandlock, "not supported by this kernel (%s): files are not confined", k.release), true
	case !k.proc:
		return degraded(stepLandlock, noProc+": files are not confined"), true
	}
	return Step{}, false
}

func (k kernel) noSeccomp() (Step, bool) {
	switch {
	case !filterable:
		return degraded(stepSeccomp, "not supported by tlsfloor on this machine type: system calls are not confined"), true
	case k.seccomp == 0:
		return degraded(stepSeccomp, "not supported by this kernel (%s): system calls are not confined", k.release), true
	}
	return Step{}, false
}

// prctl calls prctl(2) on every thread. C code has threads of its own, for
// which syscall.AllThreadsSyscall cannot be used.
func prctl(option, argument uintptr) error {
	if _, _, err := psx.Syscall6(unix.SYS_PRCTL, option, argument, 0, 0, 0, 0); err != 0 {
		return err
	}
	return nil
}
