package proc

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/ringbuf"
)

// loadedTrace loads the program into this kernel. Tests of its reports are skipped if
// the kernel lacks what it needs, or without permission. Otherwise an error is a fault
// of the program.
func loadedTrace(t *testing.T) *trace {
	needRoot(t)
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		t.Skip(err)
	}
	trace, err := openTrace()
	if errors.Is(err, syscall.EPERM) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { trace.close() })
	return trace
}

// connectTo is set in the copy of the test that connects to its value and ends.
const connectTo = "TLSFLOOR_PROC_CONNECT_TO"

func TestConnectAndEnd(t *testing.T) {
	to := os.Getenv(connectTo)
	if to == "" {
		t.Skip("this is TestTraceReportsWhoConnects's other process")
	}
	conn, err := net.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestTraceReportsWhoConnects: the kernel's program copies the right data, of a process
// that has ended when its report is read.
func TestTraceReportsWhoConnects(t *testing.T) {
	trace := loadedTrace(t)
	time.AfterFunc(20*time.Second, func() { trace.close() }) // or next would wait for ever
	for name, at := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		for _, more := range []int{0, 600} {
			l := listen(t, "tcp", at)
			child := exec.Command(os.Args[0], "-test.run=^TestConnectAndEnd$", "x"+strings.Repeat("x", more))
			child.Env = append(os.Environ(), connectTo+"="+l.Addr().String())
			if out, err := child.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got, err := nextTo(trace, endOf(l.Addr()))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			command := filepath.Base(os.Args[0])
			if got.line[0].pid != child.Process.Pid || got.uid != 0 || got.ends.client.Addr() != got.ends.server.Addr() ||
				got.ends.client.Port() == 0 || got.command != command[:min(len(command), 15)] || got.line[0].start == 0 {
				t.Errorf("%s: %+v; the process was %d", name, got, child.Process.Pid)
			}
			if parents := lineOf(os.Getpid()); !slices.Equal(got.line[1:], parents[:min(len(parents), maxParents)]) {
				t.Errorf("%s: the parents are %+v, want %+v", name, got.line[1:], parents)
			}
			if text, err := os.ReadFile("/proc/self/loginuid"); err == nil && got.login != readLogin(text) {
				t.Errorf("%s: %d logged in, want %s", name, got.login, text)
			}
			arguments := strings.Join(child.Args, "\x00") + "\x00"
			if len(arguments) > copied {
				arguments = strings.Join(child.Args[:2], "\x00")
			}
			if string(got.arguments) != arguments {
				t.Errorf("%s: the arguments are %q, want %q", name, got.arguments, arguments)
			}
		}
	}
}

// TestTraceReportsWhoLoggedIn: the loginuid is in no kernel without audit, and the
// program is loaded all the same.
func TestTraceReportsWhoLoggedIn(t *testing.T) {
	if _, err := os.Stat("/proc/self/loginuid"); err != nil {
		t.Skipf("the kernel has no audit: %v", err)
	}
	trace := loadedTrace(t)
	time.AfterFunc(20*time.Second, func() { trace.close() })
	l := listen(t, "tcp4", "127.0.0.1:0")
	child := exec.Command("sh", "-c", "echo 4711 > /proc/self/loginuid && exec "+os.Args[0]+" -test.run=^TestConnectAndEnd$")
	child.Env = append(os.Environ(), connectTo+"="+l.Addr().String())
	if out, err := child.CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	if got, err := nextTo(trace, endOf(l.Addr())); err != nil || got.login != 4711 {
		t.Errorf("%d logged in; %v", got.login, err)
	}
}

// TestTraceWithoutAudit: on a kernel whose tasks have no loginuid, nobody logged in.
func TestTraceWithoutAudit(t *testing.T) {
	loadedTrace(t)
	types, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	types = types.Copy()
	var task *btf.Struct
	if err := types.TypeByName("task_struct", &task); err != nil {
		t.Fatal(err)
	}
	task.Members = slices.DeleteFunc(task.Members, func(m btf.Member) bool { return m.Name == "loginuid" })
	trace := new(trace)
	if err := trace.load(types); err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { trace.close() })
	time.AfterFunc(20*time.Second, func() { trace.close() })
	l := listen(t, "tcp4", "127.0.0.1:0")
	dial(t, l.Addr(), false)
	if got, err := nextTo(trace, endOf(l.Addr())); err != nil || got.login != nobody || got.line[0].pid != os.Getpid() {
		t.Errorf("%+v, %v", got, err)
	}
}

// nextTo waits for the report of a connect to a server.
func nextTo(trace *trace, server netip.AddrPort) (connect, error) {
	for r := new(ringbuf.Record); ; {
		c, err := trace.next(r)
		if err != nil || c.ends.server == server {
			return c, err
		}
	}
}

// TestRecordIsReadAsItIsWritten: traceRecord is the compiler's layout of the record
// that the kernel's program writes.
func TestRecordIsReadAsItIsWritten(t *testing.T) {
	r := traceRecord{
		Uid: 33, Login: 1000, Family: familyIPv6, ClientPort: 40001, ServerPort: binary.NativeEndian.Uint16([]byte{1, 187}),
		Length: 9, Client: netip.MustParseAddr("2001:db8::1").As16(), Server: netip.MustParseAddr("2001:db8::2").As16(),
	}
	r.Lineage[0].Pid, r.Lineage[0].Session, r.Lineage[0].Start = 4711, 4700, 12*tick
	r.Lineage[1].Pid, r.Lineage[1].Session, r.Lineage[1].Start = 4700, 4700, 11*tick+1
	r.Lineage[4].Pid = 9 // behind a gap
	copy(r.Command[:], "curl")
	copy(r.Arguments[:], "curl\x00-s\x00x beyond")
	b, err := binary.Append(nil, binary.NativeEndian, &r)
	if err != nil {
		t.Fatal(err)
	}
	want := connect{
		ends:    connection{netip.MustParseAddrPort("[2001:db8::1]:40001"), netip.MustParseAddrPort("[2001:db8::2]:443")},
		line:    []member{{4711, 4700, 12}, {4700, 4700, 11}},
		uid:     33,
		login:   1000,
		command: "curl", arguments: []byte("curl\x00-s\x00x"),
	}
	if got, ok := readConnect(b); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if len(b) != connectHeader+copied+1 {
		t.Errorf("a record has %d bytes", len(b))
	}
	for _, family := range []uint16{familyIPv4, 1} {
		r.Family = family
		b, err := binary.Append(nil, binary.NativeEndian, &r)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := readConnect(b)
		if v4 := family == familyIPv4; ok != v4 || v4 && got.ends.server.String() != "32.1.13.184:443" {
			t.Errorf("family %d: %+v, %v", family, got, ok)
		}
	}
}
