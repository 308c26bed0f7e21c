package journal

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tlsfloor/cmd/internal/testing/wait"
)

// roleVariable makes the test binary a writer or a reader of a journal, until it is
// killed: its value is the role and the folder.
const roleVariable = "TLSFLOOR_TEST_JOURNAL"

func TestMain(m *testing.M) {
	role, folder, _ := strings.Cut(os.Getenv(roleVariable), " ")
	switch role {
	case "write", "write-live":
		writeUntilKilled(folder, role == "write")
	case "read", "read-slowly":
		readUntilKilled(folder, role == "read-slowly")
	default:
		os.Exit(m.Run())
	}
}

// writeUntilKilled appends batches of events whose number is their index, and says for
// each batch where it ends after Append has returned.
func writeUntilKilled(folder string, wait bool) {
	w, err := Create(Options{Folder: folder, Size: MinSize, Wait: wait, Consume: wait, Readers: []string{"reader"}, SyncEvery: 10 * time.Millisecond,
		Note: func(text string) { fmt.Fprintln(os.Stderr, text) }})
	if err != nil {
		panic(err)
	}
	var batch []byte
	for next := int(w.Next()); ; {
		batch = batch[:0]
		n := 1 + next%5
		for i := range n {
			batch = append(batch, eventOf(next+i, paddingOf(next+i))+"\n"...)
		}
		switch err := w.Append(batch, n); {
		case errors.Is(err, ErrFull):
			time.Sleep(time.Millisecond)
			continue
		case err != nil:
			panic(err)
		}
		next += n
		if _, err := fmt.Println(next); err != nil {
			panic(err)
		}
	}
}

// readUntilKilled says the number of each event, and then sets the cursor, as a program
// does that delivers events.
func readUntilKilled(folder string, slowly bool) {
	c, err := OpenCursor(Cursors(folder), "reader")
	if err != nil {
		panic(err)
	}
	r, err := OpenReader(folder)
	if err == nil {
		err = c.Resume(r)
	}
	if err != nil {
		panic(err)
	}
	for count := 1; ; {
		line, after, err := r.Next()
		var loss *Loss
		switch {
		case errors.As(err, &loss):
			fmt.Println("lost-up-to", after.Event, loss)
		case errors.Is(err, io.EOF):
			time.Sleep(time.Millisecond)
			continue
		case err != nil:
			panic(err)
		default:
			number, _, _ := strings.Cut(strings.TrimPrefix(string(line), `{"schema":"tlsfloor/1","n":`), ",")
			n, err := strconv.Atoi(number)
			if err != nil || string(line) != eventOf(n, paddingOf(n)) {
				panic("not an event: " + string(line))
			}
			fmt.Println("got", n)
			count++
		}
		if slowly {
			time.Sleep(5 * time.Millisecond)
		}
		if count%perSet == 0 {
			if err := c.Set(after); err != nil {
				panic(err)
			}
		}
	}
}

// perSet is after how many events the reader sets its cursor.
const perSet = 10

// child is a process of a role. What it says goes to hear, line by line.
type child struct {
	t    *testing.T
	role string
	hear func(line string)
	// program and user are set to run as another user.
	program string
	user    uint32
	cmd     *exec.Cmd
	done    chan struct{}
}

func (c *child) start() {
	c.t.Helper()
	c.cmd = exec.Command(cmp.Or(c.program, os.Args[0]))
	if c.user != 0 {
		asUser(c.cmd, c.user)
	}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+c.role)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return // what has no newline was not said
			}
			c.hear(strings.TrimSuffix(line, "\n"))
		}
	}()
}

func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatalf("the %s ended by itself: %v", c.role, err)
	}
	<-c.done
	if err := c.cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		c.t.Fatalf("the %s ended by itself: %v", c.role, err)
	}
}

// ledger is what the children have said.
type ledger struct {
	written atomic.Int64 // events for which Append has returned
	next    atomic.Int64 // the number that the reader has to say next
	read    atomic.Int64
	doubled atomic.Int64
	lost    atomic.Int64
	wrong   atomic.Value // string
}

func (l *ledger) hearWriter(line string) {
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil || n <= l.written.Load() {
		l.wrong.Store("the writer says " + line)
		return
	}
	l.written.Store(n)
}

func (l *ledger) hearReader(line string) {
	fields := strings.Fields(line)
	n, err := strconv.ParseInt(fields[1], 10, 64)
	next := l.next.Load()
	switch {
	case err != nil:
		l.wrong.Store("the reader says " + line)
	case fields[0] == "lost-up-to":
		l.lost.Add(max(0, n-next)) // the rest was counted before the reader was killed
		l.next.Store(max(n, next))
	case n > next:
		l.wrong.Store(fmt.Sprintf("event %d is read, and %d is due", n, next))
	case n < next:
		l.doubled.Add(1)
	default:
		l.read.Add(1)
		l.next.Store(n + 1)
	}
}

// Writer, reader and both are killed at random moments, 200 times or KILLS. No event is
// missing, and those that come twice are the ones after the last Set.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	kills, err := strconv.Atoi(cmp.Or(os.Getenv("KILLS"), "200"))
	if err != nil {
		t.Fatal(err)
	}
	l := killAtRandom(t, "write", "read", kills)
	if l.lost.Load() != 0 {
		t.Errorf("%d events are lost", l.lost.Load())
	}
}

// With the other policy events are lost where the reader is too slow. They are counted
// exactly.
func TestKilledWhileItOverflows(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	if l := killAtRandom(t, "write-live", "read-slowly", 60); l.lost.Load() == 0 {
		t.Error("the journal did not overflow")
	}
}

func killAtRandom(t *testing.T, writes, reads string, kills int) *ledger {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "journal")
	l := new(ledger)
	writer := &child{t: t, role: writes + " " + folder, hear: l.hearWriter}
	reader := &child{t: t, role: reads + " " + folder, hear: l.hearReader}
	writer.start()
	reader.start()
	random := rand.New(rand.NewPCG(5, uint64(kills)))
	readerKills := int64(0)
	for i := range kills {
		if before := l.written.Load(); i%2 == 0 { // the others are killed also while they begin
			wait.Until(t, func() bool { return l.written.Load() > before || l.wrong.Load() != nil })
		}
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
		if i%3 != 0 {
			reader.kill()
			readerKills++
		}
		if i%3 != 1 {
			writer.kill()
			writer.start()
		}
		if i%3 != 0 {
			reader.start()
		}
	}
	writer.kill()
	w := create(t, Options{Folder: folder, Size: 4 * MinSize, Wait: true})
	end := int64(w.Next())
	wait.Until(t, func() bool { return l.next.Load() == end || l.wrong.Load() != nil })
	reader.kill()
	closeWriter(t, w)
	t.Logf("kill -9: %d; events: %d written, %d read, %d counted as lost, %d doubled", kills, end, l.read.Load(), l.lost.Load(), l.doubled.Load())
	switch wrong := l.wrong.Load(); {
	case wrong != nil:
		t.Error(wrong)
	case l.written.Load() > end:
		t.Errorf("Append has returned for %d events, and %d are there", l.written.Load(), end)
	case l.read.Load()+l.lost.Load() != end:
		t.Error("events are missing")
	case l.doubled.Load() > readerKills*perSet:
		t.Error("events are doubled that the cursor was behind")
	case end < int64(kills):
		t.Error("the writers hardly wrote")
	}
	return l
}
