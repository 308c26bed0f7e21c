package fingerprint

import (
	"encoding/binary"

	"tlsfloor/parse"
)

// AppendClientKey appends what of h the client decides and not the connection:
// versions, ciphers, types of extensions in their order, groups, signature
// algorithms, point formats and the list of ALPN, all without GREASE. The
// fingerprints depend on less. Lists come with their lengths in front, so that
// no two hellos share a key by running into each other.
func AppendClientKey(key []byte, h *parse.ClientHello) []byte {
	key = append(key, byte(h.LegacyVersion>>8), byte(h.LegacyVersion))
	key = appendList(key, h.SupportedVersions)
	key = append(key, byte(len(h.ALPN)>>8), byte(len(h.ALPN)))
	key = append(key, h.ALPN...)
	key = append(key, byte(len(h.CipherSpecs)>>8), byte(len(h.CipherSpecs)))
	key = append(key, h.CipherSpecs...)
	key = appendList(key, h.CipherSuites)
	key = appendTypes(key, h.Extensions)
	key = appendList(key, h.SupportedGroups)
	key = appendList(key, h.SignatureAlgorithms)
	return append(key, h.PointFormats...)
}

// AppendServerKey appends what the fingerprints of h depend on; GREASE stays in.
func AppendServerKey(key []byte, h *parse.ServerHello) []byte {
	key = append(key, byte(h.LegacyVersion>>8), byte(h.LegacyVersion), byte(h.CipherSuite>>8), byte(h.CipherSuite))
	for list := h.Extensions; ; {
		typ, ok := list.NextType()
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
			key = append(key, byte(v>>8), byte(v))
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
		typ, ok := list.NextType()
		if !ok {
			return count(key, start)
		}
		if !parse.GREASE(uint16(typ)) {
			key = append(key, byte(typ>>8), byte(typ))
		}
	}
}

// count writes the number of elements after start into the two bytes there.
func count(key []byte, start int) []byte {
	binary.BigEndian.PutUint16(key[start:], uint16((len(key)-start-2)/2))
	return key
}
