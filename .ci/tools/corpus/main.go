// Command corpus runs tlsfloor on every capture of a corpus, one process for each, and
// scores the events with the corpus's own scripts.
//
//	go run ./corpus TLSFLOOR CORPUS FLOORS
//
// It fails if a capture crashes tlsfloor or takes more than a second of processor time,
// or if a score is below its line in FLOORS.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tlsfloor/tools/floors"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: corpus TLSFLOOR CORPUS FLOORS")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(tlsfloor, corpus, limitsFile string) error {
	limits, err := floors.Read(limitsFile)
	if err != nil {
		return err
	}
	captures, err := filepath.Glob(filepath.Join(corpus, "pcap", "*"))
	if err != nil {
		return err
	}
	if len(captures) == 0 {
		return fmt.Errorf("corpus: no captures in %s", filepath.Join(corpus, "pcap"))
	}
	out, err := os.MkdirTemp("", "tlsfloor-corpus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)

	outputs, failed := replayAll(tlsfloor, captures, out)
	for _, s := range scores {
		values, err := s.measure(corpus, outputs)
		if err != nil {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, limits.Compare(s.name, values))
	}
	return failed
}
