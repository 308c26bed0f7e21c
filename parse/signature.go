package parse

// Match is how well bytes fit a signature.
type Match uint8

// The degrees of fit.
const (
	No    Match = iota
	Maybe       // a beginning of what would fit: ask again with more bytes
	Yes
)

const (
	// The shortest bodies: version, random and the empty rest of a hello.
	minClientHello = 2 + 32 + 1 + 2 + 1
	minServerHello = 2 + 32 + 2 + 2 // as the drafts of TLS 1.3 lay it out
	minHelloRetry  = 2 + 2

	// maxOpening is how many records may hold the first six bytes of a
	// handshake: six of one byte each, and some empty ones.
	maxOpening = 16
)

// LooksLikeClientHello reports whether data begins with the record of a
// ClientHello (one of several, when the hello is split over records). It says
// Yes once it has seen the record's header, the handshake header and the
// client's version: 11 bytes, more when the first records are shorter than 6.
// Random bytes pass with a chance of about 2^-44.
func LooksLikeClientHello(data []byte) Match {
	return matchHello(data, TypeClientHello)
}

// LooksLikeServerHello is the same for a ServerHello, or the HelloRetryRequest
// of a draft of TLS 1.3.
func LooksLikeServerHello(data []byte) Match {
	return matchHello(data, TypeServerHello)
}

// LooksLikeAlert reports whether data begins with the record of a plaintext
// alert, which may be all that a server has to say. It says Yes with 7 bytes.
func LooksLikeAlert(data []byte) Match {
	const alert = 2
	n := len(data)
	switch {
	case n < recordHeader:
		return matchRecord(data, AlertRecord)
	case matchRecord(data, AlertRecord) == No || be16(data[3:]) != alert:
		return No
	case n > 5 && data[5]-1 > 1:
		return No
	case n < recordHeader+alert:
		return Maybe
	}
	return Yes
}

// matchRecord judges a record header of one type, TLS versions up to 1.3 and
// a length that plaintext may have.
func matchRecord(data []byte, t ContentType) Match {
	n := len(data)
	switch {
	case n > 0 && data[0] != byte(t), n > 1 && data[1] != 3, n > 2 && data[2] > 4:
		return No
	case n < recordHeader:
		return Maybe
	case be16(data[3:]) > maxPlaintext:
		return No
	}
	return Yes
}

// opening is the beginning of a handshake message: its header and the version
// that follows in a hello.
type opening [messageHeader + 2]byte

// matchHello judges the opening that the records in data hold, as a rule the
// first alone.
func matchHello(data []byte, wanted HandshakeType) Match {
	const end = recordHeader + len(opening{})
	if len(data) < end || be16(data[3:]) < uint16(len(opening{})) {
		return matchRecords(data, wanted)
	}
	if matchRecord(data, Handshake) == No {
		return No
	}
	return matchOpening(data[recordHeader:end], wanted)
}

// matchRecords is matchHello for an opening that is short, or in pieces.
func matchRecords(data []byte, wanted HandshakeType) Match {
	var head opening
	n := 0
	for range maxOpening {
		if m := matchRecord(data, Handshake); m != Yes {
			return m
		}
		end := recordHeader + int(be16(data[3:]))
		n += copy(head[n:], data[recordHeader:min(end, len(data))])
		if m := matchOpening(head[:n], wanted); m != Maybe || len(data) < end {
			return m
		}
		data = data[end:]
	}
	return No
}

// matchOpening judges what there is of an opening.
func matchOpening(head []byte, wanted HandshakeType) Match {
	if len(head) == 0 {
		return Maybe
	}
	switch t := HandshakeType(head[0]); {
	case t != wanted && (wanted != TypeServerHello || t != TypeHelloRetryRequest):
		return No
	case t == TypeClientHello:
		return helloOpening(head, minClientHello)
	case t == TypeServerHello:
		return helloOpening(head, minServerHello)
	}
	return helloOpening(head, minHelloRetry)
}

// helloOpening judges the length, which is at most that of the longest hello
// possible, and the version.
func helloOpening(head []byte, shortest int) Match {
	n := len(head)
	switch {
	case n > 1 && head[1] > 2, n > 3 && be24(head[1:]) < shortest:
		return No
	case n > 4 && head[4] != 3 && !Version(uint16(head[4])<<8).IsDraft13():
		return No
	case n < len(opening{}):
		return Maybe
	}
	return Yes
}

// LooksLikeSSLv2ClientHello reports whether data begins with an SSLv2
// CLIENT-HELLO; it needs 11 bytes to say Yes. The lengths are those that
// RFC 6101, appendix E allows.
func LooksLikeSSLv2ClientHello(data []byte) Match {
	m := matchSSLv2(data, sslv2ClientHello, 3)
	if m == No || len(data) < sslv2Header+sslv2ClientFixed {
		return m
	}
	specs, session, challenge := int(be16(data[5:])), int(be16(data[7:])), int(be16(data[9:]))
	if specs == 0 || specs%3 != 0 || session != 0 && session != 16 || challenge < 16 || challenge > 32 ||
		sslv2Length(data) != sslv2ClientFixed+specs+session+challenge {
		return No
	}
	return Yes
}

// LooksLikeSSLv2ServerHello reports whether data begins with an SSLv2
// SERVER-HELLO; it needs 13 bytes to say Yes.
func LooksLikeSSLv2ServerHello(data []byte) Match {
	m := matchSSLv2(data, sslv2ServerHello, 5)
	if m == No || len(data) > 3 && data[3] > 1 || len(data) > 4 && data[4] > 1 {
		return No
	}
	if len(data) < sslv2Header+sslv2ServerFixed {
		return m
	}
	cert, specs, connection := int(be16(data[7:])), int(be16(data[9:])), int(be16(data[11:]))
	if Version(be16(data[5:])) != SSLv2 || specs%3 != 0 || connection > 32 ||
		sslv2Length(data) != sslv2ServerFixed+cert+specs+connection {
		return No
	}
	return Yes
}

// matchSSLv2 judges a 2-byte header, the message type, and the version, which
// begins at byte at. It never says Yes.
func matchSSLv2(data []byte, messageType byte, at int) Match {
	n := len(data)
	switch {
	case n > 0 && data[0]&0x80 == 0, n > 2 && data[2] != messageType:
		return No
	case n > at+1 && !sslv2Carries(Version(be16(data[at:]))):
		return No
	}
	return Maybe
}

// sslv2Carries reports whether v can be offered in an SSLv2 hello.
func sslv2Carries(v Version) bool {
	return v == SSLv2 || v >= SSLv3 && v <= TLSv13
}
