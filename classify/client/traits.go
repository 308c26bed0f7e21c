package client

import "tlsfloor/parse"

// maxList is the longest list that is looked at. The longest that clients
// send in the recordings has 91 ciphers; one of more elements than this is made up.
const maxList = 256

// traits are what rows look at: the lists of a hello without GREASE, and facts
// that are either so or not.
type traits struct {
	lists [listCount][]uint16
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

// facts is a set of things that are so or not.
type facts uint8

const (
	grease   facts = 1 << iota // RFC 8701, among the ciphers
	sslv2                      // SSLv2 format
	record12                   // the record says TLS 1.2
)

// read takes the traits of h; false when a list is too long. The slices are
// used again, so that nothing is allocated once they have grown.
func (t *traits) read(h *parse.ClientHello, f facts) bool {
	t.facts = f
	t.lists[extensions] = appendTypes(t.lists[extensions][:0], h.Extensions)
	t.lists[groups] = appendNumbers(t.lists[groups][:0], h.SupportedGroups)
	t.lists[signatures] = appendNumbers(t.lists[signatures][:0], h.SignatureAlgorithms)
	if h.SSLv2Format {
		t.lists[ciphers] = appendSpecs(t.lists[ciphers][:0], h.CipherSpecs)
	} else {
		t.lists[ciphers] = appendNumbers(t.lists[ciphers][:0], h.CipherSuites)
	}
	for _, l := range t.lists {
		if len(l) > maxList {
			return false
		}
	}
	return true
}

// factsOf returns the facts about h.
func factsOf(h *parse.ClientHello, record parse.Version) (f facts) {
	if !h.SSLv2Format && h.CipherSuites.Len() > 0 && parse.GREASE(h.CipherSuites.At(0)) {
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

// appendNumbers appends what is not GREASE, and at most one element more than
// is allowed.
func appendNumbers(dst []uint16, from parse.Uint16s) []uint16 {
	for ; len(from) >= 2 && len(dst) <= maxList; from = from[2:] {
		if v := from.At(0); !parse.GREASE(v) {
			dst = append(dst, v)
		}
	}
	return dst
}

func appendTypes(dst []uint16, from parse.Extensions) []uint16 {
	for len(dst) <= maxList {
		typ, _, ok := from.Next()
		if !ok {
			break
		}
		// pre_shared_key and cookie depend on the connection, not the client.
		if v := uint16(typ); !parse.GREASE(v) && typ != parse.ExtPreSharedKey && typ != parse.ExtCookie && typ != parse.ExtEarlyData {
			dst = append(dst, v)
		}
	}
	return dst
}

// appendSpecs appends those of an SSLv2 hello that are TLS cipher suites.
func appendSpecs(dst []uint16, from parse.CipherSpecs) []uint16 {
	for i := 0; i < from.Len() && len(dst) <= maxList; i++ {
		if v := from.At(i); v <= 0xffff {
			dst = append(dst, uint16(v))
		}
	}
	return dst
}
