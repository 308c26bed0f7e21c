package sink

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/testing/wait"
)

// senderVariable makes the test binary a sender, until it is killed. It has the number of
// the first finding, and the outputs.
const senderVariable = "TLSFLOOR_TEST_SENDER"

func TestMain(m *testing.M) {
	if text := os.Getenv(senderVariable); text != "" {
		sendUntilKilled(text)
	}
	os.Exit(m.Run())
}

// unsaved bounds the findings of a sender that the kernel does not have yet.
const unsaved = 30

// sendUntilKilled sends findings, and prints their numbers.
func sendUntilKilled(text string) {
	words := strings.Fields(text)
	n, err := strconv.Atoi(words[0])
	if err != nil {
		panic(err)
	}
	var all []config.Config
	for _, spec := range words[1:] {
		c, err := config.Parse(spec, config.Defaults{Emit: config.SelectAll})
		if err != nil {
			panic(err)
		}
		all = append(all, c)
	}
	s, err := Open(all, Options{Live: true}) // at the pace that files and local sockets have
	if err != nil {
		panic(err)
	}
	for sent := uint64(1); ; sent++ {
		s.Send(finding(n))
		fmt.Println(n)
		n++
		for isBehind(s, sent) {
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// isBehind reports whether an output has written too few of the findings to its file or
// spool.
func isBehind(s *Set, sent uint64) bool {
	for _, o := range s.Stats() {
		if o.Sent+o.Spooled+unsaved <= sent {
			return true
		}
	}
	return false
}

// tlsfloor itself is killed while one output writes and the server of the other is
// unreachable. Only findings of the last moments are lost, which the kernel did not have
// yet. The next run sends the rest from the spool when the server is back.
func TestKilledSender(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	const kills = 20
	folder := t.TempDir()
	path := filepath.Join(folder, "events")
	socketPath := filepath.Join(folder, "socket")
	specs := fmt.Sprintf("file:%s unix:%s?spool=%s", path, socketPath, folder)
	random := rand.New(rand.NewPCG(1, 1))
	next := 0
	for range kills {
		next = 1 + killSender(t, next, specs, 2*unsaved+random.IntN(100))
	}
	l, err := net.Listen("unix", socketPath)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	received := make(chan []string)
	go func() { received <- readAll(t, l) }()
	s := mustOpen(t, configs(t, strings.Fields(specs)...), Options{Live: true, Grace: wait.Limit, pace: quick})
	closeSet(t, s)
	for name, lines := range map[string][]string{"file": linesOf(t, path), "spool, then socket": <-received} {
		c := tallyOf(t, next, lines)
		t.Logf("%s, tlsfloor killed %d times: %v", name, kills, c)
		if c.doubled+c.disordered > 0 || c.lost > kills*unsaved || c.lost > next/2 {
			t.Errorf("%s: %v", name, c)
		}
	}
}

func readAll(t *testing.T, l net.Listener) (lines []string) {
	conn, err := l.Accept() // of Check
	for range 2 {
		if err != nil {
			t.Error(err)
			return nil
		}
		text := bufio.NewScanner(conn)
		text.Buffer(nil, 1<<20)
		for text.Scan() {
			lines = append(lines, text.Text())
		}
		conn.Close()
		if len(lines) > 0 {
			break
		}
		conn, err = l.Accept()
	}
	return lines
}

// killSender lets a sender send for a while, and returns its last number.
func killSender(t *testing.T, first int, specs string, sends int) (last int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", senderVariable, first, specs))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	numbers := bufio.NewScanner(out)
	for i := 0; numbers.Scan(); i++ {
		if last, err = strconv.Atoi(numbers.Text()); err != nil {
			t.Fatal(err)
		}
		if i == sends {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // "signal: killed"
	return last
}
