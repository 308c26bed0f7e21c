package session

import (
	"encoding/binary"
	"math/bits"

	"tlsfloor/parse"
)

// sessionID is a digest of a session id; 0: the id is empty.
func (s *Sessions) sessionID(id []byte) uint32 {
	if len(id) == 0 {
		return 0
	}
	return shorten(s.digest(uint64(len(id))^s.seed, id))
}

// digestClient is a digest of a ClientHello of size bytes: of its random, and of the
// fields that decide how it is judged. It differs from that of an earlier hello, and
// from those of another connection with the same addresses.
func (s *Sessions) digestClient(h *parse.ClientHello, size int) uint32 {
	if h.Protocol == parse.DTLS {
		size = 0 // the hello with a cookie is the same hello
	}
	sum := s.digestRandom(h.Random, uint64(size)<<16|uint64(h.LegacyVersion))
	return shorten(s.digest(sum, h.ServerName))
}

// digestServer is the same for a ServerHello.
func (s *Sessions) digestServer(h *parse.ServerHello, size int) uint32 {
	return shorten(s.digestRandom(h.Random, uint64(size)<<32|uint64(h.SelectedVersion)<<16|uint64(h.CipherSuite)))
}

// digestRandom is a digest of a number and a hello's random. The seed is in both
// factors of each product: an attacker who knew one factor could choose the other to
// make the product zero.
func (s *Sessions) digestRandom(random []byte, number uint64) uint64 {
	sum := mix(number, s.seed)
	if len(random) != 32 { // an SSLv2 challenge, or a hello that was cut
		return s.digest(sum, random)
	}
	le := binary.LittleEndian
	sum = mix(le.Uint64(random)^s.seed, le.Uint64(random[8:])^sum)
	return mix(le.Uint64(random[16:])^s.seed, le.Uint64(random[24:])^sum)
}

// digest adds bytes to the digest sum, eight at a time; the last eight may overlap
// those before. The seed is random and secret to this process.
func (s *Sessions) digest(sum uint64, b []byte) uint64 {
	if len(b) < 8 {
		for _, c := range b {
			sum = mix(sum, uint64(c)^s.seed)
		}
		return sum
	}
	le, last := binary.LittleEndian, b[len(b)-8:]
	for ; len(b) > 8; b = b[8:] {
		sum = mix(sum, le.Uint64(b)^s.seed)
	}
	return mix(sum, le.Uint64(last)^s.seed)
}

// shorten shortens a digest to 32 bits, and never returns zero.
func shorten(sum uint64) uint32 { return uint32(sum^sum>>32) | 1 }

// mix mixes two numbers by a multiplication, so that each bit of the result depends on
// all of their bits.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0x6a09e667f3bcc909, b^0xbb67ae8584caa73b)
	return high ^ low
}
