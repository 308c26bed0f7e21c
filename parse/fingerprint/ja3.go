package fingerprint

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"

	"github.com/dreadl0ck/ja3"
	"github.com/dreadl0ck/tlsx"

	"tlsfloor/parse"
)

// ja3 returns the JA3 string of h. It removes GREASE itself: the library leaves a "-"
// behind when GREASE was last in a list.
func (m *Maker) ja3(h *parse.ClientHello) []byte {
	b := &m.hello
	b.HandshakeVersion = tlsx.Version(h.LegacyVersion)
	b.CipherSuites = b.CipherSuites[:0]
	for list := h.CipherSuites; len(list) >= 2; list = list[2:] {
		if v := list.At(0); !parse.GREASE(v) {
			b.CipherSuites = append(b.CipherSuites, tlsx.CipherSuite(v))
		}
	}
	b.AllExtensions = appendExtensions(b.AllExtensions[:0], h.Extensions, notGREASE)
	b.SupportedGroups = appendNumbers(b.SupportedGroups[:0], h.SupportedGroups)
	b.SupportedPoints = h.PointFormats
	full := ja3.Bare(b)
	b.SupportedPoints = nil // a view into the hello
	return full
}

// ja3s returns the JA3S string of h. JA3S keeps GREASE, which no server should send.
// The library removes it, so that extensions with GREASE are appended here.
func (m *Maker) ja3s(h *parse.ServerHello) []byte {
	b := &m.answer
	b.Vers, b.CipherSuite = uint16(h.LegacyVersion), h.CipherSuite
	b.Extensions = appendExtensions(b.Extensions[:0], h.Extensions, everything)
	for _, typ := range b.Extensions {
		if parse.GREASE(typ) {
			return appendDecimals(ja3.BareJa3s(&tlsx.ServerHelloBasic{Vers: b.Vers, CipherSuite: b.CipherSuite}), b.Extensions)
		}
	}
	return ja3.BareJa3s(b)
}

func notGREASE(v uint16) bool { return !parse.GREASE(v) }

func everything(uint16) bool { return true }

// appendExtensions appends the types of extensions that are wanted.
func appendExtensions(dst []uint16, list parse.Extensions, wanted func(uint16) bool) []uint16 {
	for {
		typ, ok := list.NextType()
		if !ok {
			return dst
		}
		if wanted(uint16(typ)) {
			dst = append(dst, uint16(typ))
		}
	}
}

// appendNumbers appends the numbers that are not GREASE.
func appendNumbers(dst []uint16, list parse.Uint16s) []uint16 {
	for ; len(list) >= 2; list = list[2:] {
		if v := list.At(0); !parse.GREASE(v) {
			dst = append(dst, v)
		}
	}
	return dst
}

func appendDecimals(dst []byte, numbers []uint16) []byte {
	for i, v := range numbers {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = strconv.AppendUint(dst, uint64(v), 10)
	}
	return dst
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	var space [2 * md5.Size]byte
	return string(hex.AppendEncode(space[:0], sum[:]))
}
