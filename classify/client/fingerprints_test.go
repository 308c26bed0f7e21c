package client_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
	"tlsfloor/parse/fingerprint"
)

var update = flag.Bool("update", false, "write data/fingerprints.tsv from the recordings")

const fingerprintsHead = `# Fingerprints that one library alone was seen to send, from the recordings in
# testdata/clients: go test ./classify/client -run TestFingerprints -update
# JA4 stands where a client shuffles its extensions. JA3 is Salesforce's (BSD
# 3-Clause), JA4 for TLS clients FoxIO's (BSD 3-Clause); the values are ours.
id	version	library	confidence	fingerprint	origin
`

// TestFingerprints makes the table of fingerprints again and compares. Hellos that their
// traits do not identify get no row: a fingerprint from one machine is not enough.
func TestFingerprints(t *testing.T) {
	got := fingerprintsHead + measured(t)
	file := filepath.Join("data", "fingerprints.tsv")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the recordings give: run with -update", file)
	}
}

// sender is the software that sends a fingerprint.
type sender struct {
	software *classify.Software
	captures []string
	shared   bool // by software that is not called the same
	listed   bool // in the table
}

// measured gives each recording a row by its JA3, or by its JA4 if it shuffles. A JA4 must
// not be that of other software which does not shuffle, either.
func measured(t *testing.T) string {
	identifier, maker, senders := client.NewIdentifier(), fingerprint.NewMaker(), map[string]*sender{}
	for _, row := range readTable(t, recordings, "clients.tsv") {
		o := openings(t, filepath.Join(recordings, "captures", row["capture"]))[0]
		prints := maker.Client(&o.hello)
		s := identifier.ByTraits(&o.hello, o.record)
		for print, listed := range map[string]bool{prints.JA3: !shuffles(row), prints.JA4: shuffles(row)} {
			if senders[print] == nil {
				senders[print] = &sender{software: s}
			}
			one := senders[print]
			one.captures = append(one.captures, row["capture"])
			one.shared = one.shared || s != one.software || judge(s, row) != right
			one.listed = one.listed || listed
		}
	}
	var text strings.Builder
	for _, print := range slices.Sorted(maps.Keys(senders)) {
		if one := senders[print]; one.listed && !one.shared {
			s := one.software
			fmt.Fprintf(&text, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Version, s.Library, s.Confidence, print, one.origin())
		}
	}
	return text.String()
}

// shuffles reports whether the client of a row orders its extensions at random.
func shuffles(row map[string]string) bool {
	return row["program"] == "chrome" || row["library"] == "rustls" || row["tls_library"] == "GnuTLS 3.8.9"
}

func (s *sender) origin() string {
	origin := "measured: " + s.captures[0]
	if more := len(s.captures) - 1; more > 0 {
		origin += fmt.Sprintf(" and %d more", more)
	}
	return origin
}
