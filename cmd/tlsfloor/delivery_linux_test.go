package main

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// collector is a server that takes events for Splunk.
type collector struct {
	*httptest.Server
	events atomic.Int64
	from   sync.Map // ends of the connections that events are about
}

// senders counts the connections that events came about.
func (c *collector) senders() (n int) {
	c.from.Range(func(any, any) bool { n++; return true })
	return n
}

var endsOfEvent = regexp.MustCompile(`"src_ip":"[^"]*","src_port":[0-9]*`)

func newCollector(t *testing.T, n *network, encrypted bool) *collector {
	t.Helper()
	c := new(collector)
	start := httptest.NewServer
	if encrypted {
		start = httptest.NewTLSServer
	}
	n.do(func() {
		c.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from := io.Reader(r.Body)
			if r.Header.Get("Content-Encoding") == "gzip" {
				from, _ = gzip.NewReader(from)
			}
			body, _ := io.ReadAll(from)
			c.events.Add(int64(bytes.Count(body, []byte(`"tlsfloor/1"`))))
			for _, ends := range endsOfEvent.FindAllString(string(body), -1) {
				c.from.Store(ends, true)
			}
			fmt.Fprint(w, `{"text":"Success","code":0}`)
		}))
	})
	t.Cleanup(c.Close)
	return c
}

// TestDelivery is about outputs on the network: another process delivers to them.
func TestDelivery(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make network namespaces")
	}
	binary := build(t)
	t.Run("secrets", func(t *testing.T) { testSecretsAreElsewhere(t, binary) })
	t.Run("own connections", func(t *testing.T) { testOwnConnections(t, binary) })
	t.Run("descriptors", func(t *testing.T) { testDescriptorsStay(t, binary) })
	t.Run("file capability", func(t *testing.T) { testCapabilityStays(t, binary) })
	t.Run("sensor killed", func(t *testing.T) { testSensorIsKilled(t, binary) })
}

const veryUnlikely = "a-token-like-no-other-8fd1b2"

// testSecretsAreElsewhere: the sensor has secrets neither in its memory nor in its
// environment, and nobody has them on the command line.
func testSecretsAreElsewhere(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	c := newCollector(t, w.here, false)
	where := strings.TrimPrefix(c.URL, "http://")
	cmd := exec.Command(binary, "-o", "splunk+http://"+where+"?token-env=HEC_TOKEN", "--spool", folder+"/spool")
	cmd.Env = append(os.Environ(), "HEC_TOKEN="+veryUnlikely, "HTTPS_PROXY=http://me:"+veryUnlikely+"@192.0.2.9:3128", "AWS_SECRET_ACCESS_KEY="+veryUnlikely)
	p := w.watch(t, folder, cmd)
	s, from := newScript(t), w.newSender(t)
	for i := range 20 {
		from.send(s.frames(clientOf(i))...)
	}
	p.await("all events arrive", func() bool { return c.events.Load() == 20 })
	sensor := p.cmd.Process.Pid
	shipper := childOf(t, sensor, shipCommand)
	if !holds(t, shipper, veryUnlikely) {
		t.Error("not even the shipper has it in its memory: the test finds nothing")
	}
	if holds(t, sensor, veryUnlikely) {
		t.Error("the sensor has it in its memory")
	}
	for _, name := range []string{fmt.Sprintf("/proc/%d/environ", sensor), fmt.Sprintf("/proc/%d/cmdline", sensor), fmt.Sprintf("/proc/%d/cmdline", shipper)} {
		if bytes.Contains(read(t, name), []byte(veryUnlikely)) {
			t.Errorf("%s has it", name)
		}
	}
	for _, pid := range []int{sensor, shipper} {
		at := fmt.Sprintf("/proc/%d/status", pid)
		t.Logf("figures: %s: user %s, group %s, seccomp %s", read(t, fmt.Sprintf("/proc/%d/comm", pid)), status(at, "Uid"), status(at, "Gid"), status(at, "Seccomp"))
		if status(at, "NoNewPrivs") != "1" || strings.HasPrefix(status(at, "Uid"), "0") {
			t.Errorf("process %d: user %s", pid, status(at, "Uid"))
		}
	}
	if a, b := status(fmt.Sprintf("/proc/%d/status", sensor), "Uid"), status(fmt.Sprintf("/proc/%d/status", shipper), "Uid"); a == b {
		t.Errorf("both are user %s", a)
	}
	if ended := p.stop(); ended != 0 || strings.Contains(p.said(), veryUnlikely) {
		t.Errorf("status %d: %s", ended, p.said())
	}
}

// holds reports whether a process has a text in its memory.
func holds(t *testing.T, pid int, text string) bool {
	t.Helper()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	must(t, err)
	defer memory.Close()
	for line := range strings.Lines(string(read(t, fmt.Sprintf("/proc/%d/maps", pid)))) {
		var from, to int64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			continue // of the kernel, at the end
		}
		b := make([]byte, min(to-from, 64<<20))
		for at := from; at < to; at += int64(len(b)) {
			n, err := memory.ReadAt(b[:min(int64(len(b)), to-at)], at)
			if err != nil && n == 0 {
				break // reserved, or of the kernel
			}
			if bytes.Contains(b[:n], []byte(text)) {
				return true
			}
		}
	}
	return false
}

// testOwnConnections: a sensor that writes every handshake does not write its own.
func testOwnConnections(t *testing.T, binary string) {
	n, folder := newNetwork(t), room(t)
	c := newCollector(t, n, true)
	ca, token := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "token")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate().Raw}), 0o644))
	must(t, os.WriteFile(token, []byte("t"), 0o644))
	counts, events := filepath.Join(folder, "counts"), filepath.Join(folder, "events")
	p := n.start(t, exec.Command(binary, "-i", "lo", "--emit", "all", "--metrics-file", counts, "--stats-every", "1s", "-o", "file:"+events,
		"-o", "splunk+https://"+strings.TrimPrefix(c.URL, "https://")+"?server-name=example.com&token-file="+token+"&ca="+ca, "--spool", folder+"/spool"))
	p.await("counts are delivered", func() bool { return c.events.Load() >= 3 })
	c.CloseClientConnections() // so that there are more
	p.await("more counts are delivered", func() bool { return c.events.Load() >= 6 })
	p.await("its handshakes are counted", func() bool { return bytes.Contains(read(t, events), []byte(`"own_handshakes":`)) })
	ended := p.stop()
	if n := bytes.Count(read(t, events), []byte(`"kind":"handshake"`)); n > 0 || ended != 0 {
		t.Errorf("status %d, %d events about itself: %s", ended, n, p.said())
	}
	if !strings.Contains(p.said(), "of tlsfloor itself") {
		t.Errorf("it said %s", p.said())
	}
	t.Logf("figures: idle for %d counts over HTTPS with --emit all: no event about itself; %s", c.events.Load(), lineWith(p.said(), "of tlsfloor itself"))
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// testDescriptorsStay: what the program was started with is there when it is executed anew.
func testDescriptorsStay(t *testing.T, binary string) {
	n, folder := newNetwork(t), room(t)
	c := newCollector(t, n, false)
	to := "splunk+http://" + strings.TrimPrefix(c.URL, "http://") + "?token-env=T"
	capture, err := filepath.Abs(captures + "/openssl-tls10-sni.pcap")
	must(t, err)
	for i, line := range []string{
		`"$0" -q -r - -o "$1" --spool spool <"$2"`,
		`cat "$2" | "$0" -q -r - -o "$1" --spool spool`,
		`exec 9<"$2"; "$0" -q -r /dev/fd/9 -o "$1" --spool spool`,
		`"$0" -q -r "$2" -o "$1" --spool spool <&- >&-`,
		`echo "$2" | "$0" -q -V - -o "$1" --spool spool`,
	} {
		cmd := exec.Command("/bin/sh", "-c", line, binary, to, capture)
		cmd.Env, cmd.Dir = append(os.Environ(), "T="+veryUnlikely), folder
		var out []byte
		n.do(func() { out, err = cmd.CombinedOutput() })
		if err != nil || len(out) > 0 || c.events.Load() != int64(i+1) {
			t.Errorf("%s: %v, %d events, it said %q", line, err, c.events.Load(), out)
		}
	}
	// A standard output that was closed is noticed, and is no other file.
	cmd := exec.Command("/bin/sh", "-c", `"$0" -q -r "$2" -o "$1" -o stdout --spool spool >&-`, binary, to, capture)
	cmd.Env, cmd.Dir = append(os.Environ(), "T=t"), folder
	var out []byte
	n.do(func() { out, err = cmd.CombinedOutput() })
	if err == nil || !strings.Contains(string(out), "standard output is closed") {
		t.Errorf("%v: %s", err, out)
	}
}

// testCapabilityStays: a capability of the program's file is there when it is executed anew.
func testCapabilityStays(t *testing.T, binary string) {
	if _, err := exec.LookPath("setcap"); err != nil {
		t.Skipf("no setcap command (libcap2-bin): %v", err)
	}
	n, folder := newNetwork(t), room(t)
	c := newCollector(t, n, false)
	allowed := filepath.Join(folder, "tlsfloor")
	must(t, os.WriteFile(allowed, read(t, binary), 0o755))
	if out, err := exec.Command("setcap", "cap_net_raw+ep", allowed).CombinedOutput(); err != nil {
		t.Skipf("setcap: %v: %s", err, out)
	}
	counts := filepath.Join(folder, "counts")
	cmd := plain(allowed, "-i", "lo", "--metrics-file", counts, "-o", "splunk+http://"+strings.TrimPrefix(c.URL, "http://")+"?token-env=T")
	cmd.Env = append(os.Environ(), "T="+veryUnlikely, "XDG_STATE_HOME="+folder+"/state")
	p := n.start(t, cmd)
	p.await("it captures", func() bool { _, err := os.Stat(counts); return err == nil })
	n.serve(t, "127.0.0.1:443")
	_, err := n.violate("127.0.0.1:443")
	must(t, err)
	p.await("it is found and delivered", func() bool { return c.events.Load() == 1 })
	if status := p.stop(); status != 0 || !strings.Contains(p.said(), "events wait in "+folder+"/state/tlsfloor/journal") {
		t.Errorf("status %d: %s", status, p.said())
	}
}

// testSensorIsKilled: the shipper ends with the sensor, and the next run goes on where it
// stopped, without delay.
func testSensorIsKilled(t *testing.T, binary string) {
	w, folder := newWire(t), room(t)
	c := newCollector(t, w.here, false)
	s, from := newScript(t), w.newSender(t)
	const each, runs = 50, 5
	for run := range runs {
		cmd := exec.Command(binary, "-o", "splunk+http://"+strings.TrimPrefix(c.URL, "http://")+"?token-env=T", "--spool", folder+"/spool")
		cmd.Env = append(os.Environ(), "T=t")
		p := w.watch(t, folder, cmd)
		shipper := childOf(t, p.cmd.Process.Pid, shipCommand)
		for i := range each {
			from.send(s.frames(clientOf(run*each + i))...)
		}
		if run == runs-1 {
			p.await("all events arrive", func() bool { return c.senders() == runs*each })
			status := p.stop()
			t.Logf("figures: sensor killed %d times: %d of %d events arrived, %d of them twice", runs-1, c.senders(), runs*each, int(c.events.Load())-c.senders())
			if twice := int(c.events.Load()) - c.senders(); status != 0 || twice > (runs-1)*each {
				t.Errorf("status %d, %d came twice", status, twice)
			}
			return
		}
		time.Sleep(200*time.Millisecond + time.Duration(run)*150*time.Millisecond) // into the journal, or beyond
		p.kill()
		eventually(t, "the shipper ends", func() bool {
			return syscall.Kill(shipper, 0) != nil || strings.HasPrefix(status(fmt.Sprintf("/proc/%d/status", shipper), "State"), "Z")
		})
	}
}

// childOf finds the child of a process that runs a subcommand.
func childOf(t *testing.T, parent int, command string) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/status")
	must(t, err)
	for _, path := range all {
		line, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if err != nil || status(path, "PPid") != strconv.Itoa(parent) || !strings.Contains(string(line), "\x00"+command+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		must(t, err)
		return pid
	}
	t.Fatalf("%d has no child that is the %s", parent, command)
	return 0
}
