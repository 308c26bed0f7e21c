package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/live"
)

// A sandbox cannot be left. So each test runs the test's program again, which confines
// itself, makes the attempts of its plan, and reports the results.

const planVariable = "CONFINE_TEST_PLAN"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(planVariable); ok {
		os.Exit(child(text))
	}
	if len(os.Args) > 1 && os.Args[1] == againCommand {
		os.Exit(again())
	}
	if len(os.Args) > 1 && os.Args[1] == probeCommand {
		os.Exit(probe())
	}
	code := m.Run()
	if copied.folder != "" {
		os.RemoveAll(copied.folder)
	}
	os.Exit(code)
}

// plan is what a child does.
type plan struct {
	Options  Options
	Churn    bool     // threads come, go and wait while Apply runs
	Capture  []string // interfaces that are captured from before
	Resolver string   // address of the resolver; empty: none
	Before   []string // attempts before Apply
	After    []string // attempts after it

	// Pretend that the kernel supports less.
	Landlock  *int
	NoSeccomp bool
	NoProc    bool
}

// report is the result of a plan.
type report struct {
	Steps         []Step
	Err           string
	Threads       []thread
	Escaped       int // of the threads that waited, how many could open a file afterwards
	Before, After map[string]outcome
}

// outcome is the result of an attempt; empty: it worked.
type outcome struct {
	Errno syscall.Errno
	Text  string
}

// thread is the status of a thread in /proc.
type thread map[string]string

// unknown is an error without a number of the kernel.
const unknown = ^syscall.Errno(0)

func child(text string) int {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	r := report{Before: map[string]outcome{}, After: map[string]outcome{}}
	resolve(p.Resolver)
	for _, name := range p.Capture {
		src, err := live.Open(live.Options{Interfaces: []string{name}, Filter: "udp", Timeout: 20 * time.Millisecond})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		captures = append(captures, src)
	}
	settle := func() int { return 0 }
	if p.Churn {
		settle = churn()
	}
	try(p.Before, r.Before)
	steps, err := apply(p.Options, p.kernel())
	if r.Steps = steps; err != nil {
		r.Err = err.Error()
	}
	if p.Churn {
		time.Sleep(20 * time.Millisecond) // for threads that begin afterwards
	}
	r.Threads = threads()
	try(p.After, r.After)
	r.Escaped = settle()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (p *plan) kernel() kernel {
	k := running()
	if p.Landlock != nil {
		k.landlock = min(k.landlock, *p.Landlock)
	}
	if p.NoSeccomp {
		k.seccomp = 0
	}
	if p.NoProc {
		k.proc = false
	}
	return k
}

func try(attempts []string, outcomes map[string]outcome) {
	for _, text := range attempts {
		name, argument, _ := strings.Cut(text, " ")
		err := attempt[name](argument)
		if err == nil {
			outcomes[text] = outcome{}
			continue
		}
		o := outcome{Errno: unknown, Text: err.Error()}
		errors.As(err, &o.Errno)
		outcomes[text] = o
	}
}

// waiting is how many threads wait during churn.
const waiting = 12

// churn keeps threads waiting in the kernel, and others starting and ending, until the
// returned function is called. The waiting ones try to open a file at the end, because no
// status shows whether Landlock restricts a thread.
func churn() func() int {
	stop := make(chan struct{})
	var escaped atomic.Int32
	var group, ready sync.WaitGroup
	group.Add(waiting + 1)
	ready.Add(waiting)
	for range waiting {
		go func() {
			defer group.Done()
			runtime.LockOSThread()
			ready.Done()
			for !closed(stop) {
				unix.Nanosleep(&unix.Timespec{Nsec: int64(5 * time.Millisecond)}, nil)
			}
			if fd, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0); err == nil {
				unix.Close(fd)
				escaped.Add(1)
			}
		}()
	}
	go func() {
		defer group.Done()
		for !closed(stop) {
			go runtime.LockOSThread() // its thread ends with it
			time.Sleep(100 * time.Microsecond)
		}
	}()
	ready.Wait()
	return func() int {
		close(stop)
		group.Wait()
		return int(escaped.Load())
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// threads reads the status of every thread, except those that end meanwhile.
func threads() (all []thread) {
	files, _ := filepath.Glob("/proc/self/task/*/status")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		t := thread{}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			t[key] = strings.Join(strings.Fields(value), " ")
		}
		all = append(all, t)
	}
	return all
}

// copied returns a copy of the test's program that other users can run.
var copied struct {
	once   sync.Once
	folder string
	path   string
	err    error
}

func programForAll(t *testing.T) string {
	t.Helper()
	copied.once.Do(func() {
		copied.folder, copied.err = os.MkdirTemp("", "confine")
		if copied.err != nil {
			return
		}
		copied.path = filepath.Join(copied.folder, "confine.test")
		copied.err = errors.Join(os.Chmod(copied.folder, 0o755), copyFile(os.Args[0], copied.path))
	})
	if copied.err != nil {
		t.Fatal(copied.err)
	}
	return copied.path
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

// run runs a child as the user who runs the tests.
func (p plan) run(t *testing.T) report {
	t.Helper()
	return p.runAs(t, os.Args[0], nil)
}

// runPlain runs a child as a user without privileges.
func (p plan) runPlain(t *testing.T) report {
	t.Helper()
	if os.Geteuid() != 0 {
		return p.run(t)
	}
	return p.runAs(t, programForAll(t), &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
}

// nobody is the number of "nobody" in the kernel.
const nobody = 65534

func (p plan) runAs(t *testing.T, path string, started *syscall.SysProcAttr) report {
	t.Helper()
	p.Options.ReadPaths = append(p.Options.ReadPaths, "/proc/self/task") // for the report
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path)
	// The race detector would have every child wait a second.
	cmd.Env = append(os.Environ(), planVariable+"="+string(text), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = started
	cmd.Dir = "/"
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the child: %v: %s", err, stderr.String())
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	for _, s := range r.Steps {
		t.Log(s)
	}
	return r
}

// works fails the test unless the attempts succeeded.
func (r *report) works(t *testing.T, attempts ...string) {
	t.Helper()
	for _, a := range attempts {
		if o, tried := r.After[a]; !tried || o != (outcome{}) {
			t.Errorf("%s: %q (tried: %t), want it to work", a, o.Text, tried)
		}
	}
}

// refused fails the test unless the attempts failed with this error.
func (r *report) refused(t *testing.T, errno syscall.Errno, attempts ...string) {
	t.Helper()
	for _, a := range attempts {
		if o, tried := r.After[a]; !tried || o.Errno != errno {
			t.Errorf("%s: %q (tried: %t), want %q", a, o.Text, tried, errno.Error())
		}
	}
}

// closed fails the test unless the attempts were refused: by Landlock with EACCES, or
// earlier by the filter with EPERM.
func (r *report) closed(t *testing.T, attempts ...string) {
	t.Helper()
	for _, a := range attempts {
		if o, tried := r.After[a]; !tried || o.Errno != unix.EACCES && o.Errno != unix.EPERM {
			t.Errorf("%s: %q (tried: %t), want it refused", a, o.Text, tried)
		}
	}
}

// step returns the text of a step. It fails the test if there is no such step, or if it is
// not degraded as expected.
func (r *report) step(t *testing.T, name string, wantDegraded bool) string {
	t.Helper()
	for _, s := range r.Steps {
		if s.Name == name && s.Degraded == wantDegraded {
			return s.Text
		}
	}
	t.Errorf("no step %s (degraded: %t)", name, wantDegraded)
	return ""
}

// all fails the test unless every thread has these values.
func (r *report) all(t *testing.T, want thread) {
	t.Helper()
	if len(r.Threads) == 0 {
		t.Error("no thread was seen")
	}
	if r.Escaped > 0 {
		t.Errorf("%d threads could open a file", r.Escaped)
	}
	for i, has := range r.Threads {
		for _, key := range keys(want) {
			if has[key] != want[key] {
				t.Errorf("thread %d of %d: %s %q, want %q", i+1, len(r.Threads), key, has[key], want[key])
			}
		}
	}
}

func keys(t thread) (all []string) {
	for key := range t {
		all = append(all, key)
	}
	sort.Strings(all)
	return all
}
