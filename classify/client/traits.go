package client

import "tlsfloor/parse"

// The longest lists that are compared with the rows. The longest in the recordings have
// 91 ciphers, 29 signature algorithms, 25 groups and 19 extensions. Longer ones are made
// up, and would make the search slow.
const (
	maxCiphers = 256
	maxList    = 64 // other lists
)

// traits are the parts of a hello that rows describe: its lists without GREASE, and
// facts that are true or false.
type traits struct {
	lists [listCount][]uint16
	sets  [listCount]set
	facts facts
}

// list is one of the lists of a hello.
type list uint8

const (
	extensions list = iota
	groups
	ciphers
	signatures
	listCount
)

var listEvidence = [listCount]string{
	"hello.extensions", "hello.groups", "hello.ciphers", "hello.signature_algorithms",
}

// facts is a set of facts that are true.
type facts uint8

const (
	grease   facts = 1 << iota // GREASE among the ciphers (RFC 8701)
	sslv2                      // SSLv2 format
	record12                   // the version of the record is TLS 1.2
)

// read reads the traits of h. It returns false when a list is too long without GREASE:
// GREASE does not count, because hellos that differ in GREASE only have the same key in
// callers' caches. The slices are used again, so that nothing is allocated once they
// have grown.
func (t *traits) read(h *parse.ClientHello, f facts) (ok bool) {
	t.facts = f
	t.lists[extensions] = appendTypes(t.lists[extensions][:0], h.Extensions)
	t.lists[groups] = appendNumbers(t.lists[groups][:0], h.SupportedGroups)
	t.lists[signatures] = appendNumbers(t.lists[signatures][:0], h.SignatureAlgorithms)
	t.lists[ciphers] = appendNumbers(t.lists[ciphers][:0], h.CipherSuites)
	t.lists[ciphers] = appendSpecs(t.lists[ciphers], h.CipherSpecs)
	if len(t.lists[ciphers]) > maxCiphers || len(t.lists[extensions]) > maxList ||
		len(t.lists[groups]) > maxList || len(t.lists[signatures]) > maxList {
		return false
	}
	for i, list := range t.lists {
		t.sets[i] = setOf(list)
	}
	return true
}

// Greased reports whether the ciphers begin with GREASE.
func Greased(h *parse.ClientHello) bool {
	return !h.SSLv2Format && h.CipherSuites.Len() > 0 && parse.GREASE(h.CipherSuites.At(0))
}

// factsOf returns the facts about h.
func factsOf(h *parse.ClientHello, record parse.Version) (f facts) {
	if Greased(h) {
		f |= grease
	}
	if h.SSLv2Format {
		f |= sslv2
	}
	if record == parse.TLSv12 {
		f |= record12
	}
	return f
}

// appendNumbers appends the numbers that are not GREASE. It leaves out
// TLS_FALLBACK_SCSV, a cipher that depends on the connection and not the client.
func appendNumbers(dst []uint16, from parse.Uint16s) []uint16 {
	for i := range from.Len() {
		if v := from.At(i); !parse.GREASE(v) && v != parse.FallbackSCSV {
			dst = append(dst, v)
		}
	}
	return dst
}

// appendTypes appends the types that are not GREASE and do not depend on the connection.
func appendTypes(dst []uint16, from parse.Extensions) []uint16 {
	for {
		typ, ok := from.NextType()
		if !ok {
			return dst
		}
		if !parse.GREASE(uint16(typ)) && typ != parse.ExtPreSharedKey && typ != parse.ExtCookie && typ != parse.ExtEarlyData {
			dst = append(dst, uint16(typ))
		}
	}
}

// appendSpecs appends the TLS cipher suites of an SSLv2 hello. Other hellos have none.
func appendSpecs(dst []uint16, from parse.CipherSpecs) []uint16 {
	for i := range from.Len() {
		if v := from.At(i); v <= 0xffff && v != parse.FallbackSCSV {
			dst = append(dst, uint16(v))
		}
	}
	return dst
}
