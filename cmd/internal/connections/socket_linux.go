package connections

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
)

// Name is the name of the socket in the folder of the journal.
const Name = "connections"

// mode lets the user and the group of the folder tell about connections.
const mode = 0o660

// at is a path to a name in an open folder. The folder was opened without following links
// of other users, and a path of any length fits into an address.
func at(folder *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), name)
}

// Listen creates the socket in a folder, which must have only one Own at a time. As root
// it gives the socket to the owner of the folder.
func Listen(path string) (*Own, error) {
	folder, err := ownership.OpenFolder(path)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := bind(socket, folder); err != nil {
		return nil, fmt.Errorf("%s/%s: %w", path, Name, errors.Join(err, unix.Close(socket)))
	}
	return newOwn(socket), nil
}

// bind replaces the socket of an earlier run. The socket cannot send: an intruder in the
// sensor could otherwise send datagrams to every local socket that its user may write to.
func bind(socket int, folder *os.File) error {
	in := int(folder.Fd())
	if err := unix.Unlinkat(in, Name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	var info unix.Stat_t
	for _, step := range []func() error{
		func() error { return unix.Bind(socket, &unix.SockaddrUnix{Name: at(folder, Name)}) },
		func() error { return unix.Shutdown(socket, unix.SHUT_WR) },
		func() error { return unix.Fchmodat(in, Name, mode, 0) },
		func() error { return unix.Fstat(in, &info) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if unix.Geteuid() != 0 {
		return nil
	}
	return unix.Fchownat(in, Name, int(info.Uid), int(info.Gid), unix.AT_SYMLINK_NOFOLLOW)
}

// Teller tells the sensor about connections. The zero value tells nobody.
type Teller struct{ folder *os.File }

// NewTeller returns a Teller for the sensor that writes to a journal. The folder stays
// open, because the sensor may be restarted and bind another socket.
func NewTeller(journal string) (*Teller, error) {
	folder, err := ownership.OpenFolder(journal)
	return &Teller{folder}, err
}

// Tell tells about a connection that is open, before its hello is sent. It never waits. An
// error means that no sensor was told: there is none, or it does not read.
func (t *Teller) Tell(local, remote netip.AddrPort) error {
	if t == nil || t.folder == nil {
		return nil
	}
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	p := Pair{Client: unmapped(local), Server: unmapped(remote)}
	return unix.Sendto(socket, p.Append(nil), 0, &unix.SockaddrUnix{Name: at(t.folder, Name)})
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// Close closes the folder.
func (t *Teller) Close() error {
	if t == nil || t.folder == nil {
		return nil
	}
	return t.folder.Close()
}
