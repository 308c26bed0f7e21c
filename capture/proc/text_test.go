package proc

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestStart(t *testing.T) {
	const rest = " S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 815 999 1"
	for text, want := range map[string]uint64{
		"12 (curl)" + rest:             815,
		"12 (a) S 1 2 3 (b) c)" + rest: 815, // a name that pretends to end
		"12 (a b\n) x)" + rest:         815,
		"12 (curl) S 1 2":              0,
		"12 curl" + rest:               0,
		"":                             0,
		"12 (curl) S 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 x": 0,
	} {
		if got, ok := readStart([]byte(text)); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
}

const id = "4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f4b0e1a9c2f1234"

func TestCgroup(t *testing.T) {
	for text, want := range map[string]place{
		"0::/\n":                           {},
		"0::/system.slice/nginx.service\n": {cgroup: "/system.slice/nginx.service", unit: "nginx.service"},
		`0::/system.slice/my\x2djob@1.service/worker` + "\n": {cgroup: `/system.slice/my\x2djob@1.service/worker`, unit: "my-job@1.service"},
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service": {
			cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service", unit: "backup.service"},
		"0::/user.slice/user-0.slice/session-3.scope":             {cgroup: "/user.slice/user-0.slice/session-3.scope", unit: "session-3.scope"},
		"12:cpu:/docker/" + id + "\n1:name=systemd:/docker/" + id: {cgroup: "/docker/" + id, container: id},
		"0::/system.slice/docker-" + id + ".scope":                {cgroup: "/system.slice/docker-" + id + ".scope", unit: "docker-" + id + ".scope", container: id},
		"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab.slice/cri-containerd-" + id + ".scope": {
			cgroup: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podab.slice/cri-containerd-" + id + ".scope", unit: "cri-containerd-" + id + ".scope", container: id},
		"4:memory:/ecs/0123abcd/" + id: {cgroup: "/ecs/0123abcd/" + id, container: id},
		"0::/lxc.payload.web/init":     {cgroup: "/lxc.payload.web/init", container: "web"},
		"nonsense":                     {},
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

func TestArguments(t *testing.T) {
	if got := readArguments([]byte("curl\x00\x00https://x\x00\x00")); !slices.Equal(got, []string{"curl", "", "https://x"}) {
		t.Errorf("%q", got)
	}
	if got := readArguments([]byte(strings.Repeat("x\x00", 1000))); len(got) != MaxArguments {
		t.Errorf("%d arguments", len(got))
	}
	if readArguments(nil) != nil || readArguments([]byte{0, 0}) != nil {
		t.Error("a kernel thread has arguments")
	}
}

func TestSecretsAreMasked(t *testing.T) {
	const key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for in, want := range map[string]string{
		"curl -u me:pw https://x":                      "curl -u *** https://x",
		"curl https://me:pw@x/y?z=1":                   "curl https://me:***@x/y?z=1",
		"curl https://x/y?X-Amz-Signature=ab12&b=1":    "curl https://x/y?X-Amz-Signature=***&b=1",
		"mysql --password=pw -h db":                    "mysql --password=*** -h db",
		"app --db-password pw --verbose":               "app --db-password *** --verbose",
		"app --token -v":                               "app --token -v",
		"env AWS_SECRET_ACCESS_KEY=" + key + " job":    "env AWS_SECRET_ACCESS_KEY=*** job",
		"job " + key:                                   "job ***",
		"job --key=" + key:                             "job --key=***",
		"java -Dapp.secret=s -jar a.jar":               "java -Dapp.secret=*** -jar a.jar",
		"curl -H Authorization:Bearer":                 "curl -H Authorization: ***",
		"/opt/password-tool/run --port 80":             "/opt/password-tool/run --port 80",
		"/usr/bin/node /srv/app.js --region us-west-2": "/usr/bin/node /srv/app.js --region us-west-2",
		"python3 -m http.server":                       "python3 -m http.server",
	} {
		if got := strings.Join(maskSecrets(strings.Split(in, " ")), " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	long := maskSecrets([]string{strings.Repeat("x", 10000)})
	if len(long[0]) != MaxArgument {
		t.Errorf("%d bytes", len(long[0]))
	}
}

func record(family uint16, length uint16, size int) []byte {
	b := make([]byte, size)
	binary.NativeEndian.PutUint32(b, 7)
	binary.NativeEndian.PutUint16(b[8:], family)
	binary.NativeEndian.PutUint16(b[14:], length)
	return b
}

func TestConnect(t *testing.T) {
	b := record(familyIPv4, 9, 64+512)
	binary.NativeEndian.PutUint16(b[10:], 40000)
	binary.BigEndian.PutUint16(b[12:], 443)
	copy(b[16:], []byte{10, 0, 0, 5})
	copy(b[32:], []byte{192, 0, 2, 1})
	copy(b[48:], "curl")
	copy(b[64:], "curl\x00-sk\x00")
	c, ok := readConnect(b)
	want := connection{netip.MustParseAddrPort("10.0.0.5:40000"), netip.MustParseAddrPort("192.0.2.1:443")}
	if !ok || c.pid != 7 || c.ends != want || c.command != "curl" || string(c.arguments) != "curl\x00-sk\x00" {
		t.Errorf("%+v, %v", c, ok)
	}
	for name, bad := range map[string][]byte{
		"short": b[:63], "family": record(1, 0, 600), "length": record(familyIPv6, 600, 600),
	} {
		if _, ok := readConnect(bad); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("12 (curl) S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 815 999"))
	f.Add([]byte("0::/system.slice/my\\x2djob.service\n1:name=systemd:/docker/" + id))
	f.Add([]byte("7f00-7f01 r--p 00000000 fe:01 123  /usr/lib/libssl.so.3 (deleted)"))
	f.Add([]byte("root:x:0:0:root:/root:/bin/sh\n"))
	f.Add([]byte("curl\x00-u\x00me:pw\x00https://me:pw@x/?token=1\x00"))
	f.Add(record(familyIPv6, 500, 576))
	f.Fuzz(func(t *testing.T, b []byte) {
		readStart(b)
		if p := readCgroup(b); len(p.cgroup) > maxPath || len(p.unit) > MaxArgument || len(p.container) > containerID {
			t.Errorf("%+v", p)
		}
		if l := readMaps(b); len(l) > maxLibraries {
			t.Errorf("%d libraries", len(l))
		}
		readUsers(b)
		readConnect(b)
		arguments := maskSecrets(readArguments(b))
		if len(arguments) > MaxArguments {
			t.Errorf("%d arguments", len(arguments))
		}
		for _, a := range arguments {
			if len(a) > MaxArgument {
				t.Errorf("%d bytes", len(a))
			}
		}
	})
}
