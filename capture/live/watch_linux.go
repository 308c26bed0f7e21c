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

// socket is the descriptor of a handle; -1: it has none.
func socketOf(h *pcap.Handle) int {
	p := pointer(h)
	if p == nil {
		return -1
	}
	return selectable(p)
}

// protect keeps a capture from what other processes could do to it: one that is
// started does not have its socket, and its filter cannot be changed any more, by
// whoever has it. libpcap does neither.
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
		return nil // a device of another kind, or a kernel before 3.9: only changes are noticed
	}
	return err
}

// maxFilter is how many instructions a filter has at most: BPF_MAXINSNS.
const maxFilter = 4096

// filter is a socket's filter as the kernel has it.
type filter struct {
	program []byte
	known   bool
}

// filterOf asks for the filter of a handle. Without one the program is empty; it
// is not known where the handle has no socket.
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

// is reports whether f is still g.
func (f filter) is(g filter) bool { return f.known == g.known && bytes.Equal(f.program, g.program) }

// counted is how many packets an interface has received and sent, of "any" all of
// them; false where nobody counts.
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

// readLink returns the two first counters of struct rtnl_link_stats64.
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
