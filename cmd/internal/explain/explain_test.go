package explain

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlsfloor/capture/testing/captures"
	"tlsfloor/cmd/internal/options"
)

const flaggedEvent = `{"schema":"tlsfloor/1","kind":"handshake","ts":"2026-03-01T12:00:00.000000Z","flagged":true,"fix":"client",` +
	`"reason":"selected TLSv1","src_ip":"10.0.0.5","host":"sts.amazonaws.com","dst_port":443,"advice":{"id":"nodejs","summary":"x"}}` + "\n"

// asked makes this test binary explain standard input, in TestInterrupt.
const asked = "TLSFLOOR_TEST_EXPLAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asked) == "" {
		os.Exit(m.Run())
	}
	c := &Command{Stdin: os.Stdin, Stdout: os.Stdout, Report: func(err error) { panic(err) }}
	if err := c.Run(&options.Explain{Names: []string{"-"}}); err != nil {
		panic(err)
	}
}

// explained returns what the command writes, and the errors that it reports.
func explained(t *testing.T, stdin io.Reader, args ...string) (text string, reported []string) {
	t.Helper()
	o, err := options.ParseExplain(args)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c := &Command{Stdin: stdin, Stdout: &out, Report: func(err error) { reported = append(reported, err.Error()) }}
	if err := c.Run(o); err != nil {
		t.Fatal(err)
	}
	return out.String(), reported
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// Every format that captures may have is read; the name does not matter.
func TestCompressedEvents(t *testing.T) {
	for name, pack := range captures.Compressors {
		packed := pack(t, []byte(strings.Repeat(flaggedEvent, 500)))
		for _, args := range [][]string{{write(t, "events", packed)}, {"-"}} {
			text, reported := explained(t, bytes.NewReader(packed), args...)
			if !strings.HasPrefix(text, "500 flagged flows of 1 client in 500 events.\n") || reported != nil {
				t.Errorf("%s: %.200s, reported %q", name, text, reported)
			}
		}
	}
}

// What was read before an error is written, and is not called all.
func TestErrorsOfFiles(t *testing.T) {
	cut := captures.Compressors["gzip"](t, []byte(strings.Repeat(flaggedEvent, 500)+"x"))
	fine := strings.Replace(flaggedEvent, "true", "false", 1)
	failing := io.MultiReader(strings.NewReader(fine), errorReader{&os.PathError{Op: "read", Path: "/x", Err: syscall.EIO}})
	for _, tt := range []struct {
		name     string
		stdin    io.Reader
		args     []string
		text     string
		reported string
	}{
		{"cut", nil, []string{write(t, "cut.gz", cut[:len(cut)-9])}, " of 1 client in ", "ends early"},
		{"a bad disk", failing, []string{"-"}, "Nothing is flagged in 1 event, but not everything could be read.\n", "explain: standard input: input/output error"},
		{"empty", strings.NewReader(""), []string{"-"}, "", "explain: standard input: no events: it is empty; "},
		{"short", strings.NewReader("{"), []string{"-"}, "", "explain: standard input: no events of tlsfloor in its native format"},
		{"a folder", nil, []string{t.TempDir()}, "", ": is a directory"},
		{"a line that is none", strings.NewReader(fine + "x\n"), []string{"-"}, "but not everything could be read.\n", "explain: lines left out, because they are no events of tlsfloor in its native format: 1"},
		{"a guide with a mistake in it", nil, []string{"nodj"}, "", "explain: nodj is neither a guide nor a file; did you mean nodejs?"},
		{"no guide", nil, []string{"zzz"}, "", `explain: zzz is neither a guide nor a file; "tlsfloor explain" lists the guides`},
	} {
		text, reported := explained(t, tt.stdin, tt.args...)
		if !strings.Contains(text, tt.text) || tt.text == "" && text != "" || len(reported) != 1 || !strings.Contains(reported[0], tt.reported) || strings.Contains(text, "nothing to change") {
			t.Errorf("%s: %.300s, reported %q", tt.name, text, reported)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// An error of the output ends the command, whatever it writes.
func TestOutputFails(t *testing.T) {
	full := errors.New("full")
	for _, o := range []*options.Explain{{}, {Names: []string{"nodejs"}}, {Names: []string{"-"}}} {
		c := &Command{Stdin: strings.NewReader(flaggedEvent), Stdout: failingWriter{full}, Report: func(err error) { t.Error(err) }}
		if err := c.Run(o); !errors.Is(err, full) {
			t.Errorf("%q: %v", o.Names, err)
		}
	}
	c := &Command{Stdout: io.Discard}
	if err := c.Run(&options.Explain{Since: "soon"}); err == nil || !strings.HasPrefix(err.Error(), "explain: --since soon: must be") {
		t.Error(err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// At Ctrl-C, the command explains what the program before it in the pipe still writes. A
// second one ends it.
func TestInterrupt(t *testing.T) {
	const before = 1000 // more than a pipe holds: then the command reads
	for name, interrupts := range map[string]int{"once": 1, "again and again": 1000} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asked+"=1")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(in, strings.Repeat(flaggedEvent, before))
		for range interrupts {
			if err == nil {
				err = cmd.Process.Signal(os.Interrupt)
			}
			if interrupts > 1 {
				time.Sleep(time.Millisecond)
				_, err = io.WriteString(in, flaggedEvent)
			}
		}
		if interrupts == 1 {
			_, err = io.WriteString(in, flaggedEvent)
		}
		in.Close()
		ended := cmd.Wait()
		if interrupts == 1 && (err != nil || ended != nil || !strings.HasPrefix(out.String(), fmt.Sprintf("1,001 flagged flows of 1 client in %s events.\n", "1,001"))) {
			t.Errorf("%s: %v, %v, %.200s", name, err, ended, out.String())
		}
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); interrupts > 1 && (!ok || status.Signal() != syscall.SIGINT) {
			t.Errorf("%s: %v, %v", name, ended, err)
		}
	}
}
