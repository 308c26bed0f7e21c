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
func (c *Cache) ja4(h *parse.ClientHello) string {
	c.sorted = appendExtensions(c.sorted[:0], h.Extensions, notGREASE)
	slices.Sort(c.sorted)
	first, last := alpnLetters(h.ALPN)
	version := ja4Version(h)
	key := append(c.ja4Key[:0], byte(c.Protocol), byte(version>>8), byte(version), first, last)
	key = appendList(key, h.CipherSuites)
	key = appendList(key, h.SignatureAlgorithms)
	for _, typ := range c.sorted {
		key = append(key, byte(typ>>8), byte(typ))
	}
	c.ja4Key = key
	if found, ok := c.ja4s.get(key); ok {
		return found
	}
	made := c.makeJA4(h)
	c.ja4s.put(key, made)
	return made
}

// makeJA4 writes a JA4; c.sorted holds the extensions, sorted.
func (c *Cache) makeJA4(h *parse.ClientHello) string {
	c.numbers = appendNumbers(c.numbers[:0], h.CipherSuites)
	slices.Sort(c.numbers)
	sni := byte('i')
	if h.HasServerName {
		sni = 'd'
	}
	first, last := alpnLetters(h.ALPN)

	var space [len("t13d1516h2_8daaf6152771_e5627efa2ab1")]byte
	out := append(space[:0], byte(c.Protocol))
	out = append(out, versionLetters(ja4Version(h))...)
	out = append(out, sni)
	out = appendCount(out, len(c.numbers))
	out = appendCount(out, len(c.sorted))
	out = append(out, first, last, '_')
	c.text = appendHex(c.text[:0], c.numbers)
	out = append(appendHash(out, c.text), '_')
	c.text = c.appendExtensionList(c.text[:0], h)
	return string(appendHash(out, c.text))
}

// appendExtensionList appends what the last part is the hash of ("Extension
// hash"): the extensions without SNI and ALPN, and the signature algorithms as
// sent.
func (c *Cache) appendExtensionList(dst []byte, h *parse.ClientHello) []byte {
	c.sorted = slices.DeleteFunc(c.sorted, func(typ uint16) bool {
		return typ == uint16(parse.ExtServerName) || typ == uint16(parse.ExtALPN)
	})
	c.numbers = appendNumbers(c.numbers[:0], h.SignatureAlgorithms)
	dst = appendHex(dst, c.sorted)
	if len(c.sorted) == 0 || len(c.numbers) == 0 {
		return dst
	}
	return appendHex(append(dst, '_'), c.numbers)
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
