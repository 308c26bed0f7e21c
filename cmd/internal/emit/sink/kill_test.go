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

	"tlsfloor/cmd/internal/emit"
)

// senderVariable makes the test binary a sender, until it is killed. It holds
// the number of its first finding, and the outputs.
const senderVariable = "TLSFLOOR_TEST_SENDER"

func TestMain(m *testing.M) {
	if text := os.Getenv(senderVariable); text != "" {
		sendUntilKilled(text)
	}
	os.Exit(m.Run())
}

// sendUntilKilled sends a finding each millisecond, and tells its number.
func sendUntilKilled(text string) {
	words := strings.Fields(text)
	n, err := strconv.Atoi(words[0])
	if err != nil {
		panic(err)
	}
	var all []Config
	for _, spec := range words[1:] {
		c, err := Parse(spec, Defaults{Emit: emit.All})
		if err != nil {
			panic(err)
		}
		all = append(all, c)
	}
	s, err := Open(all, Options{Live: true}) // at the pace that files and local sockets have
	if err != nil {
		panic(err)
	}
	for ; ; n++ {
		s.Send(finding(n))
		fmt.Println(n)
		time.Sleep(time.Millisecond)
	}
}

// tlsfloor itself is killed while one output writes and the other's server is
// away. All that is lost is what it had found in the last moments and not yet
// given to the kernel; the spool gives the rest to the next run, which begins
// to send it when the server is back.
func TestKilledSender(t *testing.T) {
	t.Parallel()
	const kills = 20
	folder := t.TempDir()
	path := filepath.Join(folder, "events")
	socketPath := filepath.Join(folder, "socket")
	specs := fmt.Sprintf("file:%s unix:%s?spool=%s", path, socketPath, folder)
	random := rand.New(rand.NewPCG(1, 1))
	next := 0
	for range kills {
		next = 1 + killSender(t, next, specs, 50+random.IntN(100))
	}
	l, err := net.Listen("unix", socketPath)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	received := make(chan []string)
	go func() { received <- readAll(t, l) }()
	s := mustOpen(t, configs(t, strings.Fields(specs)...), Options{Live: true, pace: quick})
	closeSet(t, s)
	for name, lines := range map[string][]string{"file": linesOf(t, path), "spool, then socket": <-received} {
		c := tallyOf(t, next, lines)
		t.Logf("%s, tlsfloor killed %d times: %v", name, kills, c)
		// 1 ms of gathering is one finding, and this machine may be busy.
		if c.doubled+c.disordered > 0 || c.lost > kills*30 || c.lost > next/2 {
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
