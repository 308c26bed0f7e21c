package policy

import (
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
)

// maxHostname is the length of the longest DNS name in text form, without the
// trailing dot (RFC 1035, 2.3.4). What longer ones tell is not remembered.
const maxHostname = 253

// destination is the name of a connection's destination.
type destination struct {
	host       string // in lower case, without a trailing dot
	source     classify.NameSource
	named      bool // host is the name of a host: see Scope.isName
	sniNotName bool // server_name is not the name of a host
}

// destination chooses among the candidates for the destination's name. When the names
// of the connection itself contradict each other, it is the first of them that is in
// scope: a client that hides AWS behind another name, in server_name or at a proxy,
// still connects to AWS.
func (s *Scope) destination(names []classify.Name) destination {
	d := s.trusted(names)
	if !d.named || d.source >= classify.NameCertificate || s.preset == presetNamed || s.holds(d.host) {
		return d
	}
	for _, n := range names {
		own := n.Source > d.source && n.Source <= classify.NameCertificate
		if host := withoutRoot(n.Host); own && s.isName(host) && s.holds(host) && !Covers(host, d.host) {
			d.host, d.source = normal(host), n.Source
			break
		}
	}
	return d
}

// trusted returns the most trusted candidate that can be the name of a host. Clients
// that connect by address put the address into SNI, against RFC 6066, 3, and those
// behind a tunnel "localhost": the certificate's name counts then. Where a client sent
// a name with other text around it, the candidate is reduced to the name. When no
// candidate can be a name, it is the first that is not empty.
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

// mismatched compares the names of the connection itself: those that the client asked
// for, in SNI or of a proxy, and the one in the server's certificate (the one that
// covers the name asked for, if there is one: see Covers). Names from DNS answers do
// not count: many names share an address of a content delivery network, and the answer
// with the right one may be older than the capture.
func (s *Scope) mismatched(names []classify.Name) bool {
	if len(names) < 2 {
		return false
	}
	first := ""
	for _, n := range names {
		host := withoutRoot(n.Host)
		switch {
		case n.Source > classify.NameCertificate || !s.isName(host):
		case first == "":
			first = host
		case !Covers(host, first) && !Covers(first, host):
			return true
		}
	}
	return false
}

// Covers reports whether name equals pattern, or matches it when pattern is a
// certificate's wildcard. Letter case and the trailing dot do not matter. A wildcard
// is the whole first label and stands for one label (RFC 9525, 6.3). In those of S3 it
// stands for any number, because names of buckets may have dots.
func Covers(pattern, name string) bool {
	pattern, name = withoutRoot(pattern), withoutRoot(name)
	if !strings.HasPrefix(pattern, "*.") {
		return strings.EqualFold(pattern, name)
	}
	suffix := pattern[1:]
	cut := len(name) - len(suffix)
	return cut > 0 && strings.EqualFold(name[cut:], suffix) && (!strings.Contains(name[:cut], ".") || ofBuckets(suffix[1:]))
}

// ofBuckets reports whether the names below host are S3 buckets.
func ofBuckets(host string) bool {
	return len(host) > 2 && strings.EqualFold(host[:2], "s3") && (host[2] == '.' || host[2] == '-') && aws.InScope(host)
}

// IsHostname reports whether s has the form of a host name or of a certificate's
// wildcard: labels of letters, digits, hyphens and the underscores of old bucket names,
// of any length. The last label is not a number, as it is in an IPv4 address.
func IsHostname(s string) bool {
	_, ok := lastLabel(s)
	return ok
}

// lastLabel returns where the last label of a host name begins. ok is false when s
// does not have the form of one.
func lastLabel(s string) (at int, ok bool) {
	label := 0 // where the current label begins
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

// isName reports whether host, without a trailing dot, can be the name of a
// destination. Names of one label and those of RFC 6761, 6.3 have a meaning in one
// network or host only: they count only when the scope lists them.
func (s *Scope) isName(host string) bool {
	label, ok := lastLabel(host)
	switch {
	case !ok:
		return false
	case label > 0 && !local(host[label:]):
		return true
	}
	return s.lists(host)
}

// local reports whether names that end in this label are of the host itself:
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

// named finds the name of a host in a text that was sent as one. exact tells that the
// text is the name, apart from letter case and a trailing dot.
func (s *Scope) named(text string) (host string, exact bool) {
	if host = withoutRoot(text); s.isName(host) {
		return host, true
	}
	if host = hostWithin(text); host != text && s.isName(host) {
		return host, false
	}
	return "", false
}

// hostWithin returns the host in texts that some clients send as server_name: a URL
// (RFC 3986, 3.2), a host with a port, a C string with its NUL, a name in blanks or
// quotes, several names (the first). For any other text the result has no meaning.
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

// digits reports whether s has only digits.
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
	letter class = iota // letters, hyphens, underscores
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

// normal returns host in lower case without the trailing dot. It allocates nothing
// when nothing changes. Bytes outside ASCII are unchanged.
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

// withoutRoot removes a trailing dot, which stands for the root of DNS.
func withoutRoot(host string) string { return strings.TrimSuffix(host, ".") }
