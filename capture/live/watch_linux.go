package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"syscall"
	"unsafe"

	"github.com/google/gopacket/pcap"
	"golang.org/x/sys/unix"
)

// socketOf returns the descriptor of a handle, or -1.
func socketOf(h *pcap.Handle) int {
	p := pointer(h)
	if p == nil {
		return -1
	}
	return selectable(p)
}

// protect protects the socket of a capture from other processes: programs that are
// started do not inherit it, and its filter cannot be changed any more. libpcap does
// neither.
func protect(h *pcap.Handle, lock bool) error {
	fd := socketOf(h)
	if fd < 0 {
		return nil
	}
	unix.CloseOnExec(fd)
	if !lock {
		return nil
	}
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_LOCK_FILTER, 1)
	if errors.Is(err, unix.ENOTSOCK) || errors.Is(err, unix.ENOPROTOOPT) {
		return nil // not a socket, or a kernel before 3.9: changes are noticed, not prevented
	}
	return err
}

// maxFilter is the largest number of instructions of a filter: BPF_MAXINSNS.
const maxFilter = 4096

// filter is a socket's filter, as the kernel has it.
type filter struct {
	program []byte
	known   bool
}

// filterOf returns the filter of a handle. Without a filter the program is empty; without
// a socket it is not known.
func filterOf(h *pcap.Handle) filter {
	fd := socketOf(h)
	if fd < 0 {
		return filter{}
	}
	var b [maxFilter * unix.SizeofSockFilter]byte
	n := uint32(maxFilter) // this option's unit is an instruction
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_GET_FILTER,
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0)
	switch errno {
	case 0:
		return filter{bytes.Clone(b[:n*unix.SizeofSockFilter]), true}
	case unix.EACCES: // an eBPF program, which libpcap does not attach
		return filter{[]byte("eBPF"), true}
	}
	return filter{}
}

// equal reports whether f and g are the same filter.
func (f filter) equal(g filter) bool { return f.known == g.known && bytes.Equal(f.program, g.program) }

// counted returns how many packets an interface has received and sent, and for "any"
// those of all interfaces; false if that is not known.
func counted(name string) (packets uint64, ok bool) {
	rib, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return 0, false
	}
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return 0, false
	}
	for i := range messages {
		if messages[i].Header.Type != syscall.RTM_NEWLINK {
			continue
		}
		if n, of := readLink(&messages[i]); name == "any" || of == name {
			packets, ok = packets+n, true
		}
	}
	return packets, ok
}

// readLink returns the sum of the first two counters of struct rtnl_link_stats64, and
// the interface's name.
func readLink(m *syscall.NetlinkMessage) (packets uint64, name string) {
	attributes, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return 0, ""
	}
	for _, a := range attributes {
		switch {
		case a.Attr.Type == syscall.IFLA_IFNAME:
			name = unix.ByteSliceToString(a.Value)
		case a.Attr.Type == unix.IFLA_STATS64 && len(a.Value) >= 16:
			packets = binary.NativeEndian.Uint64(a.Value) + binary.NativeEndian.Uint64(a.Value[8:])
		}
	}
	return packets, name
}
