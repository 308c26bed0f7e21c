package standin

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tlsfloor/cmd/internal/testing/wait"
)

// Rsyslog is a real rsyslogd. It writes each message to a file before it reads the next
// one.
type Rsyslog struct {
	UDP, TCP, TLS string // addresses
	Authority     *Authority

	t       testing.TB
	folder  string
	process *exec.Cmd
	said    bytes.Buffer
}

// rsyslogConfig has a queue of type Direct, so that a message is in the file before the
// server reads the next one.
const rsyslogConfig = `
global(workDirectory="%[1]s" maxMessageSize="64k"
	defaultNetstreamDriverCAFile="%[5]s" defaultNetstreamDriverCertFile="%[6]s" defaultNetstreamDriverKeyFile="%[7]s")
module(load="imudp")
module(load="imtcp")
template(name="parts" type="string" string="%%pri%% %%timestamp:::date-rfc3339%% %%hostname%% %%app-name%% %%procid%% %%msgid%% %%msg%%\n")
ruleset(name="file" queue.type="Direct") {
	action(type="omfile" file="%[1]s/received" template="parts" asyncWriting="off" flushOnTXEnd="on")
}
input(type="imudp" address="127.0.0.1" port="%[2]s" ruleset="file" rcvbufSize="4m")
input(type="imtcp" address="127.0.0.1" port="%[3]s" ruleset="file")
input(type="imtcp" address="127.0.0.1" port="%[4]s" ruleset="file"
	streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
`

// StartRsyslog starts a server. It skips the test if rsyslogd is not installed.
func StartRsyslog(t testing.TB) *Rsyslog {
	t.Helper()
	if _, err := exec.LookPath("rsyslogd"); err != nil {
		t.Skip("rsyslogd is not installed (Debian: rsyslog, rsyslog-openssl)")
	}
	r := &Rsyslog{t: t, folder: t.TempDir(), Authority: NewAuthority(t)}
	r.UDP, r.TCP, r.TLS = freeAddress(t), freeAddress(t), freeAddress(t)
	certificate, key := r.Authority.Issue(t, "server.test")
	text := fmt.Sprintf(rsyslogConfig, r.folder, port(r.UDP), port(r.TCP), port(r.TLS), r.Authority.File, certificate, key)
	if err := os.WriteFile(r.config(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Start()
	t.Cleanup(r.Kill)
	return r
}

func (r *Rsyslog) config() string { return filepath.Join(r.folder, "rsyslog.conf") }

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// freeAddress finds a port that is free for TCP, and so most likely for UDP.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts the server and waits until it listens.
func (r *Rsyslog) Start() {
	r.t.Helper()
	r.process = exec.Command("rsyslogd", "-n", "-f", r.config(), "-i", filepath.Join(r.folder, "pid"))
	r.process.Stdout, r.process.Stderr = &r.said, &r.said
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	defer func() {
		if r.t.Failed() {
			r.t.Logf("rsyslogd says: %s", r.said.String())
		}
	}()
	wait.Until(r.t, r.listens)
}

// listens reports whether all ports are open. The server opens UDP first.
func (r *Rsyslog) listens() bool {
	for _, address := range []string{r.TCP, r.TLS} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
	}
	return true
}

// Stop ends the server as a restart does.
func (r *Rsyslog) Stop() { r.end(syscall.SIGTERM) }

// Kill ends the server at once.
func (r *Rsyslog) Kill() { r.end(syscall.SIGKILL) }

func (r *Rsyslog) end(signal syscall.Signal) {
	if r.process == nil {
		return
	}
	_ = r.process.Process.Signal(signal)
	_ = r.process.Wait()
	r.process = nil
}

// Freeze pauses the server until Thaw.
func (r *Rsyslog) Freeze() { _ = r.process.Process.Signal(syscall.SIGSTOP) }

// Thaw resumes the server.
func (r *Rsyslog) Thaw() { _ = r.process.Process.Signal(syscall.SIGCONT) }

// Message is a message as the server parsed it.
type Message struct {
	Pri, Time, Host, App, Process, ID, Text string
}

// Received returns the messages so far.
func (r *Rsyslog) Received() (messages []Message) {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.folder, "received"))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if parts := strings.SplitN(line, " ", 7); len(parts) == 7 {
			messages = append(messages, Message{parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]})
		} else if line != "" {
			r.t.Errorf("a message is not whole: %q", line)
		}
	}
	return messages
}
