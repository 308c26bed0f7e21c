package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"tlsfloor/parse"
)

// The section titles in quotation marks are those of FoxIO's text, "JA4: TLS Client
// Fingerprinting" (technical_details/JA4.md). GREASE is ignored everywhere.

const (
	hexDigits = "0123456789abcdef"

	// noHash stands for the hash of an empty list.
	noHash = "000000000000"
)

// ja4Protocols are the first letters of a JA4 ("QUIC, DTLS or Normal TLS").
var ja4Protocols = [...]byte{parse.TLS: 't', parse.DTLS: 'd', parse.QUIC: 'q'}

// ja4 returns the JA4 of h. It is remembered by the parts of h that it depends on.
func (m *Maker) ja4(h *parse.ClientHello) string {
	m.sorted = appendExtensions(m.sorted[:0], h.Extensions, notGREASE)
	slices.Sort(m.sorted)
	first, last := alpnLetters(h.ALPN)
	version := ja4Version(h)
	key := append(m.key[:0], ja4Protocols[h.Protocol], sniLetter(h), byte(version>>8), byte(version), first, last)
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

// sniLetter returns d when there is a server_name extension, else i. In a hello whose
// lengths disagree, the extension may be found without being in the list.
func sniLetter(h *parse.ClientHello) byte {
	if h.HasServerName {
		return 'd'
	}
	return 'i'
}

// makeJA4 computes a JA4; m.sorted has the extensions, sorted.
func (m *Maker) makeJA4(h *parse.ClientHello) string {
	m.numbers = appendNumbers(m.numbers[:0], h.CipherSuites)
	slices.Sort(m.numbers)
	first, last := alpnLetters(h.ALPN)

	var space [len("t13d1516h2_8daaf6152771_e5627efa2ab1")]byte
	out := append(space[:0], ja4Protocols[h.Protocol])
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

// ja4Version returns the version in a JA4 ("TLS and DTLS Version"): the highest
// number in supported_versions, of DTLS the lowest, else that of the hello. Drafts keep
// their number.
func ja4Version(h *parse.ClientHello) parse.Version {
	highest := parse.Version(0)
	for list := h.SupportedVersions; len(list) >= 2; list = list[2:] {
		v := list.At(0)
		if !parse.GREASE(v) && (highest == 0 || (parse.Version(v) > highest) != (h.Protocol == parse.DTLS)) {
			highest = parse.Version(v)
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

// alpnLetters returns the first and the last character of the first protocol name,
// or of its hexadecimal form when one of them is not alphanumeric ("ALPN Extension
// Value").
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

// appendExtensionList appends the text that the last part of a JA4 is the hash of
// ("Extension hash"): the extensions without SNI and ALPN, and the signature
// algorithms in the order of the hello.
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

// appendCount appends a count as two digits, 99 for more.
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
