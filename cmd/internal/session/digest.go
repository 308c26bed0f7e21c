package session

import (
	"encoding/binary"
	"math/bits"

	"tlsfloor/parse"
)

// sessionID stands for a session id; 0: it is empty.
func (s *Sessions) sessionID(id []byte) uint32 {
	if len(id) == 0 {
		return 0
	}
	return short(s.digest(uint64(len(id))^s.seed, id))
}

// digestClient stands for a ClientHello of size bytes: its random, and what
// decides how it is judged. What was sent before, or elsewhere under the
// same addresses, differs in one of them.
func (s *Sessions) digestClient(h *parse.ClientHello, size int) uint32 {
	sum := s.digestRandom(h.Random, uint64(size)<<16|uint64(h.LegacyVersion))
	return short(s.digest(sum, h.ServerName))
}

// digestServer is the same of a ServerHello.
func (s *Sessions) digestServer(h *parse.ServerHello, size int) uint32 {
	return short(s.digestRandom(h.Random, uint64(size)<<32|uint64(h.SelectedVersion)<<16|uint64(h.CipherSuite)))
}

// digestRandom begins a digest with a number and a hello's random. The seed is in
// both factors of each product: who knew one factor could choose the other for a
// product of zero.
func (s *Sessions) digestRandom(random []byte, number uint64) uint64 {
	sum := fold(number, s.seed)
	if len(random) != 32 { // an SSLv2 challenge, or a hello that was cut
		return s.digest(sum, random)
	}
	le := binary.LittleEndian
	sum = fold(le.Uint64(random)^s.seed, le.Uint64(random[8:])^sum)
	return fold(le.Uint64(random[16:])^s.seed, le.Uint64(random[24:])^sum)
}

// digest adds bytes to a digest, eight at a time; the last eight may overlap
// those before. The seed is this process's secret.
func (s *Sessions) digest(sum uint64, b []byte) uint64 {
	if len(b) < 8 {
		for _, c := range b {
			sum = fold(sum, uint64(c)^s.seed)
		}
		return sum
	}
	le, last := binary.LittleEndian, b[len(b)-8:]
	for ; len(b) > 8; b = b[8:] {
		sum = fold(sum, le.Uint64(b)^s.seed)
	}
	return fold(sum, le.Uint64(last)^s.seed)
}

// short makes a digest shorter. It is never zero.
func short(sum uint64) uint32 { return uint32(sum^sum>>32) | 1 }

// fold mixes two numbers by a product of which each bit depends on all of theirs.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a^0x6a09e667f3bcc909, b^0xbb67ae8584caa73b)
	return high ^ low
}
