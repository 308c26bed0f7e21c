package policy

import (
	"strings"

	"tlsfloor/classify"
)

// maxHostname is the longest name that DNS can hold in text form without the
// trailing dot (RFC 1035, 2.3.4).
const maxHostname = 253

// destination picks the candidate of the highest trust that can be the name of
// a host. Clients that connect by address put the address into SNI, against
// RFC 6066, 3: a literal does not hide the certificate's name. Where nothing
// better is known, the literal (or whatever was sent) stands.
func destination(names []classify.Name) (string, classify.NameSource) {
	for _, n := range names {
		if n.Source == classify.NameAddress || IsHostname(withoutRoot(n.Host)) {
			return normal(n.Host), n.Source
		}
	}
	for _, n := range names {
		if n.Host != "" {
			return normal(n.Host), n.Source
		}
	}
	return "", classify.NameNone
}

// mismatched compares the names that belong to this very connection: what the
// client asked for, of a proxy or in SNI, and what the server's certificate
// says (of its names the one that covers what was asked for, if there is one:
// see Covers). Names from DNS answers stay out of it: many names share the address of
// a content network, and the answer for the right one may be older than the
// capture.
func mismatched(names []classify.Name) bool {
	if len(names) < 2 {
		return false
	}
	first := ""
	for _, n := range names {
		host := withoutRoot(n.Host)
		switch {
		case n.Source > classify.NameCertificate || !IsHostname(host):
		case first == "":
			first = host
		case !Covers(host, first) && !Covers(first, host):
			return true
		}
	}
	return false
}

// Covers reports whether name is pattern, or below it when pattern is a
// certificate's wildcard. Letter case and the trailing dot do not matter. One
// label is all a wildcard may stand for (RFC 9525, 6.3); here any number will
// do, since a bucket with dots in its name has gone to the right place all the
// same.
func Covers(pattern, name string) bool {
	pattern, name = withoutRoot(pattern), withoutRoot(name)
	if !strings.HasPrefix(pattern, "*.") {
		return strings.EqualFold(pattern, name)
	}
	suffix := pattern[1:]
	cut := len(name) - len(suffix)
	return cut > 0 && strings.EqualFold(name[cut:], suffix)
}

// IsHostname reports whether s has the form of a host name or of a
// certificate's wildcard: letters, digits, hyphens and the underscores of old
// bucket names. The last label of a name is not a number; an IPv4 address's is.
func IsHostname(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	if len(s) == 0 || len(s) > maxHostname {
		return false
	}
	label := 0 // where the label at hand begins
	for i := 0; i < len(s); i++ {
		c := classes[s[i]]
		switch {
		case c < dot:
		case c == foreign || i == label:
			return false
		default:
			label = i + 1
		}
	}
	return !digits(s[label:])
}

// digits reports whether s has nothing else.
func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if classes[s[i]] != digit {
			return false
		}
	}
	return true
}

type class uint8

const (
	letter class = iota // and what else may stand in a label
	digit
	dot
	foreign
)

var classes = func() (table [256]class) {
	for c := range table {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
			table[c] = letter
		case '0' <= c && c <= '9':
			table[c] = digit
		default:
			table[c] = foreign
		}
	}
	table['.'] = dot
	return table
}()

// normal is host in lower case without the trailing dot; nothing is allocated
// where nothing changes. Bytes outside ASCII stay as they are.
func normal(host string) string {
	host = withoutRoot(host)
	for i := 0; i < len(host); i++ {
		if 'A' <= host[i] && host[i] <= 'Z' {
			return lowered(host)
		}
	}
	return host
}

func lowered(host string) string {
	b := []byte(host)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// withoutRoot cuts the trailing dot that stands for the root of DNS.
func withoutRoot(host string) string { return strings.TrimSuffix(host, ".") }
