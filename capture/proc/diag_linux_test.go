package proc

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func netlink(kind uint16, sequence uint32, body []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(body))
	binary.NativeEndian.PutUint32(b, uint32(headerSize+len(body)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint32(b[8:], sequence)
	return append(b, body...)
}

func failure(errno unix.Errno) []byte {
	return binary.NativeEndian.AppendUint32(nil, uint32(-int32(errno)))
}

func TestReadDiag(t *testing.T) {
	found := make([]byte, answerSize-headerSize)
	binary.NativeEndian.PutUint32(found[len(found)-8:], 1000)
	binary.NativeEndian.PutUint32(found[len(found)-4:], 4711)
	for name, test := range map[string]struct {
		answer []byte
		want   owner
		mine   bool
		err    error
	}{
		"found":            {netlink(unix.SOCK_DIAG_BY_FAMILY, 7, found), owner{inode: 4711, uid: 1000}, true, nil},
		"not there":        {netlink(unix.NLMSG_ERROR, 7, failure(unix.ENOENT)), owner{}, true, errNotFound},
		"not permitted":    {netlink(unix.NLMSG_ERROR, 7, failure(unix.EPERM)), owner{}, true, unix.EPERM},
		"an older request": {netlink(unix.SOCK_DIAG_BY_FAMILY, 6, found), owner{}, false, nil},
		"cut short":        {netlink(unix.SOCK_DIAG_BY_FAMILY, 7, found[:20]), owner{}, true, errDiag},
		"no error number":  {netlink(unix.NLMSG_ERROR, 7, nil), owner{}, true, errDiag},
		"something else":   {netlink(unix.NLMSG_DONE, 7, nil), owner{}, true, errDiag},
		"nothing":          {nil, owner{}, true, errDiag},
	} {
		o, mine, err := readDiag(test.answer, 7)
		if o != test.want || mine != test.mine || !errors.Is(err, test.err) {
			t.Errorf("%s: %+v, %v, %v", name, o, mine, err)
		}
	}
}

func TestRequestHasItsSize(t *testing.T) {
	for _, of := range []connection{
		{netip.MustParseAddrPort("10.0.0.5:1"), netip.MustParseAddrPort("192.0.2.1:443")},
		{netip.MustParseAddrPort("[2001:db8::1]:1"), netip.MustParseAddrPort("[2001:db8::2]:443")},
	} {
		if b := appendRequest(nil, 1, unix.IPPROTO_UDP, of); len(b) != diagRequestSize || binary.NativeEndian.Uint32(b) != diagRequestSize {
			t.Errorf("%v: %d bytes", of, len(b))
		}
	}
}

func FuzzReadDiag(f *testing.F) {
	f.Add(netlink(unix.SOCK_DIAG_BY_FAMILY, 7, make([]byte, answerSize-headerSize)))
	f.Add(netlink(unix.NLMSG_ERROR, 7, failure(unix.ENOENT)))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _, _ = readDiag(b, 7) })
}
