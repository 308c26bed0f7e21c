// Package metrics writes counts to a file in Prometheus' text format, for the textfile
// collector of a node exporter: tlsfloor itself does not listen.
package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/cmd/internal/emit/ownership"
)

// Counts are the totals of a run.
type Counts struct {
	Packets, Bytes, Flows, Hellos uint64
	Handshakes                    [classify.Violation + 1]uint64 // by verdict
	Flagged, Excepted, Own        uint64
	// The fields Dropped... count packets, connections and events that were lost.
	DroppedKernel, DroppedInterface, DroppedTable, DroppedOutput uint64
	// Faults counts packets that led to a panic.
	Faults uint64
	Blind  []blind.Spot // what could not be seen
	// Packets of flagged flows that were to be written, and flagged flows of which packets
	// are missing; see keep.Stats and packetfile.Stats.
	PacketsWritten, PacketsLost, FlowsNotWhole uint64
	// Waiting is the number of events that outputs have not taken yet.
	Waiting uint64
}

// appendCounts appends c in the text format, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
func appendCounts(dst []byte, c *Counts) []byte {
	dst = counter(dst, "tlsfloor_packets_total", "Packets read.", sample{value: c.Packets})
	dst = counter(dst, "tlsfloor_bytes_total", "Captured bytes in them.", sample{value: c.Bytes})
	dst = counter(dst, "tlsfloor_flows_total", "TCP connections seen.", sample{value: c.Flows})
	dst = counter(dst, "tlsfloor_hellos_total", "ClientHellos and ServerHellos read.", sample{value: c.Hellos})
	var verdicts []sample
	for v, n := range c.Handshakes {
		verdicts = append(verdicts, sample{`{verdict="` + classify.Verdict(v).String() + `"}`, n})
	}
	dst = counter(dst, "tlsfloor_handshakes_total", "TLS handshakes, by verdict.", verdicts...)
	dst = counter(dst, "tlsfloor_flagged_total", "Handshakes in scope below the floor.", sample{value: c.Flagged})
	dst = counter(dst, "tlsfloor_excepted_total", "Handshakes in scope below the floor that an exception (--except) keeps from being flagged.", sample{value: c.Excepted})
	dst = counter(dst, "tlsfloor_own_handshakes_total", "Handshakes of tlsfloor itself, which are no events.", sample{value: c.Own})
	dst = counter(dst, "tlsfloor_dropped_total", "What was lost, by where.",
		sample{`{where="kernel"}`, c.DroppedKernel}, sample{`{where="interface"}`, c.DroppedInterface},
		sample{`{where="table"}`, c.DroppedTable}, sample{`{where="output"}`, c.DroppedOutput})
	dst = counter(dst, "tlsfloor_faults_total", "Packets that led to a fault of tlsfloor's own, and to the loss of their connection.", sample{value: c.Faults})
	var spots [blind.NumCauses]sample
	for c := range spots {
		spots[c].labels = `{cause="` + blind.Cause(c).String() + `"}`
	}
	for _, s := range c.Blind {
		spots[s.Cause].value = s.Count
	}
	dst = counter(dst, "tlsfloor_blind_total", "What could not be seen, by cause.", spots[:]...)
	dst = counter(dst, "tlsfloor_kept_packets_total", "Packets of flagged flows for the capture file (-w), by what became of them.",
		sample{`{result="written"}`, c.PacketsWritten}, sample{`{result="lost"}`, c.PacketsLost})
	dst = counter(dst, "tlsfloor_kept_incomplete_total", "Flagged flows of which packets are missing in the capture file (-w).", sample{value: c.FlowsNotWhole})
	dst = head(dst, "tlsfloor_events_waiting", "gauge", "Events that outputs have not taken yet.")
	return line(dst, "tlsfloor_events_waiting", sample{value: c.Waiting})
}

// sample is one value; labels are in braces, or empty.
type sample struct {
	labels string
	value  uint64
}

func counter(dst []byte, name, help string, samples ...sample) []byte {
	dst = head(dst, name, "counter", help)
	for _, s := range samples {
		dst = line(dst, name, s)
	}
	return dst
}

func head(dst []byte, name, kind, help string) []byte {
	dst = append(append(append(append(dst, "# HELP "...), name...), ' '), help...)
	dst = append(append(append(append(dst, "\n# TYPE "...), name...), ' '), kind...)
	return append(dst, '\n')
}

func line(dst []byte, name string, s sample) []byte {
	dst = append(append(append(dst, name...), s.labels...), ' ')
	return append(strconv.AppendUint(dst, s.value, 10), '\n')
}

// WriteFile replaces the file at path by one with c.
func WriteFile(path string, c *Counts) error { return replace(path, appendCounts(nil, c)) }

// replace replaces the file at path. It renames the new file, so that a collector never
// reads a part of it. Errors name path, not the new file.
func replace(path string, text []byte) error {
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%016x", filepath.Base(path), rand.Uint64()))
	f, err := ownership.Open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", path, withoutNames(err))
	}
	_, err = f.Write(text)
	if chmod := f.Chmod(0o644); err == nil {
		err = chmod
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = ownership.Rename(name, path)
	}
	if err != nil {
		_ = ownership.Remove(name) // which a failed attempt may have left
		return fmt.Errorf("%s: %w", path, withoutNames(err))
	}
	return nil
}

// withoutNames returns what is wrong, without the names of files.
func withoutNames(err error) error {
	var named *fs.PathError
	var renamed *os.LinkError
	switch {
	case errors.As(err, &named):
		return named.Err
	case errors.As(err, &renamed):
		return renamed.Err
	}
	return err
}
