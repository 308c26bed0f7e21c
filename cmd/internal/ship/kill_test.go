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
	"strconv"
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
	// writerVariable makes it the writer of a journal. It has the journal and the number of
	// the first event.
	writerVariable = "TLSFLOOR_TEST_WRITER"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(shipperVariable); text != "" {
		shipUntilKilled(strings.Fields(text))
	}
	if text := os.Getenv(writerVariable); text != "" {
		writeUntilKilled(strings.Fields(text))
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes events, and prints the number of each that is written.
func writeUntilKilled(words []string) {
	w, err := journal.Create(journal.Options{Folder: words[0]})
	if err != nil {
		panic(err)
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		panic(err)
	}
	for ; ; n++ {
		if err := w.Append(appendEvent(nil, n), 1); err != nil {
			panic(err)
		}
		fmt.Println(n)
		time.Sleep(time.Millisecond)
	}
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
	p := startChild(t, shipperVariable, words)
	if line := p.read(t); line != "ready" {
		t.Errorf("%q", line)
	}
	meanwhile()
	p.kill()
}

// child is a process of the test binary.
type child struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

func startChild(t *testing.T, variable, words string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), variable+"="+words)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	return c
}

// read returns the next line that the process prints.
func (c *child) read(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n")
}

// kill kills the process, and returns what else it has printed.
func (c *child) kill() string {
	_ = c.cmd.Process.Kill()
	rest, _ := io.ReadAll(c.out)
	_ = c.cmd.Wait() // "signal: killed"
	return string(rest)
}

// pair is a writer and a shipper, each of which is killed now and then.
type pair struct {
	t               *testing.T
	folder, specs   string
	writer, shipper *child
	written         map[int]bool
	last            int
}

// start starts what was killed.
func (p *pair) start() {
	p.t.Helper()
	if p.writer == nil { // the last event may be written, and its number not printed
		p.writer = startChild(p.t, writerVariable, fmt.Sprintf("%s %d", p.folder, p.last+2))
		p.note(p.writer.read(p.t))
	}
	if p.shipper == nil {
		p.shipper = startChild(p.t, shipperVariable, p.folder+" "+p.specs)
		if line := p.shipper.read(p.t); line != "ready" {
			p.t.Errorf("%q", line)
		}
	}
}

func (p *pair) kill(writer, shipper bool) {
	p.t.Helper()
	if writer && p.writer != nil {
		p.note(p.writer.kill())
		p.writer = nil
	}
	if shipper && p.shipper != nil {
		p.shipper.kill()
		p.shipper = nil
	}
}

// note keeps the numbers that a writer has printed.
func (p *pair) note(lines string) {
	p.t.Helper()
	for line := range strings.FieldsSeq(lines) {
		n, err := strconv.Atoi(line)
		if err != nil {
			p.t.Fatal(err)
		}
		p.written[n], p.last = true, n
	}
}

// compare counts the events that are missing, and those that came again.
func (p *pair) compare(lines []string) (lost, doubled int) {
	p.t.Helper()
	seen := map[int]bool{}
	for _, line := range lines {
		n := numberOf(p.t, line)
		if seen[n] {
			doubled++
		}
		seen[n] = true
	}
	for n := range p.written {
		if !seen[n] {
			lost++
		}
	}
	return lost, doubled
}

// The writer, the shipper or both are killed at any moment, again and again. What the writer
// has written is delivered, in the end: once, where the far end knows ids.
func TestWriterAndShipperAreKilled(t *testing.T) {
	kills := 200
	if testing.Short() {
		kills = 20
	}
	elastic := &standin.Elastic{T: t, Index: "tls"}
	server := standin.Start(t, nil, elastic)
	local := collect(t, "unix", filepath.Join(t.TempDir(), "socket"))
	specs := []string{"unix:" + local.Addr().String(), "elasticsearch+http://" + server.Address + "/tls"}
	p := &pair{t: t, folder: t.TempDir(), specs: strings.Join(specs, " "), written: map[int]bool{}, last: -1}
	random := rand.New(rand.NewPCG(2, 2))
	for range kills {
		p.start()
		time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
		which := random.IntN(3)
		p.kill(which != 0, which != 1)
	}
	p.kill(true, true)
	fast := quick
	fast.Chunk = 512 << 10
	once(t, Options{Inputs: []string{p.folder}, Outputs: outputs(t, specs...), pace: fast})
	stored, repeated := elastic.Events()
	lost, doubled := p.compare(local.received())
	missing, twice := p.compare(stored)
	t.Logf("%d events written, %d kills: at a Unix socket %d lost, %d doubled; in Elasticsearch %d lost, %d doubled, %d sent again under the same id",
		len(p.written), kills, lost, doubled, missing, twice, repeated)
	if lost+missing+twice > 0 {
		t.Error("not each event, or not once")
	}
}
