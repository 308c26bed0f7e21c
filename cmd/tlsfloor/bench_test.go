package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkWorkload runs all of tlsfloor, from file to event, on the captures in
// WORKLOADS. "make profile" makes the compiler's profile (default.pgo) of it.
func BenchmarkWorkload(b *testing.B) {
	files := filepath.SplitList(os.Getenv("WORKLOADS"))
	if len(files) == 0 {
		b.Skip("WORKLOADS names no captures")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pcap")
		for _, emit := range []string{"flagged", "all"} {
			b.Run(name+"/"+emit, func(b *testing.B) {
				for b.Loop() {
					args := []string{"-q", "--no-sandbox", "--emit", emit, "-r", file}
					if status := run(args, nil, io.Discard, os.Stderr); status != exitOK {
						b.Fatalf("status %d", status)
					}
				}
			})
		}
	}
}
