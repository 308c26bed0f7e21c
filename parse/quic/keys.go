package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
)

const (
	keySize    = 16 // AES-128
	ivSize     = 12
	secretSize = sha256.Size
	sampleSize = 16
	tagSize    = 16
)

// secret is an Initial secret: the keys of both ends are made of it.
type secret [secretSize]byte

// Pool is memory that the Connections of one goroutine share. The zero value is ready.
type Pool struct {
	extractors [constructions]hash.Hash // HMACs keyed with the salts
	plain      []byte                   // of the packet that was opened last: header and payload
	nonce      [ivSize]byte
	info       [64]byte         // see expander
	key        [secretSize]byte // the same
	mask       [sampleSize]byte
	spares     [][]byte // for CRYPTO bytes, of spareSize
}

// extract is HKDF-Extract (RFC 5869, 2.2) with the salt of a construction. Like expand,
// it is made of crypto/hmac: crypto/hkdf takes the salt's or the secret's key schedule
// anew each time, which made up 5 of 9 microseconds for a packet's keys.
func (p *Pool) extract(c construction, dcid []byte) (s secret) {
	h := p.extractors[c]
	if h == nil {
		h = hmac.New(sha256.New, []byte(salts[c]))
		p.extractors[c] = h
	}
	h.Reset()
	h.Write(dcid)
	copy(s[:], h.Sum(p.key[:0]))
	return s
}

// expander makes keys of one secret (HKDF-Expand-Label, RFC 8446, 7.1).
type expander struct {
	mac  hash.Hash
	used bool
	pool *Pool
}

func (p *Pool) expander(s []byte) expander { return expander{mac: hmac.New(sha256.New, s), pool: p} }

// expand returns size bytes for a label without a context: a view into the Pool, valid
// until the next call. The size is that of one hash at most, so HKDF-Expand has one block
// (RFC 5869, 2.3).
func (e *expander) expand(label string, size int) []byte {
	const prefix = "tls13 "
	info := append(e.pool.info[:0], 0, byte(size), byte(len(prefix)+len(label)))
	info = append(append(info, prefix...), label...)
	info = append(info, 0, 1)
	if e.used {
		e.mac.Reset()
	}
	e.used = true
	e.mac.Write(info)
	return e.mac.Sum(e.pool.key[:0])[:size]
}

// opener opens the Initial packets of one end.
type opener struct {
	aead    cipher.AEAD
	header  cipher.Block // for header protection
	iv      [ivSize]byte
	largest int64 // number of a packet that was opened, or -1
}

// openerSize is what an opener takes, in bytes: two key schedules of AES, and the table
// of GCM, as measured with Go 1.26.
const openerSize = 1900

// opener makes the opener of the client's or the server's packets.
func (p *Pool) opener(c construction, s *secret, fromClient bool) *opener {
	whose := "server in"
	if fromClient {
		whose = "client in"
	}
	e := p.expander(s[:])
	e = p.expander(e.expand(whose, secretSize))
	key, iv, hp := c.labels()
	o := &opener{largest: -1}
	// AES-128 takes any key of 16 bytes, and GCM any block cipher of 16 bytes.
	block, _ := aes.NewCipher(e.expand(key, keySize))
	o.aead, _ = cipher.NewGCM(block)
	copy(o.iv[:], e.expand(iv, ivSize))
	o.header, _ = aes.NewCipher(e.expand(hp, keySize))
	return o
}

// open opens a packet with the header h, and returns its frames: a view into p, valid
// until the next call. It returns false if the packet is not one of these keys.
func (o *opener) open(packet []byte, h *header, p *Pool) (frames []byte, ok bool) {
	if h.end-h.number < 4+sampleSize {
		return nil, false
	}
	o.header.Encrypt(p.mask[:], packet[h.number+4:h.number+4+sampleSize])
	first := packet[0] ^ p.mask[0]&0x0f
	size := int(first&3) + 1
	body := h.number + size
	head := append(p.plain[:0], packet[:body]...)
	head[0] = first
	number := int64(0)
	for i := range size {
		head[h.number+i] ^= p.mask[1+i]
		number = number<<8 | int64(head[h.number+i])
	}
	number = wholeNumber(number, size, o.largest)
	p.nonce = o.iv
	for i := range 8 {
		p.nonce[ivSize-1-i] ^= byte(number >> (8 * i))
	}
	if need := h.end; cap(head) < need {
		head = append(make([]byte, 0, 2*need), head...)
	}
	p.plain = head
	frames, err := o.aead.Open(head[body:body], p.nonce[:], packet[body:h.end], head)
	if err != nil {
		return nil, false
	}
	o.largest = max(o.largest, number)
	return frames, true
}

// wholeNumber is the packet number of which the last size bytes were sent, when largest
// is the highest so far (RFC 9000, A.3).
func wholeNumber(sent int64, size int, largest int64) int64 {
	window := int64(1) << (8 * size)
	expected := largest + 1
	n := expected&^(window-1) | sent
	switch {
	case n <= expected-window/2:
		return n + window
	case n > expected+window/2 && n >= window:
		return n - window
	}
	return n
}
