package fingerprint

import (
	"encoding/binary"
	"slices"

	"tlsfloor/parse"
)

// AppendClientKey appends the parts of h that are the same in all connections of a
// client: protocol, versions, ciphers, types of extensions in their order, groups, signature
// algorithms, point formats and the list of ALPN, all without GREASE. The
// fingerprints depend on some of them. Each list has its length in front, so that
// different hellos have different keys.
func AppendClientKey(key []byte, h *parse.ClientHello) []byte {
	// In a hello whose lengths disagree, these may be found without being in the
	// list of its extensions.
	has := byte(h.Protocol) << 4
	for i, is := range [...]bool{h.HasServerName, h.HasSupportedVersions, h.EncryptedClientHello, h.EarlyData} {
		if is {
			has |= 1 << i
		}
	}
	key = append(key, has, byte(h.LegacyVersion>>8), byte(h.LegacyVersion))
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

// AppendServerKey appends the parts of h that its fingerprints depend on, with
// GREASE.
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
	key = slices.Grow(key, 2+len(list))
	room, n := key[len(key):cap(key)], 2
	for len(list) >= 2 {
		if len(list) >= 8 && !mayHoldGREASE(binary.LittleEndian.Uint64(list)) {
			*(*[8]byte)(room[n:]) = [8]byte(list)
			n, list = n+8, list[8:]
			continue
		}
		n += put(room[n:], list[0], list[1])
		list = list[2:]
	}
	return count(key, room[:n])
}

// mayHoldGREASE reports whether one of the four numbers of two bytes in four has
// 0xa in the low half of both its bytes, as all of GREASE do (RFC 8701, 2).
func mayHoldGREASE(four uint64) bool {
	halves := (four ^ 0x0a0a0a0a0a0a0a0a) & 0x0f0f0f0f0f0f0f0f
	return (halves-0x0001000100010001)&^halves&0x8000800080008000 != 0
}

// appendTypes appends the types of extensions that are not GREASE, their count
// in front.
func appendTypes(key []byte, list parse.Extensions) []byte {
	key = slices.Grow(key, 2+len(list)/2) // an extension has at least four bytes
	room, n := key[len(key):cap(key)], 2
	for {
		typ, ok := list.NextType()
		if !ok {
			return count(key, room[:n])
		}
		n += put(room[n:], byte(typ>>8), byte(typ))
	}
}

// put writes a number of two bytes, and returns how many of them to keep: none of
// GREASE. Writing a value that is not kept is cheaper than a branch.
func put(room []byte, high, low byte) int {
	*(*[2]byte)(room) = [2]byte{high, low}
	if high == low && parse.GREASE(uint16(high)<<8|uint16(low)) {
		return 0
	}
	return 2
}

// count writes the number of elements in list into its first two bytes. It returns
// key with list, which lies behind key in memory, appended.
func count(key, list []byte) []byte {
	binary.BigEndian.PutUint16(list, uint16((len(list)-2)/2))
	return key[:len(key)+len(list)]
}
