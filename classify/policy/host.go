package policy

import (
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
)

// maxHostname is the longest name that DNS can hold in text form without the
// trailing dot (RFC 1035, 2.3.4). Longer ones are judged, but not remembered.
const maxHostname = 253

// destination is what a connection leads to, by the candidates for its name.
type destination struct {
	host       string // in lower case, without a trailing dot
	source     classify.NameSource
	named      bool // host is the name of a host: see Scope.names
	sniNotName bool // server_name is no such name as it stands
}

// destination is where a connection leads. Where its own names contradict each
// other it is the first of them that is in scope: who calls AWS under another name,
// in server_name or at a proxy, still calls AWS.
func (s *Scope) destination(names []classify.Name) destination {
	d := s.trusted(names)
	if !d.named || d.source >= classify.NameCertificate || s.preset == presetNamed || s.holds(d.host) {
		return d
	}
	for _, n := range names {
		own := n.Source > d.source && n.Source <= classify.NameCertificate
		if host := withoutRoot(n.Host); own && s.names(host) && s.holds(host) && !Covers(host, d.host) {
			d.host, d.source = normal(host), n.Source
			break
		}
	}
	return d
}

// trusted picks the candidate of the highest trust that can be the name of a
// host. Clients that connect by address put the address into SNI, against
// RFC 6066, 3, and those behind a tunnel "localhost": neither hides the
// certificate's name. Where a client sent a name with more around it, the
// candidate becomes the name. Where nothing better is known, what was sent stands.
func (s *Scope) trusted(names []classify.Name) (d destination) {
	for i := range names {
		n := &names[i]
		if n.Source == classify.NameAddress {
			d.host, d.source = normal(n.Host), n.Source
			return d
		}
		host, exact := s.named(n.Host)
		if !exact && n.Source == classify.NameSNI {
			d.sniNotName = n.Host != ""
		}
		if host == "" || !exact && n.Source > classify.NameConnect {
			continue
		}
		if !exact {
			n.Host = host
		}
		d.host, d.source, d.named = normal(host), n.Source, true
		return d
	}
	for _, n := range names {
		if n.Host != "" {
			d.host, d.source = normal(n.Host), n.Source
			break
		}
	}
	return d
}

// mismatched compares the names that belong to this very connection: what the
// client asked for, of a proxy or in SNI, and what the server's certificate
// says (of its names the one that covers what was asked for, if there is one:
// see Covers). Names from DNS answers stay out of it: many names share the address of
// a content network, and the answer for the right one may be older than the
// capture.
func (s *Scope) mismatched(names []classify.Name) bool {
	if len(names) < 2 {
		return false
	}
	first := ""
	for _, n := range names {
		host := withoutRoot(n.Host)
		switch {
		case n.Source > classify.NameCertificate || !s.names(host):
		case first == "":
			first = host
		case !Covers(host, first) && !Covers(first, host):
			return true
		}
	}
	return false
}

// Covers reports whether name is pattern, or below it when pattern is a
// certificate's wildcard. Letter case and the trailing dot do not matter. A
// wildcard is the whole first label and stands for one (RFC 9525, 6.3). Those of
// S3 stand for any number: a bucket with dots in its name has gone to the right
// place all the same.
func Covers(pattern, name string) bool {
	pattern, name = withoutRoot(pattern), withoutRoot(name)
	if !strings.HasPrefix(pattern, "*.") {
		return strings.EqualFold(pattern, name)
	}
	suffix := pattern[1:]
	cut := len(name) - len(suffix)
	return cut > 0 && strings.EqualFold(name[cut:], suffix) && (!strings.Contains(name[:cut], ".") || ofBuckets(suffix[1:]))
}

// ofBuckets reports whether the names below host are those of S3's buckets.
func ofBuckets(host string) bool {
	return len(host) > 2 && strings.EqualFold(host[:2], "s3") && (host[2] == '.' || host[2] == '-') && aws.InScope(host)
}

// IsHostname reports whether s has the form of a host name or of a
// certificate's wildcard: letters, digits, hyphens and the underscores of old
// bucket names. The last label of a name is not a number; an IPv4 address's is.
// The length may be any.
func IsHostname(s string) bool {
	_, ok := lastLabel(s)
	return ok
}

// lastLabel is where the last label of a host name begins; ok is false where s
// has not the form of one.
func lastLabel(s string) (at int, ok bool) {
	label := 0 // where the label at hand begins
	if strings.HasPrefix(s, "*.") {
		label = len("*.")
	}
	if len(s) == label {
		return 0, false
	}
	for i := label; i < len(s); i++ {
		c := classes[s[i]]
		switch {
		case c < dot:
		case c == foreign || i == label:
			return 0, false
		default:
			label = i + 1
		}
	}
	return label, !digits(s[label:])
}

// names reports whether host, without a trailing dot, can be what a destination
// is called. A name of one label is what somebody calls it at home, and the
// names of RFC 6761, 6.3 are whoever says so: they are names where the scope
// lists them only.
func (s *Scope) names(host string) bool {
	label, ok := lastLabel(host)
	switch {
	case !ok:
		return false
	case label > 0 && !local(host[label:]):
		return true
	}
	return s.lists(host)
}

// local reports whether names that end in this label stay on their host:
// localhost (RFC 6761, 6.3), and localdomain of old hosts files.
func local(label string) bool {
	switch len(label) {
	case len("localhost"):
		return strings.EqualFold(label, "localhost")
	case len("localdomain"):
		return strings.EqualFold(label, "localdomain")
	}
	return false
}

// named finds the name of a host in a text that was sent as one. exact says that
// the text is that name, but for its letter case and the trailing dot.
func (s *Scope) named(text string) (host string, exact bool) {
	if host = withoutRoot(text); s.names(host) {
		return host, true
	}
	if host = hostWithin(text); host != text && s.names(host) {
		return host, false
	}
	return "", false
}

// hostWithin is the host in what some clients send as server_name: a URL (RFC
// 3986, 3.2), a host with its port, a C string with its end, a name with blanks
// or quotes around it, the first of several. Of anything else it is some part.
func hostWithin(text string) string {
	const (
		between = " \t\r\n\v\f\x00,;"
		around  = between + "\"'<>"
	)
	text = strings.Trim(text, around)
	if at := strings.Index(text, "//"); at == 0 || at > 0 && text[at-1] == ':' {
		text = text[at+len("//"):]
	}
	if end := strings.IndexAny(text, between+"/\\?#"); end >= 0 {
		text = text[:end]
	}
	text = text[strings.LastIndexByte(text, '@')+1:]
	if host, port, ok := strings.Cut(text, ":"); ok && digits(port) {
		text = host
	}
	return strings.Trim(text, around+".")
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
