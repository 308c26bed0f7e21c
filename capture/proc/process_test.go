package proc

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	const rest = " S 11 12 13 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 815 999 1"
	good := status{parent: 11, session: 13, start: 815}
	for text, want := range map[string]status{
		"12 (curl)" + rest:             good,
		"12 (a) S 1 2 3 (b) c)" + rest: good, // a name that pretends to end
		"12 (a b\n) x)" + rest:         good,
		"12 (curl) S 0 12 -1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 815": {start: 815},
		"12 (curl) S 1 2": {},
		"12 curl" + rest:  {},
		"":                {},
		"12 (curl) S x 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 x": {},
	} {
		if got, ok := readStatus([]byte(text)); ok != (want != status{}) || ok && got != want {
			t.Errorf("%q: %+v, %v", text, got, ok)
		}
	}
	for text, want := range map[string]uint32{"1000": 1000, "0\n": 0, "4294967295": nobody, "": nobody, "-1": nobody, "x": nobody} {
		if got := readLogin([]byte(text)); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

const id = "4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f1234"

func TestCgroup(t *testing.T) {
	for text, want := range map[string]cgroup{
		"0::/\n":                           {},
		"0::/system.slice/nginx.service\n": {path: "/system.slice/nginx.service", unit: "nginx.service"},
		`0::/system.slice/my\x2djob@1.service/worker` + "\n": {path: `/system.slice/my\x2djob@1.service/worker`, unit: "my-job@1.service"},
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service": {
			path: "/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service", unit: "backup.service"},
		"0::/user.slice/user-0.slice/session-3.scope":             {path: "/user.slice/user-0.slice/session-3.scope", unit: "session-3.scope"},
		"12:cpu:/docker/" + id + "\n1:name=systemd:/docker/" + id: {path: "/docker/" + id, container: id},
		"0::/system.slice/docker-" + id + ".scope":                {path: "/system.slice/docker-" + id + ".scope", unit: "docker-" + id + ".scope", container: id},
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab.slice/cri-containerd-" + id + ".scope": {
			path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab.slice/cri-containerd-" + id + ".scope", unit: "cri-containerd-" + id + ".scope", container: id},
		"4:memory:/ecs/0123abcd/" + id: {path: "/ecs/0123abcd/" + id, container: id},
		"4:memory:/ecs/0123abcd/0123456789abcdef0123456789abcdef-3935363592": {
			path: "/ecs/0123abcd/0123456789abcdef0123456789abcdef-3935363592", container: "0123456789abcdef0123456789abcdef-3935363592"},
		"4:memory:/lxc/web":                             {path: "/lxc/web", container: "web"},
		"0::/lxc.payload/web/system.slice/cron.service": {path: "/lxc.payload/web/system.slice/cron.service", unit: "cron.service", container: "web"},
		"0::/machine.slice/libpod-" + id + ".scope/container": {
			path: "/machine.slice/libpod-" + id + ".scope/container", unit: "libpod-" + id + ".scope", container: id},
		"0::/kubepods/burstable/pod0123/crio-" + id: {path: "/kubepods/burstable/pod0123/crio-" + id, container: id},
		"0::/lxc.payload.web/init":                  {path: "/lxc.payload.web/init", container: "web"},
		"nonsense":                                  {},
	} {
		if got := readCgroup([]byte(text)); got != want {
			t.Errorf("%q:\n got %+v\nwant %+v", text, got, want)
		}
	}
}

func TestMaps(t *testing.T) {
	text := strings.Join([]string{
		"7f00-7f01 r--p 00000000 fe:01 123  /usr/lib/x86_64-linux-gnu/libssl.so.1.1",
		"7f01-7f02 r-xp 00000000 fe:01 123  /usr/lib/x86_64-linux-gnu/libssl.so.1.1",
		"7f02-7f03 r--p 00000000 fe:01 124  /opt/my app/libgnutls.so.30 (deleted)",
		"7f03-7f04 r--p 00000000 fe:01 125  /usr/lib/libc.so.6",
		"7f04-7f05 rw-p 00000000 00:00 0  [heap]",
		"7f05-7f06 rw-p 00000000 00:00 0",
	}, "\n")
	want := []string{"/usr/lib/x86_64-linux-gnu/libssl.so.1.1", "/opt/my app/libgnutls.so.30"}
	if got := readMaps([]byte(text)); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestUsers(t *testing.T) {
	got := readUsers([]byte("root:x:0:0:root:/root:/bin/sh\n# a comment\nbad\nagain:x:0:0::/:\nsvc:x:1001:1:::\nminus:x:-1:::\n"))
	if want := map[uint32]string{0: "root", 1001: "svc"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func record(family uint16, length uint16, size int) []byte {
	b := make([]byte, size)
	binary.NativeEndian.PutUint32(b, 7)
	binary.NativeEndian.PutUint16(b[88:], family)
	binary.NativeEndian.PutUint16(b[94:], length)
	return b
}

func TestConnect(t *testing.T) {
	b := record(familyIPv4, 9, recordLength)
	binary.NativeEndian.PutUint32(b[4:], 3)
	binary.NativeEndian.PutUint64(b[8:], 815*tick+tick/2)
	binary.NativeEndian.PutUint32(b[16:], 5)
	binary.NativeEndian.PutUint32(b[80:], 33)
	binary.NativeEndian.PutUint32(b[84:], 1000)
	binary.NativeEndian.PutUint16(b[90:], 40000)
	binary.BigEndian.PutUint16(b[92:], 443)
	copy(b[96:], []byte{10, 0, 0, 5})
	copy(b[112:], []byte{192, 0, 2, 1})
	copy(b[128:], "curl")
	copy(b[144:], "curl\x00-sk\x00")
	c, ok := readConnect(b)
	want := connection{netip.MustParseAddrPort("10.0.0.5:40000"), netip.MustParseAddrPort("192.0.2.1:443")}
	if !ok || !slices.Equal(c.line, []member{{7, 3, 815}, {5, 0, 0}}) || c.uid != 33 || c.login != 1000 || c.ends != want || c.command != "curl" || string(c.arguments) != "curl\x00-sk\x00" {
		t.Errorf("%+v, %v", c, ok)
	}
	for name, bad := range map[string][]byte{
		"short": b[:143], "family": record(1, 0, 700), "length": record(familyIPv6, 600, 700), "no process": make([]byte, recordLength),
	} {
		if _, ok := readConnect(bad); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestArgumentsThatWereCut: an access key that is cut off would not be recognised.
func TestArgumentsThatWereCut(t *testing.T) {
	long := append(bytes.Repeat([]byte{'x'}, copied-9), "\x00--key=ab"...)
	for _, test := range []struct {
		in   []byte
		want int
	}{{long, copied - 9}, {long[1:], copied - 1}, {bytes.Repeat([]byte{'x'}, copied), copied}, {nil, 0}} {
		if got := wholeArguments(test.in); len(got) != test.want {
			t.Errorf("%d bytes of %d, not %d", len(got), len(test.in), test.want)
		}
	}
}

func TestNumbersOfProcesses(t *testing.T) {
	for text, want := range map[string]int{
		"0.54 1.02 2.04 1/123 4711\n": 4711, "0.54 1.02 2.04 1/123": 0, "0 0 0 0 -1": 0, "0 0 0 0 99999999999": 0, "": 0,
	} {
		if got := readLast([]byte(text)); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
	for text, want := range map[string]int{
		"Name:\tcurl\nUmask:\t0022\nTgid:\t12\nPid:\t13\n": 12, "Name:\tTgid:\\n9\nTgid:\t12\n": 12, "Name:\tcurl\n": 0, "": 0,
	} {
		if got := readLeader([]byte(text)); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func FuzzReadStat(f *testing.F) {
	f.Add([]byte("12 (curl) S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 815 999"))
	f.Add([]byte("Name:\tcurl\nTgid:\t12\n"))
	f.Add([]byte("0.54 1.02 2.04 1/123 4711\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := readStatus(b)
		if ok && !strings.Contains(string(b), ")") || s.parent < 0 || s.session < 0 {
			t.Errorf("%+v", s)
		}
		if readLast(b) < 0 || readLeader(b) < 0 {
			t.Error("a number below 0")
		}
	})
}

func FuzzReadCgroup(f *testing.F) {
	f.Add([]byte("0::/system.slice/my\\x2djob.service\n1:name=systemd:/docker/" + id))
	f.Add([]byte("4:memory:/ecs/0123/0123456789abcdef0123456789abcdef-42"))
	f.Add([]byte("0::/lxc/web/init.scope"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p := readCgroup(b); len(p.path) > maxPath || len(p.unit) > maxName || len(p.container) > containerID {
			t.Errorf("%+v", p)
		}
	})
}

func FuzzReadMaps(f *testing.F) {
	f.Add([]byte("7f00-7f01 r--p 00000000 fe:01 123  /usr/lib/libssl.so.3 (deleted)"))
	f.Fuzz(func(t *testing.T, b []byte) {
		libraries := readMaps(b)
		if len(libraries) > maxLibraries {
			t.Errorf("%d libraries", len(libraries))
		}
		for _, l := range libraries {
			if len(l) > maxPath {
				t.Errorf("%d bytes", len(l))
			}
		}
	})
}

func FuzzReadUsers(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/sh\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, name := range readUsers(b) {
			if name == "" || len(name) > maxName {
				t.Errorf("%q", name)
			}
		}
	})
}

func FuzzReadConnect(f *testing.F) {
	f.Add(record(familyIPv4, 9, recordLength))
	f.Add(record(familyIPv6, 500, recordLength))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := readConnect(b); ok && (len(c.arguments) > len(b) || !c.ends.client.IsValid() || len(c.line) == 0 || len(c.line) > 1+maxParents) {
			t.Errorf("%+v", c)
		}
	})
}

// recordLength is the length of the kernel's records, in bytes.
const recordLength = 144 + 512
