package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// mostCPU is what one capture may cost, user and system time together.
	mostCPU = time.Second
	// mostWall ends a process that waits for something that never comes.
	mostWall = 30 * time.Second
)

// replayAll runs tlsfloor on each capture, and returns the outputs and what
// went wrong.
func replayAll(tlsfloor string, captures []string, out string) (outputs []string, failed error) {
	var total, worst time.Duration
	var slowest string
	for _, capture := range captures {
		output := filepath.Join(out, filepath.Base(capture)+".jsonl")
		cpu, err := replay(tlsfloor, capture, output)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("corpus: %s: %w", filepath.Base(capture), err))
		}
		total += cpu
		if cpu > worst {
			worst, slowest = cpu, filepath.Base(capture)
		}
		outputs = append(outputs, output)
	}
	fmt.Printf("corpus: %d captures, %.1f s of CPU, %.3f s for the slowest, %s\n",
		len(captures), total.Seconds(), worst.Seconds(), slowest)
	return outputs, failed
}

// replay writes one capture's events to output and returns the CPU time it
// took. Status 1 is no failure: a corpus has captures that cannot be read.
func replay(tlsfloor, capture, output string) (time.Duration, error) {
	events, err := os.Create(output)
	if err != nil {
		return 0, err
	}
	defer events.Close()
	ctx, cancel := context.WithTimeout(context.Background(), mostWall)
	defer cancel()

	var messages bytes.Buffer
	command := exec.CommandContext(ctx, tlsfloor, "--emit", "all", "-r", capture)
	command.Stdout, command.Stderr = events, &messages
	err = command.Run()
	if command.ProcessState == nil {
		return 0, err
	}
	cpu := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	status := command.ProcessState.ExitCode()
	switch {
	case ctx.Err() != nil:
		return cpu, fmt.Errorf("not finished after %v", mostWall)
	case status != 0 && status != 1: // a Go panic ends with 2, a signal with -1
		return cpu, fmt.Errorf("%v\n%s", command.ProcessState, head(messages.Bytes()))
	case cpu > mostCPU:
		return cpu, fmt.Errorf("took %v of CPU", cpu)
	}
	return cpu, nil
}

// head is the beginning of a message: enough of a panic to find its place.
func head(message []byte) []byte { return message[:min(len(message), 4000)] }
