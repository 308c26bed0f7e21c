//go:build linux && (amd64 || arm64)

package confine

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// filter runs the two programs as the kernel would. Its machine is big-endian,
// so the words are laid out one by one.
type filter struct {
	t               *testing.T
	alarming, quiet *bpf.VM
}

func newFilter(t *testing.T, c *confinement) filter {
	t.Helper()
	alarming, quiet := programs(c.rules(ownPID))
	f := filter{t: t}
	var err error
	if f.alarming, err = bpf.NewVM(alarming); err != nil {
		t.Fatal(err)
	}
	if f.quiet, err = bpf.NewVM(quiet); err != nil {
		t.Fatal(err)
	}
	return f
}

const ownPID = 4711

// on is what the kernel makes of both verdicts: one that lets through counts
// least. Whether the kernel logs the call is up to who refused it.
func (f filter) on(arch, call uint32, arguments ...uint64) uint32 {
	f.t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[offsetCall:], call)
	binary.BigEndian.PutUint32(data[offsetArch:], arch)
	for i, a := range arguments {
		at := offsetArgument + argumentSize*i
		binary.BigEndian.PutUint32(data[at:], uint32(a))
		binary.BigEndian.PutUint32(data[at+4:], uint32(a>>32))
	}
	verdict := f.run(f.quiet, data)
	if verdict == allow {
		verdict = f.run(f.alarming, data)
	}
	return verdict
}

func (f filter) run(vm *bpf.VM, data []byte) uint32 {
	f.t.Helper()
	verdict, err := vm.Run(data)
	if err != nil {
		f.t.Fatal(err)
	}
	return uint32(verdict)
}

func TestFilterDecidesOnEveryCall(t *testing.T) {
	f := newFilter(t, new(confinement))
	for call := uint32(0); call <= newestCall; call++ {
		want := uint32(allow)
		switch {
		case slices.Contains(refusedAlways, call):
			want = refuse(unix.EPERM)
		case slices.Contains(looksAtArguments, call):
			continue
		}
		if got := f.on(auditArch, call); got != want {
			t.Errorf("call %d: %#x, want %#x", call, got, want)
		}
	}
	for _, call := range []uint32{newestCall + 1, 1000, 0x40000000 | unix.SYS_EXECVE, 0x40000000, 1<<32 - 1} {
		if got := f.on(auditArch, call); got != refuse(unix.ENOSYS) {
			t.Errorf("call %#x: %#x, want ENOSYS", call, got)
		}
	}
	for _, arch := range []uint32{unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_ARM, 0} {
		if got := f.on(arch, unix.SYS_GETPID); got != unix.SECCOMP_RET_KILL_PROCESS {
			t.Errorf("architecture %#x: %#x, want the process killed", arch, got)
		}
	}
}

// looksAtArguments are the calls that are decided in the test below.
var looksAtArguments = []uint32{
	unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_KILL, unix.SYS_TGKILL, unix.SYS_PRLIMIT64, unix.SYS_IOCTL, unix.SYS_FCHMOD,
	unix.SYS_MMAP, unix.SYS_MPROTECT, unix.SYS_PKEY_MPROTECT, unix.SYS_SOCKET, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
	unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_SENDMMSG, unix.SYS_SETNS,
}

func TestFilterLooksAtArguments(t *testing.T) {
	const (
		pthread = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM |
			unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID
		flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	)
	none, all := new(confinement), &confinement{Options: Options{
		Connect: []Endpoint{{Network: "tcp", Port: 1}, {Network: "udp", Port: 2}, {Network: "unix", Path: "/x"}}, Listening: true, KeepNetRaw: true,
	}}
	examining := &confinement{Options: Options{Examine: true}}
	capturing := &confinement{captures: []uint32{7, 9}}
	full := &confinement{captures: make([]uint32, maxCaptures)}
	for i := range full.captures {
		full.captures[i] = uint32(100 + i)
	}
	for name, c := range map[string]struct {
		in        *confinement
		call      uint32
		arguments []uint64
		want      unix.Errno
	}{
		"another network":                  {none, unix.SYS_SETNS, []uint64{3, unix.CLONE_NEWNET}, unix.EPERM},
		"another network, to examine":      {examining, unix.SYS_SETNS, []uint64{3, unix.CLONE_NEWNET}, 0},
		"another root, to examine":         {examining, unix.SYS_SETNS, []uint64{3, unix.CLONE_NEWNS}, unix.EPERM},
		"any space, to examine":            {examining, unix.SYS_SETNS, []uint64{3, 0}, unix.EPERM},
		"sockets of others, to examine":    {examining, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG}, 0},
		"sockets of others":                {none, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG}, unix.EPERM},
		"reading a file, to examine":       {examining, unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY | unix.O_CLOEXEC}, 0},
		"writing a file, to examine":       {examining, unix.SYS_OPENAT, []uint64{0, 0, unix.O_WRONLY}, unix.EPERM},
		"making a file, to examine":        {examining, unix.SYS_OPENAT, []uint64{0, 0, unix.O_CREAT}, unix.EPERM},
		"opening as the filter cannot see": {examining, unix.SYS_OPENAT2, nil, unix.ENOSYS},
		"removing a file, to examine":      {examining, unix.SYS_UNLINKAT, nil, unix.EPERM},
		"a thread":                         {none, unix.SYS_CLONE, []uint64{pthread}, 0},
		"a process":                        {none, unix.SYS_CLONE, []uint64{uint64(unix.SIGCHLD)}, unix.EPERM},
		"a process as vfork makes it":      {none, unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_VFORK}, unix.EPERM},
		"a thread in another user space":   {none, unix.SYS_CLONE, []uint64{pthread | unix.CLONE_NEWUSER}, unix.EPERM},
		"a thread in another network":      {none, unix.SYS_CLONE, []uint64{pthread | unix.CLONE_NEWNET}, unix.EPERM},
		"clone3":                           {none, unix.SYS_CLONE3, nil, unix.ENOSYS},
		"a signal to itself":               {none, unix.SYS_KILL, []uint64{ownPID}, 0},
		"a signal to others":               {none, unix.SYS_KILL, []uint64{1}, unix.EPERM},
		"a signal to all":                  {none, unix.SYS_KILL, []uint64{1<<64 - 1}, unix.EPERM},
		"a signal to its group":            {none, unix.SYS_KILL, []uint64{0}, unix.EPERM},
		"a signal to its thread":           {none, unix.SYS_TGKILL, []uint64{ownPID, 5}, 0},
		"a signal to another's thread":     {none, unix.SYS_TGKILL, []uint64{1, 1}, unix.EPERM},
		"its own limits":                   {none, unix.SYS_PRLIMIT64, []uint64{0}, 0},
		"another's limits":                 {none, unix.SYS_PRLIMIT64, []uint64{1}, unix.EPERM},
		"the size of the terminal":         {none, unix.SYS_IOCTL, []uint64{1, unix.TIOCGWINSZ}, 0},
		"typing":                           {none, unix.SYS_IOCTL, []uint64{0, unix.TIOCSTI}, unix.EPERM},
		"typing, with bits that are cut":   {none, unix.SYS_IOCTL, []uint64{0, 1<<32 | unix.TIOCSTI}, unix.EPERM},
		"pasting":                          {none, unix.SYS_IOCTL, []uint64{0, tioclinux}, unix.EPERM},
		"a mode":                           {none, unix.SYS_FCHMOD, []uint64{3, 0o644}, 0},
		"a mode with its owner's rights":   {none, unix.SYS_FCHMOD, []uint64{3, 0o4755}, unix.EPERM},
		"a mode with its group's rights":   {none, unix.SYS_FCHMOD, []uint64{3, 0o2755}, unix.EPERM},
		"memory":                           {none, unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ | unix.PROT_WRITE}, 0},
		"memory with code":                 {none, unix.SYS_MMAP, []uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, unix.EPERM},
		"memory turned into code":          {none, unix.SYS_MPROTECT, []uint64{0, 4096, unix.PROT_EXEC}, unix.EPERM},
		"memory turned into code, keyed":   {none, unix.SYS_PKEY_MPROTECT, []uint64{0, 4096, unix.PROT_EXEC}, unix.EPERM},
		"asking for interfaces":            {none, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW | flags, unix.NETLINK_ROUTE}, 0},
		"another netlink":                  {none, unix.SYS_SOCKET, []uint64{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC}, unix.EPERM},
		"TCP":                              {none, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM | flags, 0}, unix.EPERM},
		"UDP":                              {none, unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_DGRAM | flags, 0}, unix.EPERM},
		"a local socket":                   {none, unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM, 0}, unix.EPERM},
		"a capture":                        {none, unix.SYS_SOCKET, []uint64{unix.AF_PACKET, unix.SOCK_RAW, 0}, unix.EPERM},
		"accepting":                        {none, unix.SYS_ACCEPT4, nil, unix.EPERM},
		"sending":                          {none, unix.SYS_SENDTO, []uint64{3, 0, 0, 0}, 0},
		"TCP Fast Open":                    {none, unix.SYS_SENDTO, []uint64{3, 0, 0, unix.MSG_FASTOPEN | unix.MSG_NOSIGNAL}, unix.EPERM},
		"a message":                        {none, unix.SYS_SENDMSG, []uint64{3}, unix.EPERM},
		"messages":                         {none, unix.SYS_SENDMMSG, []uint64{3}, unix.EPERM},
		"wanted TCP":                       {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM | flags, unix.IPPROTO_TCP}, 0},
		"wanted TCP over IPv6":             {all, unix.SYS_SOCKET, []uint64{unix.AF_INET6, unix.SOCK_STREAM | flags, 0}, 0},
		"multipath TCP":                    {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM, 262}, unix.EPERM},
		"wanted UDP":                       {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM | flags, unix.IPPROTO_UDP}, 0},
		"ping":                             {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, unix.EPERM},
		"raw IP":                           {all, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW}, unix.EPERM},
		"a wanted local socket":            {all, unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM | flags, 0}, 0},
		"a wanted capture":                 {all, unix.SYS_SOCKET, []uint64{unix.AF_PACKET, unix.SOCK_RAW, 768}, 0},
		"wanted accepting":                 {all, unix.SYS_ACCEPT4, nil, 0},
		"listening":                        {all, unix.SYS_LISTEN, nil, unix.EPERM},
		"writing to a file":                {capturing, unix.SYS_WRITE, []uint64{8}, 0},
		"writing to a capture":             {capturing, unix.SYS_WRITE, []uint64{7}, unix.EPERM},
		"writing to another capture":       {capturing, unix.SYS_WRITEV, []uint64{9}, unix.EPERM},
		"writing, with bits that are cut":  {capturing, unix.SYS_WRITE, []uint64{1<<32 | 7}, unix.EPERM},
		"sending to a capture":             {capturing, unix.SYS_SENDTO, []uint64{9}, unix.EPERM},
		"splicing to a capture":            {capturing, unix.SYS_SPLICE, []uint64{3, 0, 7}, unix.EPERM},
		"splicing to a file":               {capturing, unix.SYS_SPLICE, []uint64{7, 0, 3}, 0},
		"copying a capture":                {capturing, unix.SYS_DUP, []uint64{7}, unix.EPERM},
		"copying a capture by fcntl":       {capturing, unix.SYS_FCNTL, []uint64{7, unix.F_DUPFD_CLOEXEC}, unix.EPERM},
		"asking a capture for its flags":   {capturing, unix.SYS_FCNTL, []uint64{7, unix.F_GETFL}, 0},
		"copying a file by fcntl":          {capturing, unix.SYS_FCNTL, []uint64{8, unix.F_DUPFD_CLOEXEC}, 0},
		"closing a capture":                {capturing, unix.SYS_CLOSE, []uint64{9}, unix.EPERM},
		"closing a file":                   {capturing, unix.SYS_CLOSE, []uint64{8}, 0},
		"the first of many captures":       {full, unix.SYS_SENDTO, []uint64{100}, unix.EPERM},
		"the last of many captures":        {full, unix.SYS_SENDTO, []uint64{100 + maxCaptures - 1}, unix.EPERM},
		"beside many captures":             {full, unix.SYS_SENDTO, []uint64{99}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			want := uint32(allow)
			if c.want != 0 {
				want = refuse(c.want)
			}
			if got := newFilter(t, c.in).on(auditArch, c.call, c.arguments...); got != want {
				t.Errorf("%#x, want %#x", got, want)
			}
		})
	}
}

func TestFilterFitsTheKernel(t *testing.T) {
	const most = 4096 // BPF_MAXINSNS
	c := &confinement{captures: make([]uint32, maxCaptures)}
	if alarming, quiet := programs(c.rules(ownPID)); max(len(alarming), len(quiet)) > most {
		t.Errorf("%d and %d instructions, the kernel takes %d", len(alarming), len(quiet), most)
	}
}

// The log of a host that is watched is not for what the C library tries at
// every thread, and libpcap at the end of every run.
func TestLogHoldsNoFalseAlarms(t *testing.T) {
	f := newFilter(t, &confinement{captures: []uint32{7}})
	f.quiet = f.alarming // what is logged, alone
	for name, c := range map[string]struct {
		call     uint32
		argument uint64
		want     uint32
	}{
		"clone3":            {unix.SYS_CLONE3, 0, allow},
		"a newer call":      {newestCall + 1, 0, allow},
		"closing a capture": {unix.SYS_CLOSE, 7, allow},
		"a program":         {unix.SYS_EXECVE, 0, refuse(unix.EPERM)},
		"sending a packet":  {unix.SYS_WRITE, 7, refuse(unix.EPERM)},
		"another's signal":  {unix.SYS_KILL, 1, refuse(unix.EPERM)},
	} {
		if got := f.on(auditArch, c.call, c.argument); got != c.want {
			t.Errorf("%s: %#x, want %#x", name, got, c.want)
		}
	}
}

func TestTooManyCapturesAreSaid(t *testing.T) {
	c := &confinement{captures: make([]uint32, maxCaptures+1), kernel: running()}
	if err := c.capturing(); err != nil {
		t.Fatal(err)
	}
	if len(c.captures) != 0 || len(c.steps) != 1 || !c.steps[0].Degraded {
		t.Errorf("%d captures, steps %v", len(c.captures), c.steps)
	}
}
