package client_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
	"tlsfloor/parse/fingerprint"
)

const recordings = "../../testdata/clients"

// grade tells how precise a result is.
type grade string

const (
	right   grade = "right"   // the program, or the library and its generation
	family  grade = "family"  // the library, with a range of generations
	unknown grade = "unknown" // not identified
	wrong   grade = "wrong"
)

// TestRecordings identifies recorded clients, whose software is known.
func TestRecordings(t *testing.T) {
	counts := map[string]map[grade]int{}
	identifier, maker := client.NewIdentifier(), fingerprint.NewMaker()
	for _, row := range readTable(t, recordings, "clients.tsv") {
		list := openings(t, filepath.Join(recordings, "captures", row["capture"]))
		if len(list) == 0 {
			t.Errorf("%s: no hello", row["capture"])
			continue
		}
		o := list[0]
		prints := maker.Client(&o.hello)
		if prints.JA3 != row["ja3"] {
			t.Errorf("%s: ja3 %s, tshark says %s", row["capture"], prints.JA3, row["ja3"])
		}
		s := identifier.Hello(&o.hello, o.record, prints.JA3, prints.JA4)
		g := judge(s, row)
		if counts[row["library"]] == nil {
			counts[row["library"]] = map[grade]int{}
		}
		counts[row["library"]][g]++
		counts[row["library"]]["all"]++
		if g == wrong {
			t.Errorf("%s: called %+v, is %s with %s", row["capture"], *s, row["program"], row["tls_library"])
		}
		if g == unknown {
			t.Logf("%s: unknown: %s", row["capture"], prints.JA3Full)
		}
	}
	report(t, counts)
}

func report(t *testing.T, counts map[string]map[grade]int) {
	var sum = map[grade]int{}
	for library, c := range counts {
		t.Logf("%-14s right %3d  family %3d  unknown %3d  wrong %3d", library, c[right], c[family], c[unknown], c[wrong])
		for g, n := range c {
			sum[g] += n
		}
	}
	t.Logf("%-14s right %3d  family %3d  unknown %3d  wrong %3d", "all", sum[right], sum[family], sum[unknown], sum[wrong])
	// Measured on 2026-11-28; a change of the tables must not lose any.
	if sum[right]+sum[family] < minNamed || sum[right] < minRight {
		t.Errorf("%d right and %d of the family of %d, want at least %d right and %d both", sum[right], sum[family], sum["all"], minRight, minNamed)
	}
}

const (
	minRight = 468
	minNamed = 522
)

// TestMeasuredRows checks that each row fits the recording that it was measured from.
func TestMeasuredRows(t *testing.T) {
	identifier, captures := client.NewIdentifier(), map[*classify.Software][]string{}
	for _, row := range readTable(t, recordings, "clients.tsv") {
		o := recording(t, row["capture"])
		s := identifier.ByTraits(&o.hello, o.record)
		captures[s] = append(captures[s], row["capture"])
	}
	for s, origin := range client.Origins() {
		list, measured := strings.CutPrefix(origin, "measured: ")
		if list, _, _ = strings.Cut(list, ";"); !measured {
			continue
		}
		for name := range strings.SplitSeq(list, ", ") {
			if !slices.ContainsFunc(captures[s], func(c string) bool { return strings.HasPrefix(c, name) }) {
				t.Errorf("%s %s: no recording of %q among %q", s.ID, s.Version, name, captures[s])
			}
		}
	}
}

// judge grades a result. A program must be the one that ran, and its library in the range;
// a library must be the one that the program used.
func judge(s *classify.Software, row map[string]string) grade {
	switch {
	case s == nil:
		return unknown
	case !inRange(s, row):
		return wrong
	case s.ID == row["program"] || s.ID == row["library"]:
		return right
	case strings.HasPrefix(row["library"], s.ID+"-") || s.ID == "java-jsse" && row["program"] == "java":
		return family
	}
	return wrong
}

// inRange reports whether the generation of the library that ran is in the
// range that s names.
func inRange(s *classify.Software, row map[string]string) bool {
	version := s.Version
	if s.ID == "nodejs" {
		if row["program"] != "nodejs" || !within(row["version"], s.Version) {
			return false
		}
		version = strings.TrimPrefix(s.Library, "OpenSSL ")
	}
	return version == "" || within(libraryVersion(row), version)
}
