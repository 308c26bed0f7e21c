package ship

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/standin"
)

// shipperVariable makes the test binary a shipper, until it is killed. It has the journal
// and the outputs. With onceVariable the shipper ends when it has delivered everything.
const (
	shipperVariable = "TLSFLOOR_TEST_SHIPPER"
	onceVariable    = "TLSFLOOR_TEST_ONCE"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(shipperVariable); text != "" {
		shipUntilKilled(strings.Fields(text))
	}
	os.Exit(m.Run())
}

func shipUntilKilled(words []string) {
	o := Options{Inputs: words[:1], Note: func(line string) { fmt.Fprintln(os.Stderr, line) }}
	ends := os.Getenv(onceVariable) != ""
	if !ends {
		o.pace = quick
	}
	for _, spec := range words[1:] {
		c, err := config.Parse(spec, config.Defaults{Emit: config.SelectAll})
		if err != nil {
			panic(err)
		}
		o.Outputs = append(o.Outputs, c)
	}
	s, err := Open(o)
	if err != nil {
		panic(err)
	}
	s.Start()
	fmt.Println("ready")
	if !ends {
		select {}
	}
	s.Finish(0)
	<-s.Done()
	if err := s.Close(); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// collector keeps the lines that are sent to a listener.
type collector struct {
	net.Listener
	mu    sync.Mutex
	lines []string
}

func collect(t *testing.T, network, address string) *collector {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &collector{Listener: l}
	go c.serve()
	return c
}

func (c *collector) serve() {
	for {
		conn, err := c.Accept()
		if err != nil {
			return
		}
		go c.read(conn)
	}
}

// read keeps whole lines, and what is behind the header of a message of syslog.
func (c *collector) read(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		_, line, _ = strings.Cut(strings.TrimSuffix(line, "\n"), "{")
		c.mu.Lock()
		c.lines = append(c.lines, "{"+line)
		c.mu.Unlock()
	}
}

func (c *collector) received() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.lines...)
}

// The shipper is killed at any moment, again and again, while events are written. None is
// lost. Some come twice, in the batch of each output that was not acknowledged, with the
// same bytes and so the same id: Elasticsearch has each once.
func TestKilledShipper(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	w := newWriter(t, journal.Options{})
	elastic := &standin.Elastic{T: t, Index: "tls"}
	splunk := &standin.Splunk{T: t, Token: "secret"}
	servers := []*standin.Server{standin.Start(t, nil, elastic), standin.Start(t, nil, splunk)}
	local, syslog := collect(t, "unix", filepath.Join(t.TempDir(), "socket")), collect(t, "tcp", "127.0.0.1:0")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	specs := []string{
		"unix:" + local.Addr().String(), "syslog+tcp://" + syslog.Addr().String(),
		"elasticsearch+http://" + servers[0].Address + "/tls", "splunk+http://" + servers[1].Address + "?token-file=" + secret,
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range kills {
		killShipper(t, w.folder+" "+strings.Join(specs, " "), func() {
			for range 1 + random.IntN(20) {
				w.write(10)
				time.Sleep(time.Duration(random.IntN(5000)) * time.Microsecond)
			}
		})
	}
	fast := quick
	fast.Chunk = 512 << 10 // syslog, with a connection for each batch, is far behind
	once(t, Options{Inputs: []string{w.folder}, Outputs: outputs(t, specs...), pace: fast})
	stored, repeated := elastic.Events()
	if c := tallyOf(t, w.n, stored); c.lost+c.doubled > 0 {
		t.Errorf("Elasticsearch: %v", c)
	}
	var collected []string
	ids := map[string]string{}
	for _, e := range splunk.Events() {
		line := string(e.Event)
		collected = append(collected, line)
		if before, there := ids[line]; there && before != e.Fields["event_id"] {
			t.Errorf("%s has two ids", line)
		}
		ids[line] = e.Fields["event_id"]
	}
	batch := quick.Chunk/len(appendEvent(nil, w.n)) + 2 // its last line may be half beyond
	for name, lines := range map[string][]string{"Unix socket": local.received(), "syslog": syslog.received(), "Splunk": collected} {
		c := tallyOf(t, w.n, lines)
		t.Logf("%s, killed %d times: %v", name, kills, c)
		if c.lost > 0 || c.doubled > kills*batch {
			t.Errorf("%s: %v", name, c)
		}
	}
	t.Logf("Elasticsearch, killed %d times: %d were sent again, and stored once", kills, repeated)
}

// killShipper starts a shipper, lets something happen, and kills it.
func killShipper(t *testing.T, words string, meanwhile func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), shipperVariable+"="+words)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Errorf("%q, %v", line, err)
	}
	meanwhile()
	_ = cmd.Process.Kill()
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait() // "signal: killed"
}
