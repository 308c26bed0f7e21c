//go:build linux

package connections

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func ends(i int) Pair {
	return Pair{
		Client: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(i)),
		Server: netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), 443),
	}
}

func now() int64 { return time.Now().UnixNano() }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// opened returns both ends in a folder whose path does not fit into an address.
func opened(t *testing.T) (*Own, *Teller) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	must(t, os.MkdirAll(folder, 0o700))
	teller, err := NewTeller(folder)
	must(t, err)
	t.Cleanup(func() { teller.Close() })
	if err := teller.Tell(ends(1).Client, ends(1).Server); !errors.Is(err, unix.ENOENT) {
		t.Errorf("nobody listens: %v", err)
	}
	own, err := Listen(folder)
	must(t, err)
	t.Cleanup(func() { own.Close() })
	return own, teller
}

func TestOneConnectionIsTakenOnce(t *testing.T) {
	own, teller := opened(t)
	if own.Take(ends(1), now()) {
		t.Error("nobody has told")
	}
	mapped := netip.AddrPortFrom(netip.AddrFrom16(ends(1).Client.Addr().As16()), 1)
	must(t, teller.Tell(mapped, ends(1).Server))
	for i, want := range []bool{false, true, false} {
		if got := own.Take([]Pair{ends(2), ends(1), ends(1)}[i], now()); got != want {
			t.Errorf("%d: %t", i, got)
		}
	}
	if (*Own)(nil).Take(ends(1), now()) || (*Own)(nil).Close() != nil || (*Teller)(nil).Tell(mapped, mapped) != nil {
		t.Error("nobody there")
	}
}

// A sensor that is started again binds another socket at the same place.
func TestSensorIsStartedAgain(t *testing.T) {
	own, teller := opened(t)
	must(t, own.Close())
	if err := teller.Tell(ends(1).Client, ends(1).Server); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	again, err := Listen(teller.folder.Name())
	must(t, err)
	defer again.Close()
	must(t, teller.Tell(ends(1).Client, ends(1).Server))
	if !again.Take(ends(1), now()) {
		t.Error("not told")
	}
}

// Whoever tells without end fills no memory, and does not wait.
func TestTellingIsBounded(t *testing.T) {
	own, teller := opened(t)
	full := 0
	for i := range 3 * maxOwn {
		if teller.Tell(ends(i).Client, ends(i).Server) != nil {
			full++
			own.Take(Pair{}, now())
			must(t, teller.Tell(ends(i).Client, ends(i).Server))
		}
	}
	if full == 0 || len(own.pairs) > maxOwn {
		t.Errorf("%d are remembered, the socket was full %d times", len(own.pairs), full)
	}
	if own.Take(ends(maxOwn), now()) || !own.Take(ends(3*maxOwn-1), now()) {
		t.Error("the oldest make room")
	}
}

// What is no pair is dropped, and the socket cannot send.
func TestWhatIsNoPair(t *testing.T) {
	own, teller := opened(t)
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	must(t, err)
	defer unix.Close(socket)
	to := &unix.SockaddrUnix{Name: at(teller.folder, Name)}
	text := ends(1).Append(nil)
	for _, b := range [][]byte{nil, text[:Size-1], append(text, 0)} {
		must(t, unix.Sendto(socket, b, 0, to))
	}
	if own.Take(ends(1), now()) {
		t.Error("not a pair")
	}
	if err := unix.Sendto(own.socket, text, 0, to); !errors.Is(err, unix.EPIPE) {
		t.Errorf("the sensor's socket sends: %v", err)
	}
}

// As root, the socket is the folder's owner's, and of no use to other users.
func TestOwnerOfTheSocket(t *testing.T) {
	if os.Geteuid() != 0 || testing.Short() {
		t.Skip("needs root")
	}
	folder := t.TempDir()
	must(t, os.Chown(folder, 65534, 65533))
	own, err := Listen(folder)
	must(t, err)
	defer own.Close()
	var info unix.Stat_t
	must(t, unix.Stat(filepath.Join(folder, Name), &info))
	if info.Uid != 65534 || info.Gid != 65533 || info.Mode&0o777 != mode {
		t.Errorf("owner %d:%d, mode %o", info.Uid, info.Gid, info.Mode)
	}
}

func TestTakeAllocatesNothing(t *testing.T) {
	own, _ := opened(t)
	if n := testing.AllocsPerRun(100, func() { own.Take(ends(1), now()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A hello from before the last reading needs no other, unless there were many since.
func TestOneReadingServesABatch(t *testing.T) {
	own, teller := opened(t)
	before := now()
	own.Take(Pair{}, now())
	must(t, teller.Tell(ends(1).Client, ends(1).Server))
	if own.Take(ends(1), before) {
		t.Error("the socket was read for a hello before the last reading")
	}
	for range drainEvery {
		own.Take(Pair{}, before)
	}
	if !own.Take(ends(1), before) {
		t.Error("the socket is not read although the clock was set back")
	}
}

func BenchmarkTake(b *testing.B) {
	for name, hello := range map[string]func() int64{"alone": now, "batch": func() int64 { return 0 }} {
		b.Run(name, func(b *testing.B) {
			own, err := Listen(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer own.Close()
			for range b.N {
				own.Take(ends(1), hello())
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(ends(1).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != Size {
			return
		}
		p := Read(b)
		if again := Read(p.Append(nil)); again != p {
			t.Errorf("%v, %v", p, again)
		}
	})
}
