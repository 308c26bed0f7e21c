package parse

import (
	"bytes"
	"encoding/binary"
)

// Numbers that only tests need.
const (
	typeServerHelloDone   HandshakeType = 14
	typeCertificateStatus HandshakeType = 22
)

// The tests put messages together from these parts.

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func u16(list ...uint16) (b []byte) {
	for _, v := range list {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func vec8(parts ...[]byte) []byte {
	b := cat(parts...)
	return cat([]byte{byte(len(b))}, b)
}

func vec16(parts ...[]byte) []byte {
	b := cat(parts...)
	return cat(u16(uint16(len(b))), b)
}

func vec24(parts ...[]byte) []byte {
	b := cat(parts...)
	return cat([]byte{byte(len(b) >> 16)}, u16(uint16(len(b))), b)
}

// fill is n bytes that differ from each other.
func fill(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func ext(typ ExtensionType, parts ...[]byte) []byte {
	return cat(u16(uint16(typ)), vec16(parts...))
}

func sni(name string) []byte {
	return ext(ExtServerName, vec16([]byte{0}, vec16([]byte(name))))
}

func message(t HandshakeType, body []byte) []byte {
	return cat([]byte{byte(t)}, vec24(body))
}

func record(t ContentType, fragment []byte) []byte {
	return cat([]byte{byte(t)}, u16(uint16(TLSv1)), vec16(fragment))
}

// clientHello is the body of a plain ClientHello of TLS 1.2 with these
// extensions.
func clientHello(extensions ...[]byte) []byte {
	return cat(u16(0x0303), fill(32), vec8(), vec16(u16(0xc02f, 0x002f)), vec8([]byte{0}), vec16(extensions...))
}

// serverHello is the body of a plain ServerHello of TLS 1.2 with these
// extensions.
func serverHello(extensions ...[]byte) []byte {
	return cat(u16(0x0303), fill(32), vec8(), u16(0xc02f), []byte{0}, vec16(extensions...))
}

// records cuts a handshake into records of n bytes.
func records(handshake []byte, n int) (b []byte) {
	for len(handshake) > 0 {
		k := min(n, len(handshake))
		b = append(b, record(Handshake, handshake[:k])...)
		handshake = handshake[k:]
	}
	return b
}
