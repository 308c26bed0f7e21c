package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/tools/floors"
)

const (
	published = "../../../../shared/fingerprints/hellos-2019.tsv"
	limits    = "../../clients-floors"
)

// scored scores the published list, or skips the test where it is not there.
func scored(t *testing.T) *score {
	t.Helper()
	kinds, err := readKinds(published)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no list of hellos beside the repository: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := scoreAll(kinds, "mapping.tsv")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFloors fails when a change of the tables makes the figures worse.
func TestFloors(t *testing.T) {
	s := scored(t)
	f, err := floors.Read(limits)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.compare(f); err != nil {
		s.print(os.Stdout)
		t.Error(err)
	}
}

// The rows of the list are read as hellos that their senders could have sent.
func TestReadKind(t *testing.T) {
	tests := []struct {
		text, want string // extensions
		below, cut bool
	}{
		{"(0301)(0039003500ff)((0000)(0023))", "0 35", true, false},
		{"(0300)(000a00ff)", "", true, false},
		{"(0303)(13010035)((0000)(002b0009080304030303020301)(000a00080006001d00170018))", "0 43 10", false, false},
		{"(0303)(0035)(01)", "", false, true},
	}
	for _, test := range tests {
		k, err := readKind([]string{test.text, "3", "a: b.exe:2; c:1e+3", ""})
		if err != nil {
			t.Fatal(err)
		}
		if got := numbers(k.types()); got != test.want || k.below12() != test.below || k.cut != test.cut {
			t.Errorf("%s: extensions %q, below 1.2 %v, cut %v", test.text, got, k.below12(), k.cut)
		}
		if k.flows() != 1002 || k.senders[0].process != "a: b.exe" {
			t.Errorf("senders %v", k.senders)
		}
	}
	for _, bad := range []string{"(0301)", "(03)(0035)", "(0301)(003)", "(0301)(0035)((00))"} {
		if _, err := readKind([]string{bad, "1", "a:1", ""}); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestGradeOf(t *testing.T) {
	tests := []struct {
		id         string
		confidence classify.Confidence
		libraries  string
		want       grade
	}{
		{"", 0, "openssl", unknown},
		{"openssl-1.0.2", classify.Low, "openssl", right},
		{"java-11", classify.Medium, "java-jsse", right},
		{"schannel", classify.Medium, "openssl", wrong},
		{"schannel", classify.Low, "openssl", wrongLow},
		{"nodejs", classify.Medium, "nodejs openssl", right},
		{"nodejs", classify.Medium, "openssl", wrong},
		{"tls-inspection", classify.Low, "nss inspection", right},
		{"tls-inspection", classify.Low, "openssl", wrongLow},
	}
	for _, test := range tests {
		var s *classify.Software
		if test.id != "" {
			s = &classify.Software{ID: test.id, Confidence: test.confidence}
		}
		if got := gradeOf(s, strings.Fields(test.libraries)); got != test.want {
			t.Errorf("%s and %s: grade %d, want %d", test.id, test.libraries, got, test.want)
		}
	}
}

// A score that falls below a floor is an error that names it.
func TestCompare(t *testing.T) {
	k, err := readKind([]string{"(0301)(c014c00a003900ff)((0000)(0023))", "9", "chrome:9", ""})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newScore([]*kind{k}, mapping{{"chrome", []string{"boringssl"}, "x"}})
	if err != nil {
		t.Fatal(err)
	}
	s.print(io.Discard)
	f := floors.Floors{{"below", "fields"}: 0.5, {"all", "fields"}: 0.5}
	if err := s.compare(f); err == nil || !strings.Contains(err.Error(), "below right_kinds is 0.0000") {
		t.Errorf("%v", err)
	}
}
