package client_test

import (
	"strconv"
	"strings"
	"testing"
)

// libraryVersion returns the version of the TLS library of a row. For Java and Go it is
// that of the program.
func libraryVersion(row map[string]string) string {
	if v := row["version"]; strings.HasPrefix(v, "1.8.0_") && row["program"] == "java" {
		return "8u" + strings.TrimPrefix(v, "1.8.0_")
	}
	if row["program"] == "java" || row["program"] == "go" {
		return row["version"]
	}
	words := strings.Fields(row["tls_library"])
	return words[len(words)-1]
}

// within reports whether version is in a range such as "1.0.1 to 1.0.2",
// "3.5 or later" or "2"; a bound with fewer parts stands for all versions that begin so.
func within(version, limits string) bool {
	v := parts(version)
	low, high, bounded := strings.Cut(limits, " to ")
	if since, open := strings.CutSuffix(low, " or later"); open {
		return compare(v, parts(since)) >= 0
	}
	if !bounded {
		high = low
	}
	return compare(v, parts(low)) >= 0 && compare(v, parts(high)) <= 0
}

// compare compares as many parts as bound has.
func compare(version, bound []int) int {
	for i, b := range bound {
		switch {
		case i >= len(version) || version[i] < b:
			return -1
		case version[i] > b:
			return 1
		}
	}
	return 0
}

func parts(version string) (numbers []int) {
	for _, word := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, _ := strconv.Atoi(word)
		numbers = append(numbers, n)
	}
	return numbers
}

func TestWithin(t *testing.T) {
	tests := []struct {
		version, limits string
		want            bool
	}{
		{"1.0.2k", "1.0.1 to 1.0.2", true},
		{"1.1.0h", "1.0.1 to 1.0.2", false},
		{"3.5.7", "3.0 to 3.4", false},
		{"3.5.7", "3.5 or later", true},
		{"v10.24.1", "10", true},
		{"8u504", "8u262 or later", true},
	}
	for _, test := range tests {
		if got := within(test.version, test.limits); got != test.want {
			t.Errorf("%s in %s: %v", test.version, test.limits, got)
		}
	}
}
