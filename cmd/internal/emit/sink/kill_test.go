package sink

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/config"
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

// isBehind reports whether an output has written too few of the findings.
func isBehind(s *Set, sent uint64) bool {
	for _, o := range s.Stats() {
		if o.Sent+unsaved <= sent {
			return true
		}
	}
	return false
}

// tlsfloor itself is killed while it writes. Only findings of the last moments are lost,
// which the kernel did not have yet.
func TestKilledSender(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	t.Parallel()
	const kills = 20
	path := filepath.Join(t.TempDir(), "events")
	random := rand.New(rand.NewPCG(1, 1))
	next := 0
	for range kills {
		next = 1 + killSender(t, next, "file:"+path, 2*unsaved+random.IntN(100))
	}
	c := tallyOf(t, next, linesOf(t, path))
	t.Logf("killed %d times: %v", kills, c)
	if c.doubled+c.disordered > 0 || c.lost > kills*unsaved || c.lost > next/2 {
		t.Error(c)
	}
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
