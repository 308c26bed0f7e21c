package quic

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// sealed describes an Initial packet that a test makes.
type sealed struct {
	version    Version
	of         []byte // the id that the keys are made of
	fromServer bool
	dcid, scid []byte
	token      []byte
	number     uint32
	size       int // of the packet number, in bytes; 0: 4
}

// seal makes an Initial packet of frames, without the functions that are tested: its keys
// are made by crypto/hkdf.
func (x sealed) seal(frames ...[]byte) []byte {
	if x.size == 0 {
		x.size = 4
	}
	payload := slices.Concat(frames...)
	if n := 4 - x.size - len(payload); n > 0 {
		payload = append(payload, make([]byte, n)...)
	}
	c := x.version.construction()
	first := byte(longHeader | fixedBit | x.size - 1)
	if c == ofV2 {
		first |= 0x10
	}
	b := binary.BigEndian.AppendUint32([]byte{first}, uint32(x.version))
	if c == ofDraft17 || c == ofDraft21 {
		b = append(append(append(b, byte(len(x.dcid)-3)<<4|byte(len(x.scid)-3)), x.dcid...), x.scid...)
	} else {
		b = append(append(b, byte(len(x.dcid))), x.dcid...)
		b = append(append(b, byte(len(x.scid))), x.scid...)
	}
	b = append(appendVarint(b, uint64(len(x.token))), x.token...)
	b = appendVarint(b, uint64(x.size+len(payload)+tagSize))
	at := len(b)
	b = append(b, binary.BigEndian.AppendUint32(nil, x.number)[4-x.size:]...)
	o := x.keys(c)
	nonce := o.iv
	for i := range 4 {
		nonce[ivSize-1-i] ^= byte(x.number >> (8 * i))
	}
	b = o.aead.Seal(b, nonce[:], payload, b)
	var mask [sampleSize]byte
	o.header.Encrypt(mask[:], b[at+4:at+4+sampleSize])
	b[0] ^= mask[0] & 0x0f
	for i := range x.size {
		b[at+i] ^= mask[1+i]
	}
	return b
}

// keys makes the keys of the packet.
func (x sealed) keys(c construction) *opener {
	initial, err := hkdf.Extract(sha256.New, x.of, []byte(salts[c]))
	if err != nil {
		panic(err)
	}
	s := secret(initial)
	return new(Pool).opener(c, &s, !x.fromServer)
}

// crypto makes a CRYPTO frame.
func crypto(offset int, data []byte) []byte {
	b := appendVarint([]byte{frameCrypto}, uint64(offset))
	return append(appendVarint(b, uint64(len(data))), data...)
}

// closeFrame makes a CONNECTION_CLOSE.
func closeFrame(code uint64) []byte {
	return append(appendVarint([]byte{frameClose}, code), 0, 3, 'b', 'a', 'd')
}

// padding makes n bytes of padding.
func padding(n int) []byte { return make([]byte, n) }

func appendVarint(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return binary.BigEndian.AppendUint16(b, uint16(n)|1<<14)
	case n < 1<<30:
		return binary.BigEndian.AppendUint32(b, uint32(n)|2<<30)
	}
	return binary.BigEndian.AppendUint64(b, n|3<<62)
}
