package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// With --every, the counts add up to what was seen, several workers write the same bytes
// as one, and so does a second run, whatever the period.
func TestSeriesOfCaptures(t *testing.T) {
	want := sumOf(t, replay(t, "--emit", "all", "-r", captures))
	lines := 0
	for _, every := range []string{"1s", "40s", "8760h"} {
		args := []string{"--emit", "all", "--every", every, "-r", captures}
		one := replay(t, args...)
		for _, workers := range []string{"1", "4"} {
			if got := replay(t, append([]string{"--workers", workers}, args...)...); !bytes.Equal(got, one) {
				t.Errorf("every %s: %s workers write something else", every, workers)
			}
		}
		if got := sumOf(t, one); got != want {
			t.Errorf("every %s: %d handshakes, want %d", every, got, want)
		}
		if n := bytes.Count(one, []byte{'\n'}); lines > 0 && n >= lines {
			t.Errorf("every %s: %d events, and %d of a shorter period", every, n, lines)
		} else {
			lines = n
		}
	}
}

// sumOf adds up the handshakes that events are about.
func sumOf(t *testing.T, events []byte) (sum uint64) {
	t.Helper()
	for line := range bytes.Lines(events) {
		e := struct {
			Kind  string
			Count uint64
		}{Count: 1}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Kind == "handshake" {
			sum += e.Count
		}
	}
	return sum
}

// What is held is written when the period ends, also while no packet comes, and at the
// latest when a signal ends the run.
func TestSeriesIsWritten(t *testing.T) {
	binary := build(t)
	for _, tt := range []struct{ every, end string }{{"3s", "time"}, {"1h", "signal"}} {
		t.Run(tt.end, func(t *testing.T) {
			t.Parallel()
			folder := room(t)
			capture, out, messages := filepath.Join(folder, "capture"), filepath.Join(folder, "out"), filepath.Join(folder, "messages")
			writeAs(t, capture, readCapture(t, "haproxy-v1.pcap"), 0o644)
			writeAs(t, out, nil, 0o644)
			cmd := exec.Command(binary, "--no-sandbox", "--follow", "--every", tt.every, "-r", capture, "-o", "file:"+out)
			said, err := os.Create(messages)
			must(t, err)
			defer said.Close()
			cmd.Stderr = said
			must(t, cmd.Start())
			defer cmd.Process.Kill()
			say := func() string { return string(read(t, messages)) }
			awaitLines(t, out, 1, say)
			appended, err := os.OpenFile(capture, os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = appended.Write(readCapture(t, "haproxy-v2.pcap")[24:]) // without the header of the file
			must(t, err)
			must(t, appended.Close())
			eventually(t, "it holds the second", func() bool {
				must(t, cmd.Process.Signal(syscall.SIGUSR1))
				time.Sleep(100 * time.Millisecond)
				return strings.Contains(say(), "1 handshake that no event is about yet (--every)") || strings.Count(string(read(t, out)), "\n") > 1
			})
			if tt.end == "time" {
				awaitLines(t, out, 2, say)
			} else if n := strings.Count(string(read(t, out)), "\n"); n != 1 {
				t.Errorf("%d events before the end", n)
			}
			must(t, cmd.Process.Signal(syscall.SIGTERM))
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, say())
			}
			if events := read(t, out); sumOf(t, events) != 2 || !strings.Contains(say(), "2 handshakes flagged of 2 seen") {
				t.Errorf("%s%s", events, say())
			}
		})
	}
}
