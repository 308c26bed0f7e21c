package fingerprint

import (
	"encoding/binary"

	"tlsfloor/parse"
)

// appendClientKey appends what the fingerprints of h depend on. Lists come
// with their lengths in front, so that no two hellos share a key by running
// into each other.
func appendClientKey(key []byte, p Protocol, h *parse.ClientHello) []byte {
	first, last := alpnLetters(h.ALPN)
	version := ja4Version(h)
	key = append(key, byte(p), byte(h.LegacyVersion>>8), byte(h.LegacyVersion), byte(version>>8), byte(version), first, last)
	key = appendList(key, h.CipherSuites)
	key = appendTypes(key, h.Extensions)
	key = appendList(key, h.SupportedGroups)
	key = appendList(key, h.SignatureAlgorithms)
	return append(key, h.PointFormats...)
}

// appendServerKey is the same for a ServerHello; GREASE stays in.
func appendServerKey(key []byte, h *parse.ServerHello) []byte {
	key = append(key, byte(h.LegacyVersion>>8), byte(h.LegacyVersion), byte(h.CipherSuite>>8), byte(h.CipherSuite))
	for list := h.Extensions; ; {
		typ, _, ok := list.Next()
		if !ok {
			return key
		}
		key = append(key, byte(typ>>8), byte(typ))
	}
}

// appendList appends the numbers of list that are not GREASE, their count in
// front.
func appendList(key []byte, list parse.Uint16s) []byte {
	start := len(key)
	key = append(key, 0, 0)
	for ; len(list) >= 2; list = list[2:] {
		if v := list.At(0); !parse.GREASE(v) {
			key = binary.BigEndian.AppendUint16(key, v)
		}
	}
	return count(key, start)
}

// appendTypes appends the types of extensions that are not GREASE, their count
// in front.
func appendTypes(key []byte, list parse.Extensions) []byte {
	start := len(key)
	key = append(key, 0, 0)
	for {
		typ, _, ok := list.Next()
		if !ok {
			return count(key, start)
		}
		if !parse.GREASE(uint16(typ)) {
			key = binary.BigEndian.AppendUint16(key, uint16(typ))
		}
	}
}

// count writes the number of elements after start into the two bytes there.
func count(key []byte, start int) []byte {
	binary.BigEndian.PutUint16(key[start:], uint16((len(key)-start-2)/2))
	return key
}
