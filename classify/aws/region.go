package aws

import "strings"

// maxRegion bounds the length of a region's name. The longest today is ap-northeast-1.
// Without the bound, a hostile label would be hashed at each of its hyphens.
const maxRegion = 24

// partitionOf returns the partition of a region, by its name or, for an unknown region,
// by how the name begins. For an unknown part of the world ("nz-north-1") it is empty.
func partitionOf(region string) (partition string, ok bool) {
	if len(region) > maxRegion || !endsInNumber(region) {
		return "", false
	}
	if p, ok := known.regions[region]; ok {
		return p, true
	}
	for _, s := range known.shapes {
		if rest, ok := strings.CutPrefix(region, s.beginning); ok && isWord(withoutNumber(rest)) {
			return s.partition, true
		}
	}
	return "", len(region) > 3 && isWord(region[:2]) && region[2] == '-' && isDirection(withoutNumber(region[3:]))
}

// endsInNumber reports whether label ends in a hyphen and one or two digits.
func endsInNumber(label string) bool { return withoutNumber(label) != "" }

// withoutNumber removes "-1" or "-12" from the end, and returns "" when there is none.
func withoutNumber(label string) string {
	n := len(label)
	for digits := 1; digits <= 2 && digits < n && isDigit(label[n-digits]); digits++ {
		if label[n-digits-1] == '-' {
			return label[:n-digits-1]
		}
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord reports whether s is lower-case letters.
func isWord(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || 'z' < s[i] {
			return false
		}
	}
	return s != ""
}

// isDirection reports whether s is the middle of a region's name: the place within a
// part of the world.
func isDirection(s string) bool {
	switch s {
	case "central", "north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest":
		return true
	}
	return false
}

// placed is a region in a label, with the text around it.
type placed struct {
	region, partition string
	before            string // "s3" of s3-us-west-2, "fips" of fips-us-east-1
	after             string // "fips" of us-east-1-fips
}

// findRegion returns the region that a label is, ends in, or begins with.
func findRegion(label string) (placed, bool) {
	if p, ok := partitionOf(label); ok {
		return placed{region: label, partition: p}, true
	}
	for i := range len(label) {
		if label[i] != '-' {
			continue
		}
		if p, ok := partitionOf(label[i+1:]); ok {
			return placed{region: label[i+1:], partition: p, before: label[:i]}, true
		}
	}
	if i := strings.LastIndexByte(label, '-'); i > 0 {
		if p, ok := partitionOf(label[:i]); ok {
			return placed{region: label[:i], partition: p, after: label[i+1:]}, true
		}
	}
	return placed{}, false
}

// shortRegion returns the short form of a region in ElastiCache's names: apne1 for
// ap-northeast-1, usgw1 for us-gov-west-1.
func shortRegion(region string) string {
	words := strings.Split(region, "-")
	short := words[0]
	for _, w := range words[1:] {
		switch w {
		case "northeast", "northwest", "southeast", "southwest":
			short += w[:1] + w[5:6]
		default:
			short += w[:1]
		}
	}
	return short
}
