// Command seeds keeps inputs that fuzzing has found: from Go's cache it copies those that
// reach statements of this repository which the target's own inputs do not reach, to
// files in testdata/fuzz. "go test" runs these, and fuzzing begins with them.
//
//	go run ./seeds ROOT [PATTERN]
//
// PATTERN is a regular expression for the targets, each written as FOLDER/TARGET. An
// input that fails is printed and not kept, and makes the command fail.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// Bounds of what is kept, with what is there already: the bytes of an input's file, the
// inputs of a target, and the bytes of all inputs.
const (
	maxInput  = 8 << 10
	maxInputs = 16
	maxTotal  = 1 << 20
)

func main() {
	if len(os.Args) < 2 || len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: seeds ROOT [PATTERN]")
		os.Exit(2)
	}
	pattern := strings.Join(os.Args[2:], "")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1], pattern); err != nil {
		fmt.Fprintln(os.Stderr, "seeds:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, pattern string) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	packages, err := findTargets(root)
	if err != nil {
		return err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "tlsfloor-seeds-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	k := keeper{cache: filepath.Join(strings.TrimSpace(string(cache)), "fuzz", "tlsfloor"), root: root, work: work}
	for _, p := range packages {
		for _, target := range p.targets {
			_, bytes, err := k.count(p.folder, target)
			if err != nil {
				return err
			}
			k.bytes += bytes
		}
	}
	for _, p := range packages {
		if err := k.keepPackage(ctx, p, wanted); err != nil {
			return err
		}
	}
	fmt.Printf("seeds: %d inputs added, %d bytes kept in all\n", k.kept, k.bytes)
	if k.failed > 0 {
		return fmt.Errorf("%d inputs fail", k.failed)
	}
	return nil
}
