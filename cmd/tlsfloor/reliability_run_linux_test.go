package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// program is a run of tlsfloor.
type program struct {
	t        *testing.T
	cmd      *exec.Cmd
	messages string // the file that standard error goes to
	ended    chan struct{}
}

// start runs the program in a namespace, with defaults for what cmd lacks.
func (n *network) start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, messages: filepath.Join(room(t), "messages"), ended: make(chan struct{})}
	stderr, err := os.Create(p.messages)
	must(t, err)
	defer stderr.Close()
	cmd.Stderr = stderr
	n.do(func() { err = cmd.Start() })
	must(t, err)
	go func() { _ = cmd.Wait(); close(p.ended) }()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("it said:\n%s", strings.Join(notes.FindAllString(p.said(), -1), "\n"))
		}
	})
	return p
}

// watch runs the program on the near end of the wire, and returns when it
// captures.
func (w *wire) watch(t *testing.T, folder string, cmd *exec.Cmd) *program {
	t.Helper()
	counts := filepath.Join(folder, "counts")
	_ = os.Remove(counts)
	cmd.Args = append(cmd.Args, "-i", hereEnd, "--metrics-file", counts)
	p := w.here.start(t, cmd)
	p.await("it captures", func() bool { _, err := os.Stat(counts); return err == nil })
	return p
}

// asService returns a command as a service manager starts it: as another user, with one
// capability.
func asService(binary string, args ...string) *exec.Cmd {
	cmd := plain(binary, args...)
	cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_RAW}
	return cmd
}

// plain returns a command of a plain user.
func plain(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// await waits for a condition while the program runs.
func (p *program) await(what string, holds func() bool) {
	p.t.Helper()
	eventually(p.t, what, func() bool {
		if holds() {
			return true
		}
		select {
		case <-p.ended:
			if !holds() {
				p.t.Fatalf("it ended before: %s", what)
			}
			return true
		default:
			return false
		}
	})
}

func (p *program) said() string {
	text, err := os.ReadFile(p.messages)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// awaitSaid waits until a message was written n times.
func (p *program) awaitSaid(text string, times int) {
	p.t.Helper()
	p.await(fmt.Sprintf("%q is said", text), func() bool { return strings.Count(p.said(), text) >= times })
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
}

// stop ends the run as systemd does, and returns its status.
func (p *program) stop() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait()
}

func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("it does not end within %v", patience)
	}
	return p.cmd.ProcessState.ExitCode()
}

// kill ends it by SIGKILL, if it runs.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// notes returns the lines on standard error without the summary.
var notes = regexp.MustCompile(`(?m)^tlsfloor: .*`)

var countsLine = regexp.MustCompile(`(\d+) packets? seen, (\d+) dropped by the kernel, .* (\d+) flagged`)

// tallies are the counts that a run writes.
type tallies struct{ packets, dropped, flagged int }

// counts returns the last counts that were written.
func (p *program) counts() (c tallies) {
	all := countsLine.FindAllStringSubmatch(p.said(), -1)
	if len(all) == 0 {
		return c
	}
	last := all[len(all)-1]
	for i, n := range []*int{&c.packets, &c.dropped, &c.flagged} {
		*n, _ = strconv.Atoi(last[i+1])
	}
	return c
}

// askCounts sends SIGUSR1 for new counts.
func (p *program) askCounts() tallies {
	p.t.Helper()
	before := len(countsLine.FindAllString(p.said(), -1))
	p.signal(syscall.SIGUSR1)
	p.await("it says its counts", func() bool { return len(countsLine.FindAllString(p.said(), -1)) > before })
	return p.counts()
}

// status returns a field of /proc/PID/status, of the process or of a task.
func status(path, field string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}

// peakMemory is the peak of the memory, in KiB.
type peakMemory struct{ anonymous, resident int }

// measure measures the memory until stop is called.
func (p *program) measure() (stop func() peakMemory) {
	var peak peakMemory
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			path := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
			peak.anonymous = max(peak.anonymous, kibibytes(status(path, "RssAnon")))
			peak.resident = max(peak.resident, kibibytes(status(path, "VmRSS")))
			select {
			case <-quit:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() peakMemory { close(quit); <-done; return peak }
}

func kibibytes(value string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(value, " kB"))
	return n
}

// sizeBelow returns the size of all files in a folder.
func sizeBelow(folder string) (size int64) {
	_ = filepath.Walk(folder, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}
