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
	// maxCPU bounds the processor time of one capture, user and system time together.
	maxCPU = time.Second
	// maxWall bounds the time of a process that hangs.
	maxWall = 30 * time.Second
)

// replayAll runs tlsfloor on each capture. It returns the files of events, and the
// errors.
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

// replay writes one capture's events to output, and returns the processor time. Exit
// status 1 is not an error: a corpus has captures that cannot be read.
func replay(tlsfloor, capture, output string) (time.Duration, error) {
	events, err := os.Create(output)
	if err != nil {
		return 0, err
	}
	defer events.Close()
	ctx, cancel := context.WithTimeout(context.Background(), maxWall)
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
		return cpu, fmt.Errorf("not finished after %v", maxWall)
	case status != 0 && status != 1: // a Go panic ends with 2, a signal with -1
		return cpu, fmt.Errorf("%v\n%s", command.ProcessState, head(messages.Bytes()))
	case cpu > maxCPU:
		return cpu, fmt.Errorf("took %v of CPU", cpu)
	}
	return cpu, nil
}

// head returns the beginning of a message: enough of a panic to show its place.
func head(message []byte) []byte { return message[:min(len(message), 4000)] }
