package starttls

import "encoding/binary"

const (
	recordHandshake = 22
	recordAlert     = 21
	recordHeader    = 5

	helloClient = 1
	helloServer = 2

	// maxRecord is the longest record (RFC 5246, 6.2.3).
	maxRecord = 1<<14 + 2048
	// helloStart is how many bytes of a hello are looked at: record header,
	// handshake header and version.
	helloStart = recordHeader + 4 + 2
)

// tlsStart reports whether data begins with a TLS hello, an SSLv2 hello or,
// where the dialogue allows it, a plaintext alert in place of a hello. need is
// how many bytes it takes to say.
func tlsStart(data []byte, alerts bool) (found bool, need int) {
	switch {
	case data[0] == recordHandshake:
		return recordStart(data)
	case data[0] == recordAlert && alerts:
		return alertStart(data)
	case data[0]&0x80 != 0:
		return sslv2Start(data)
	}
	return false, 0
}

// recordStart judges a handshake record. Records too short for a version
// exist: a hello may be split anywhere. All that is there must fit.
func recordStart(data []byte) (bool, int) {
	if len(data) < recordHeader {
		return false, recordHeader
	}
	length := int(binary.BigEndian.Uint16(data[3:]))
	if data[1] != 3 || data[2] > 4 || length == 0 || length > maxRecord {
		return false, 0
	}
	need := min(recordHeader+length, helloStart)
	if len(data) < need {
		return false, need
	}
	return helloBegins(data[recordHeader:need]), need
}

// helloBegins judges up to six bytes: type, length, version. A ServerHello of
// a TLS 1.3 draft carries 0x7fNN, and experiments 0x7eNN or 0xfbNN.
func helloBegins(b []byte) bool {
	typ := b[0]
	if typ != helloClient && typ != helloServer || len(b) > 1 && b[1] != 0 {
		return false
	}
	if len(b) < 5 {
		return true
	}
	draft := typ == helloServer && (b[4] == 0x7f || b[4] == 0x7e || b[4] == 0xfb)
	return draft || b[4] == 3 && (len(b) < 6 || b[5] <= 4)
}

// alertStart judges an alert record: two bytes, level warning or fatal.
func alertStart(data []byte) (bool, int) {
	const size = recordHeader + 2
	if len(data) < size {
		return false, size
	}
	level := data[5]
	return data[1] == 3 && data[2] <= 4 && data[3] == 0 && data[4] == 2 && (level == 1 || level == 2), size
}

// sslv2Start judges an SSLv2 record with a two-byte header. Without a type as
// telling as 22, the lengths inside must add up to the record's.
func sslv2Start(data []byte) (bool, int) {
	const clientHeader, serverHeader = 2 + 9, 2 + 11
	if len(data) < 3 {
		return false, 3
	}
	length := int(binary.BigEndian.Uint16(data) & 0x7fff)
	switch {
	case data[2] == 1 && len(data) < clientHeader:
		return false, clientHeader
	case data[2] == 1:
		return sslv2Client(data[3:clientHeader], length), clientHeader
	case data[2] == 4 && len(data) < serverHeader:
		return false, serverHeader
	case data[2] == 4:
		return sslv2Server(data[3:serverHeader], length), serverHeader
	}
	return false, 0
}

// sslv2Client judges version and the lengths of cipher specs, session id and
// challenge (RFC 5246, E.2).
func sslv2Client(b []byte, length int) bool {
	version := binary.BigEndian.Uint16(b)
	ciphers := int(binary.BigEndian.Uint16(b[2:]))
	session := int(binary.BigEndian.Uint16(b[4:]))
	challenge := int(binary.BigEndian.Uint16(b[6:]))
	return (version == 2 || version>>8 == 3 && version&0xff <= 4) &&
		ciphers > 0 && ciphers%3 == 0 && (session == 0 || session == 16) &&
		challenge >= 16 && challenge <= 32 && 9+ciphers+session+challenge == length
}

// sslv2Server judges SESSION-ID-HIT, CERTIFICATE-TYPE, version and the lengths
// of certificate, cipher specs and connection id (draft-hickman-netscape-ssl).
func sslv2Server(b []byte, length int) bool {
	certificate := int(binary.BigEndian.Uint16(b[4:]))
	ciphers := int(binary.BigEndian.Uint16(b[6:]))
	connection := int(binary.BigEndian.Uint16(b[8:]))
	return b[0] <= 1 && b[1] <= 1 && binary.BigEndian.Uint16(b[2:]) == 2 && ciphers%3 == 0 &&
		connection >= 16 && connection <= 32 && 11+certificate+ciphers+connection == length
}
