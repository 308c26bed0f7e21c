package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"tlsfloor/parse"
)

// The section titles below are those of FoxIO's text, "JA4: TLS Client
// Fingerprinting" (technical_details/JA4.md). GREASE is ignored everywhere.

const (
	hexDigits = "0123456789abcdef"

	// noHash stands for the hash of nothing.
	noHash = "000000000000"
)

// ja4Version is the version that a JA4 names ("TLS and DTLS Version"): the
// highest number in supported_versions, else that of the hello. Drafts keep
// their number.
func ja4Version(h *parse.ClientHello) parse.Version {
	highest := parse.Version(0)
	for list := h.SupportedVersions; len(list) >= 2; list = list[2:] {
		if v := list.At(0); !parse.GREASE(v) {
			highest = max(highest, parse.Version(v))
		}
	}
	if highest == 0 {
		return h.LegacyVersion
	}
	return highest
}

func versionLetters(v parse.Version) string {
	switch v {
	case parse.TLSv13:
		return "13"
	case parse.TLSv12:
		return "12"
	case parse.TLSv11:
		return "11"
	case parse.TLSv1:
		return "10"
	case parse.SSLv3:
		return "s3"
	case parse.SSLv2:
		return "s2"
	case parse.DTLSv1:
		return "d1"
	case parse.DTLSv12:
		return "d2"
	case parse.DTLSv13:
		return "d3"
	}
	return "00"
}

// alpnLetters are the first and last characters of the first protocol name,
// or of its hexadecimal form when one of them is not alphanumeric ("ALPN
// Extension Value").
func alpnLetters(list parse.Protocols) (first, last byte) {
	name, ok := list.Next()
	if !ok || len(name) == 0 {
		return '0', '0'
	}
	first, last = name[0], name[len(name)-1]
	if alphanumeric(first) && alphanumeric(last) {
		return first, last
	}
	return hexDigits[first>>4], hexDigits[last&15]
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// ja4 returns the JA4 of h, remembered by what it depends on: that is less
// than what JA3 does.
func (m *Maker) ja4(h *parse.ClientHello) string {
	m.sorted = appendExtensions(m.sorted[:0], h.Extensions, notGREASE)
	slices.Sort(m.sorted)
	first, last := alpnLetters(h.ALPN)
	version := ja4Version(h)
	key := append(m.key[:0], byte(m.Protocol), sniLetter(h), byte(version>>8), byte(version), first, last)
	key = appendList(key, h.CipherSuites)
	key = appendList(key, h.SignatureAlgorithms)
	for _, typ := range m.sorted {
		key = append(key, byte(typ>>8), byte(typ))
	}
	m.key = key
	if found, ok := m.ja4s.Get(key); ok {
		return found
	}
	made := m.makeJA4(h)
	m.ja4s.Put(key, made)
	return made
}

// sniLetter is d where the server_name extension is there, else i. Of a hello whose
// lengths disagree it may be found without being in the list of extensions.
func sniLetter(h *parse.ClientHello) byte {
	if h.HasServerName {
		return 'd'
	}
	return 'i'
}

// makeJA4 writes a JA4; m.sorted holds the extensions, sorted.
func (m *Maker) makeJA4(h *parse.ClientHello) string {
	m.numbers = appendNumbers(m.numbers[:0], h.CipherSuites)
	slices.Sort(m.numbers)
	first, last := alpnLetters(h.ALPN)

	var space [len("t13d1516h2_8daaf6152771_e5627efa2ab1")]byte
	out := append(space[:0], byte(m.Protocol))
	out = append(out, versionLetters(ja4Version(h))...)
	out = append(out, sniLetter(h))
	out = appendCount(out, len(m.numbers))
	out = appendCount(out, len(m.sorted))
	out = append(out, first, last, '_')
	m.text = appendHex(m.text[:0], m.numbers)
	out = append(appendHash(out, m.text), '_')
	m.text = m.appendExtensionList(m.text[:0], h)
	return string(appendHash(out, m.text))
}

// appendExtensionList appends what the last part is the hash of ("Extension
// hash"): the extensions without SNI and ALPN, and the signature algorithms as
// sent.
func (m *Maker) appendExtensionList(dst []byte, h *parse.ClientHello) []byte {
	m.sorted = slices.DeleteFunc(m.sorted, func(typ uint16) bool {
		return typ == uint16(parse.ExtServerName) || typ == uint16(parse.ExtALPN)
	})
	m.numbers = appendNumbers(m.numbers[:0], h.SignatureAlgorithms)
	dst = appendHex(dst, m.sorted)
	if len(m.sorted) == 0 || len(m.numbers) == 0 {
		return dst
	}
	return appendHex(append(dst, '_'), m.numbers)
}

// appendCount appends two digits; more than 99 are 99.
func appendCount(dst []byte, n int) []byte {
	n = min(n, 99)
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// appendHex appends the numbers as four hexadecimal digits each, with commas
// between them.
func appendHex(dst []byte, numbers []uint16) []byte {
	for i, v := range numbers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, hexDigits[v>>12], hexDigits[v>>8&15], hexDigits[v>>4&15], hexDigits[v&15])
	}
	return dst
}

// appendHash appends the first 12 digits of the SHA-256 of list.
func appendHash(dst, list []byte) []byte {
	if len(list) == 0 {
		return append(dst, noHash...)
	}
	sum := sha256.Sum256(list)
	return hex.AppendEncode(dst, sum[:6])
}
