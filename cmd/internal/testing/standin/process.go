package standin

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tlsfloor/cmd/internal/testing/wait"
)

// process is a real server. Its methods end and start it again, with the same files and
// addresses.
type process struct {
	t       testing.TB
	folder  string // its own
	command []string
	listens []string // TCP addresses
	running *exec.Cmd
	ended   chan struct{} // closed when it has ended
	said    bytes.Buffer
}

// Start starts the server and waits until it listens.
func (p *process) Start() {
	p.t.Helper()
	p.running = exec.Command(p.command[0], p.command[1:]...)
	p.running.Dir = p.folder
	p.running.Stdout, p.running.Stderr = &p.said, &p.said
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan struct{})
	go func(running *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		_ = running.Wait()
	}(p.running, p.ended)
	wait.Until(p.t, func() bool { return p.hasEnded() || p.isUp() })
	if p.hasEnded() {
		p.t.Fatalf("%s says: %s", p.command[0], p.said.String())
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) isUp() bool {
	for _, address := range p.listens {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
	}
	return true
}

// Stop ends the server as a restart does.
func (p *process) Stop() { p.end(syscall.SIGTERM) }

// Kill ends the server at once.
func (p *process) Kill() { p.end(syscall.SIGKILL) }

func (p *process) end(signal syscall.Signal) {
	if p.running == nil {
		return
	}
	_ = p.running.Process.Signal(signal)
	<-p.ended
	p.running = nil
}

// Freeze pauses the server until Thaw.
func (p *process) Freeze() { _ = p.running.Process.Signal(syscall.SIGSTOP) }

// Thaw resumes the server.
func (p *process) Thaw() { _ = p.running.Process.Signal(syscall.SIGCONT) }

// write writes a file into the server's folder, and returns its name.
func (p *process) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// read returns a file from the server's folder, which need not be there yet.
func (p *process) read(name string) string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return string(text)
}

// newProcess finds a program, and skips the test if it is not there. from says how to get
// it. The program is in PATH, or where .ci/setup puts what it builds and unpacks.
func newProcess(t testing.TB, program, from string) *process {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path = filepath.Join(root(t), ".ci", "receivers", "bin", program)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("%s is not installed (%s)", program, from)
		}
	}
	p := &process{t: t, folder: t.TempDir(), command: []string{path}}
	t.Cleanup(p.Kill)
	return p
}

// root is the module's folder.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for folder != "/" {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		folder = filepath.Dir(folder)
	}
	t.Fatal("the test is not run in the module")
	return ""
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// The ports that freeAddress tries are below those that Linux gives to clients: one of
// these could take the port while its server is down.
const (
	firstPort = 20000
	lastPort  = 32000
)

// freeAddress finds a port that is free for TCP, and so most likely for UDP.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}
