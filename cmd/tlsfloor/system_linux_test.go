//go:build attacker

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/attacker"
)

// TestSystem runs a program with an intruder in each process, started by root. "make
// system" runs it.
func TestSystem(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make network namespaces, and has rights to give up")
	}
	s := newScene(t)
	t.Run("attempts", s.testAttempts)
	t.Run("a filter that root attaches", s.testFilterOfRoot)
	t.Run("packets that stop", s.testPacketsThatStop)
	t.Run("sensor killed", s.testSensorKilled)
	t.Run("attempts without a sandbox", s.testFree)
}

// staged is the program with an intruder, and what it attacks.
type staged struct {
	binary string
	folder string
	net    *network
	scene  attacker.Scene
}

const itsToken = "a-token-that-nobody-else-is-to-see"

func newScene(t *testing.T) *staged {
	t.Helper()
	s := &staged{folder: stage(t), net: newNetwork(t)}
	s.binary = filepath.Join(s.folder, "tlsfloor")
	link := "-X tlsfloor/cmd/internal/attacker.Folder=" + s.folder
	if out, err := exec.Command("go", "build", "-tags", "attacker", "-ldflags", link, "-o", s.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	s.scene = attacker.Scene{
		TCP: s.listen(t, "tcp"), OtherTCP: s.listen(t, "tcp"), UDP: s.listenDatagrams(t), Secret: itsToken, Victim: s.victim(t),
	}
	s.listenLocal(t, s.path(attacker.Socket))
	s.listenLocal(t, filepath.Join(s.path(attacker.Others), "socket"))
	s.listenLocal(t, attacker.Abstract)
	s.listenLocalDatagrams(t, s.path(attacker.Datagrams))
	text, err := json.Marshal(s.scene)
	must(t, err)
	must(t, os.WriteFile(s.path(attacker.SceneFile), text, 0o644))
	return s
}

func (s *staged) path(name string) string { return filepath.Join(s.folder, name) }

// stage creates the folders and files. The top folder belongs to root.
func stage(t *testing.T) string {
	t.Helper()
	folder := room(t)
	must(t, os.Chown(folder, 0, 0))
	for _, name := range []string{attacker.Out, attacker.Others} {
		must(t, os.Mkdir(filepath.Join(folder, name), 0o755))
	}
	must(t, os.Chown(filepath.Join(folder, attacker.Out), nobody, nobody))
	must(t, os.Chmod(filepath.Join(folder, attacker.Others), 0o777))
	for _, name := range []string{attacker.Others + "/a", attacker.Others + "/b", attacker.Others + "/c", attacker.Others + "/e", attacker.Events + ".old"} {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, []byte("text\n"), 0o666))
		must(t, os.Chmod(path, 0o666))
		must(t, os.Chown(path, nobody, nobody))
	}
	must(t, os.WriteFile(filepath.Join(folder, attacker.Private), []byte("root's\n"), 0o600))
	return folder
}

func (s *staged) listen(t *testing.T, kind string) string {
	t.Helper()
	var l net.Listener
	var err error
	s.net.do(func() { l, err = net.Listen(kind, "127.0.0.1:0") })
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go keepAll(l)
	return l.Addr().String()
}

func (s *staged) listenLocal(t *testing.T, path string) {
	t.Helper()
	var l net.Listener
	var err error
	s.net.do(func() { l, err = net.Listen("unix", path) })
	must(t, err)
	t.Cleanup(func() { l.Close() })
	if !strings.HasPrefix(path, "@") {
		must(t, os.Chmod(path, 0o777))
	}
	go keepAll(l)
}

// keepAll accepts connections and keeps them.
func keepAll(l net.Listener) {
	for {
		if _, err := l.Accept(); err != nil {
			return
		}
	}
}

func (s *staged) listenLocalDatagrams(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenPacket("unixgram", path)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	must(t, os.Chmod(path, 0o777))
}

func (s *staged) listenDatagrams(t *testing.T) string {
	t.Helper()
	var l net.PacketConn
	var err error
	s.net.do(func() { l, err = net.ListenPacket("udp", "127.0.0.1:0") })
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l.LocalAddr().String()
}

// victim is a process of the user that the sensor changes to.
func (s *staged) victim(t *testing.T) int {
	t.Helper()
	cmd := plain("/bin/sleep", "1000")
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid
}

// start runs the program until all its processes have tried everything.
func (s *staged) start(t *testing.T, args ...string) *program {
	// The intruder before has written to its output, which is refused as no file of events.
	if err := os.Truncate(s.path(attacker.Events), 0); !errors.Is(err, fs.ErrNotExist) {
		must(t, err)
	}
	t.Helper()
	counts := s.path(attacker.Out + "/counts")
	_ = os.Remove(counts)
	cmd := exec.Command(s.binary, append([]string{"--user", "nobody", "--metrics-file", counts}, args...)...)
	cmd.Env = append(os.Environ(), "TOKEN="+itsToken)
	p := s.net.start(t, cmd)
	p.await("it captures", func() bool { _, err := os.Stat(counts); return err == nil })
	return p
}

// column is one process of one run.
type column struct {
	title   string
	process string
	args    []string // of the run; nil: those of the column before
}

func (s *staged) columns() []column {
	return []column{
		{"sensor, `-i any`", "sensor", []string{"-i", "any", "-o", "file:" + s.path(attacker.Events)}},
		{"sensor, `-i eth0`", "sensor", []string{"-i", "lo", "--process", "-o", "file:" + s.path(attacker.Events)}},
		{"finder", finderCommand, nil},
		{"opener", openerCommand, nil},
		{"sensor, to servers", "sensor", s.everyOutput()},
		{"shipper", "shipper", nil},
	}
}

// everyOutput are the arguments of a run with outputs of every kind.
func (s *staged) everyOutput() []string {
	args := []string{"-i", "any", "--spool", s.path(attacker.Out + "/spool")}
	for _, spec := range []string{
		"stdout", "file:" + s.path(attacker.Events), "journal:" + s.path(attacker.Out+"/journal"), "unix:" + s.path(attacker.Socket),
		"syslog+udp://" + s.scene.UDP, "syslog+tcp://" + s.scene.TCP, "syslog+tls://" + s.scene.TCP,
		"splunk+http://" + s.scene.TCP + "?token-env=TOKEN", "splunk+https://" + s.scene.TCP + "?token-env=TOKEN",
		"elasticsearch+http://" + s.scene.TCP + "/i?api-key-env=TOKEN", "elasticsearch+https://" + s.scene.TCP + "/i?user=u&password-env=TOKEN",
	} {
		args = append(args, "-o", spec)
	}
	return args
}

// testAttempts compares what the processes could do with docs/security.md, and with what
// every kernel has to refuse.
func (s *staged) testAttempts(t *testing.T) {
	columns := s.columns()
	results := make([][]attacker.Result, len(columns))
	said := ""
	for i, c := range columns {
		if c.args != nil {
			p := s.start(t, c.args...)
			if status := p.stop(); status != exitOK {
				t.Errorf("%s: status %d", c.title, status)
			}
			said = p.said()
		}
		results[i] = answersOf(said, c.process)
	}
	for i, c := range columns {
		if len(results[i]) < 150 || len(results[i]) != len(results[0]) {
			t.Fatalf("%s: %d attempts, want %d: %s", c.title, len(results[i]), len(results[0]), said)
		}
	}
	s.checkObserved(t, columns, results)
	comparePage(t, table(columns, results))
}

func answersOf(said, process string) (all []attacker.Result) {
	for _, a := range attacker.Read(said) {
		if a.Process == process {
			all = append(all, a)
		}
	}
	return all
}

// testFree finds attempts that fail without a sandbox, which prove nothing. It comes last,
// because this process changes what it attacks.
func (s *staged) testFree(t *testing.T) {
	cmd := exec.Command(s.binary, attackFree)
	cmd.Env = append(os.Environ(), "TOKEN="+itsToken)
	var out []byte
	var err error
	s.net.do(func() { out, err = cmd.CombinedOutput() })
	must(t, err)
	free := answersOf(string(out), attackFree)
	if len(free) < 150 {
		t.Errorf("%d attempts", len(free))
	}
	for _, a := range free {
		what := a.Kind + ": " + a.What
		if a.Value != attacker.Done && !slices.Contains(impossible, what) && !slices.Contains(impossible, a.Kind) {
			t.Errorf("%s cannot be done by root without a sandbox", what)
		}
	}
}

// impossible are attempts that root cannot make, either: it has no capture, the file is
// gone by then, or it depends on the kernel's configuration.
var impossible = []string{
	"the kernel: init_module", "the kernel: finit_module", "the kernel: delete_module", "the kernel: kexec_load", "the kernel: iopl",
	"the kernel: ioperm", "the kernel: a call that is newer than the list", "sockets: ping",
	"other processes: its limits", // root of some containers
	"connections: a datagram over a local socket that is open",
	"sockets that capture", "names of files: removing others' files", "names of files: moving others' files",
	"names of files: moving files in", "names of files: moving files out",
}

// observed are attacks that worked once, by process.
var observed = []struct{ process, kind, what string }{
	{finderCommand, "sockets that capture", "having one"},
	{finderCommand, "sockets that capture", "attaching a filter that lets nothing through"},
	{"sensor", "sockets that capture", "attaching a filter that lets nothing through"},
	{finderCommand, "other processes", "having the kernel signal one (F_SETOWN)"},
	{finderCommand, "other processes", "having it kill (F_SETSIG)"},
	{finderCommand, "ioctl", "freezing a file system (FIFREEZE)"},
	{finderCommand, "ioctl", "making a disk read-only (BLKROSET)"},
	{finderCommand, "attributes of files", "the mode of its output, to everybody's"},
	{finderCommand, "attributes of files", "the mode of what it has open"},
	{finderCommand, "other processes", "its priority"},
	{finderCommand, "other processes", "its processors"},
	{finderCommand, "attributes of files", "a lock (flock) on what it has open"},
	{finderCommand, "secrets", "the sensor's token in its own environment"},
	{finderCommand, "secrets", "the parent's environment"},
	{finderCommand, "secrets", "the parent's memory"},
	{"sensor", "names of files", "a hard link to an output"},
	{"sensor", "sockets", "UDP"},
	{"sensor", "sockets", "TCP"},
	{"sensor", "sockets", "local"},
	{"sensor", "connections", "TCP to the port of an output"},
	{"sensor", "connections", "the local socket of an output"},
	{"sensor", "connections", "a datagram over a local socket that is open"},
}

// checkObserved checks that attacks that once worked are refused, whatever the page says.
func (s *staged) checkObserved(t *testing.T, columns []column, results [][]attacker.Result) {
	t.Helper()
	for _, o := range observed {
		found := false
		for i, c := range columns {
			if c.process != o.process && !(c.process == openerCommand && o.process == finderCommand && o.kind != "secrets") {
				continue
			}
			for _, a := range results[i] {
				if a.Kind != o.kind || a.What != o.what {
					continue
				}
				found = true
				if a.Value != attacker.Refused {
					t.Errorf("%s: %s: %s: %s", c.title, o.kind, o.what, a.Value)
				}
			}
		}
		if !found {
			t.Errorf("nobody tried %s: %s", o.kind, o.what)
		}
	}
}

// table returns the table of docs/security.md: a row has the attempts of a kind that the
// same processes can make.
func table(columns []column, results [][]attacker.Result) string {
	var b strings.Builder
	b.WriteString("| kind | what was tried |")
	for _, c := range columns {
		b.WriteString(" " + c.title + " |")
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(columns)) + "\n")
	for _, r := range rows(results) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.kind, strings.Join(r.what, "; "), strings.Join(r.results, " | "))
	}
	return b.String()
}

type row struct {
	kind          string
	what, results []string
}

func rows(results [][]attacker.Result) (all []*row) {
	for n, a := range results[0] {
		vector := make([]string, len(results))
		for i := range results {
			vector[i] = results[i][n].Value
		}
		at := slices.IndexFunc(all, func(r *row) bool { return r.kind == a.Kind && slices.Equal(r.results, vector) })
		if at < 0 {
			all, at = append(all, &row{kind: a.Kind, results: vector}), len(all)
		}
		all[at].what = append(all[at].what, a.What)
	}
	return all
}

// The table is between these lines.
const (
	pagePath  = "../../docs/security.md"
	pageBegin = "<!-- attempts: made by make system -->\n"
	pageEnd   = "<!-- end of attempts -->\n"
)

// pageABI is the version of Landlock with which the page was made. More is possible with an
// older one, and less with a newer one.
const pageABI = 7

// comparePage fails the test if the page has another table; with -update it writes the table.
func comparePage(t *testing.T, want string) {
	t.Helper()
	page := string(read(t, pagePath))
	before, rest, ok := strings.Cut(page, pageBegin)
	has, after, ok2 := strings.Cut(rest, pageEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", pagePath)
	}
	if *update {
		must(t, os.WriteFile(pagePath, []byte(before+pageBegin+want+pageEnd+after), 0o644))
		return
	}
	if abi, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); abi != pageABI {
		t.Skipf("this kernel has Landlock ABI %d, and the page is made with %d; it gives\n%s", abi, pageABI, want)
	}
	if has != want {
		t.Errorf("%s says\n%s\nand it is\n%s\nmake system TESTFLAGS=-update writes it", pagePath, has, want)
	}
}
