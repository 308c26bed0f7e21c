package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// allowOld is a configuration of OpenSSL with the versions that distributions forbid.
const allowOld = `openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = TLSv1
CipherString = DEFAULT@SECLEVEL=0
`

// TestProcess checks that the program names clients that run for some milliseconds.
func TestProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make network namespaces, and look at other processes")
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	binary := build(t)
	t.Run("curl", func(t *testing.T) { testShortLived(t, binary, curl) })
	t.Run("without the rights", func(t *testing.T) { testProcessUnprivileged(t, binary, curl) })
}

func testShortLived(t *testing.T, binary, curl string) {
	n := newNetwork(t)
	n.serve(t, "127.0.0.1:443")
	events := filepath.Join(room(t), "events")
	p := n.watchLoopback(t, exec.Command(binary, "--process"), events)
	const calls = 100
	short := 0
	for i := range calls {
		if n.callOnce(t, curl, i) < 20*time.Millisecond {
			short++
		}
	}
	eventually(t, "every event", func() bool { return linesOf(events) >= calls })
	if status := p.stop(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	named, located, configured, unnamed := 0, 0, 0, []processEvent(nil)
	for _, e := range processEvents(t, events) {
		if e.Software.ID == "curl" && e.Advice.ID == "curl" && e.Process.PID > 0 && e.Process.User == "nobody" &&
			len(e.Process.CommandLine) > 1 && strings.HasPrefix(e.Process.CommandLine[1], "-A") {
			named++
		} else {
			unnamed = append(unnamed, e)
		}
		if e.Process.Executable != "" {
			located++
		}
		if slices.Contains(e.Process.Variables, "OPENSSL_CONF") {
			configured++
		}
		if high := e.Software.Confidence == "high"; high != (e.Process.Executable != "") {
			t.Errorf("confidence %s with the executable %q", e.Software.Confidence, e.Process.Executable)
		}
	}
	t.Logf("%d of %d calls named, %d with their file, %d with their variable; %d lasted less than 20 ms", named, calls, located, configured, short)
	if configured == 0 {
		t.Error("no event says that OPENSSL_CONF was set")
	}
	if strings.Contains(string(read(t, events)), configFile) {
		t.Error("an event has the value of OPENSSL_CONF")
	}
	least := calls - 1
	if raceDetector { // it slows the finder down, and not curl
		least = calls * 9 / 10
	}
	if named < least {
		t.Errorf("%d of %d calls were named; the others: %.2000v", named, calls, unnamed)
	}
}

// A program that may only capture reports what it may not see, and still finds the flows.
func testProcessUnprivileged(t *testing.T, binary, curl string) {
	n := newNetwork(t)
	n.serve(t, "127.0.0.1:443")
	events := filepath.Join(room(t), "events")
	p := n.watchLoopback(t, asService(binary, "--process"), events)
	n.callOnce(t, curl, 1)
	eventually(t, "the event", func() bool { return linesOf(events) == 1 })
	if status := p.stop(); status != exitOK {
		t.Errorf("exit status %d", status)
	}
	if said := strings.Count(p.said(), "programs that end within milliseconds may be missed"); said != 1 {
		t.Errorf("said %d times:\n%s", said, p.said())
	}
}

// watchLoopback runs the program on the namespace's loopback interface.
func (n *network) watchLoopback(t *testing.T, cmd *exec.Cmd, events string) *program {
	t.Helper()
	counts := filepath.Join(filepath.Dir(events), "counts")
	cmd.Args = append(cmd.Args, "-i", "lo", "--output", "file:"+events, "--metrics-file", counts)
	p := n.start(t, cmd)
	p.await("it captures", func() bool { _, err := os.Stat(counts); return err == nil })
	return p
}

// configFile is the file that OPENSSL_CONF names.
const configFile = "secret-openssl.cnf"

// callOnce runs curl as another user, and returns how long it took.
func (n *network) callOnce(t *testing.T, curl string, i int) time.Duration {
	t.Helper()
	config := filepath.Join(room(t), configFile)
	must(t, os.WriteFile(config, []byte(allowOld), 0o644))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	of := plain(curl)
	cmd := exec.CommandContext(ctx, curl, fmt.Sprintf("-A%d", i), "--tls-max", "1.1", "-sk", "-o", "/dev/null", "--resolve", awsName+":443:127.0.0.1", "https://"+awsName)
	cmd.SysProcAttr, cmd.Env = of.SysProcAttr, append(os.Environ(), "OPENSSL_CONF="+config)
	began := time.Now()
	n.do(func() { must(t, cmd.Start()) })
	_ = cmd.Wait() // curl fails, because the server has no web page
	return time.Since(began)
}

// processEvent has the members of an event that these tests check.
type processEvent struct {
	Process struct {
		PID         int      `json:"pid"`
		User        string   `json:"user"`
		Executable  string   `json:"executable"`
		CommandLine []string `json:"command_line"`
		Variables   []string `json:"variables"`
	} `json:"process"`
	Software struct {
		ID         string `json:"id"`
		Confidence string `json:"confidence"`
	} `json:"software"`
	Advice struct {
		ID string `json:"id"`
	} `json:"advice"`
}

func processEvents(t *testing.T, name string) (all []processEvent) {
	t.Helper()
	for line := range strings.Lines(string(read(t, name))) {
		var e processEvent
		must(t, json.Unmarshal([]byte(line), &e))
		all = append(all, e)
	}
	return all
}
