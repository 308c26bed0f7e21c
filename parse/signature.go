package parse

// Match tells whether bytes have a certain form.
type Match uint8

// The answers.
const (
	No    Match = iota
	Maybe       // too few bytes to tell: ask again with more
	Yes
)

const (
	// The shortest bodies: version, random and empty fields after it.
	minClientHello = 2 + 32 + 1 + 2 + 1
	minServerHello = 2 + 32 + 2 + 2 // in the layout of the drafts of TLS 1.3
	minHelloRetry  = 2 + 2
)

// LooksLikeClientHello reports whether data begins with the record of a
// ClientHello (one of several, when the hello is split over records). It returns
// Yes when it has the record's header, the handshake header and the client's version:
// 11 bytes, or more when the first records are shorter than 6 or the version is not
// one of TLS. Random bytes pass with a chance of about 2^-38.
func LooksLikeClientHello(data []byte) Match {
	return matchHello(data, TypeClientHello)
}

// LooksLikeServerHello is the same for a ServerHello, or the HelloRetryRequest
// of a draft of TLS 1.3.
func LooksLikeServerHello(data []byte) Match {
	return matchHello(data, TypeServerHello)
}

// LooksLikeAlert reports whether data begins with the record of a plaintext
// alert, which may be all that a server sends. It returns Yes with 7 bytes.
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

// maxBefore is how many bytes of other records, or of other messages in a record,
// may come before the first hello of a direction. It also bounds the records that
// hold the opening of a hello, each of which may have one byte or none.
const maxBefore = 1 << 10

// LooksLikeLateHello reports whether data begins with other records and then has a
// hello of either side. The others are records that may come out of turn:
// ChangeCipherSpec, heartbeats, alerts, HelloRequest, records and handshake messages
// of unknown types. It returns Yes when the hello's opening is within maxBefore
// bytes, and No for data that begins with a hello.
func LooksLikeLateHello(data []byte) Match {
	rest := data
	for len(data)-len(rest) <= maxBefore {
		m := max(LooksLikeClientHello(rest), LooksLikeServerHello(rest))
		switch {
		case len(rest) == len(data) && m == Yes:
			return No
		case m != No:
			return m
		}
		switch m := LooksLikeOther(rest); {
		case m != Yes:
			return m
		case ContentType(rest[0]) == Handshake:
			if m := helloWithin(rest); m != No {
				return m
			}
		}
		end := recordHeader + int(be16(rest[3:]))
		if end > maxBefore {
			return No
		}
		if len(rest) < end {
			return Maybe
		}
		rest = rest[end:]
	}
	return No
}

// LooksLikeOther reports whether data begins with the header of a record that is not
// protected, of any type from ChangeCipherSpec on but application data. A direction
// may begin with such a record after a hello in the other one. It returns Yes with 5
// bytes.
func LooksLikeOther(data []byte) Match {
	n := len(data)
	switch {
	case n > 0 && (data[0] < byte(ChangeCipherSpec) || data[0] == byte(ApplicationData)), n > 1 && data[1] != 3:
		return No
	case n < recordHeader:
		return Maybe
	}
	return yesIf(be16(data[3:]) <= maxPlaintext)
}

// helloWithin looks for a hello behind other messages in the handshake record
// that data begins with.
func helloWithin(data []byte) Match {
	size := recordHeader + int(be16(data[3:]))
	for at := recordHeader; at < size && at <= maxBefore; {
		have := data[min(at, len(data)):min(size, len(data))]
		if at > recordHeader {
			head := have[:min(len(have), longOpening)]
			m := max(matchOpening(head, TypeClientHello), matchOpening(head, TypeServerHello))
			if m == Yes || m == Maybe && len(data) < size {
				return m
			}
		}
		switch {
		case len(have) >= messageHeader:
			at += messageHeader + be24(have[1:])
		case len(data) < size:
			return Maybe
		default:
			return No
		}
	}
	return No
}

// matchRecord matches a record header: of type t, with any version that begins with
// 3 (RFC 8446, 5.1: it is to be ignored), and a length that plaintext may have.
func matchRecord(data []byte, t ContentType) Match {
	n := len(data)
	switch {
	case n > 0 && data[0] != byte(t), n > 1 && data[1] != 3:
		return No
	case n < recordHeader:
		return Maybe
	case be16(data[3:]) > maxPlaintext:
		return No
	}
	return Yes
}

const (
	// openingSize is the length of a hello's opening: the message's header and the
	// version.
	openingSize = messageHeader + 2
	// longOpening is the length of the opening of a hello whose version is not one of
	// TLS, and whose lengths have to agree instead: up to and with the length of the
	// cipher suites, or in a ServerHello that of the extensions.
	longOpening = openingSize + 32 + 1 + maxSessionID + 2 + 1 + 2
)

// matchHello matches the opening of a hello in the records of data. As a rule it is
// in the first record.
func matchHello(data []byte, wanted HandshakeType) Match {
	const end = recordHeader + openingSize
	if len(data) < end || be16(data[3:]) < openingSize {
		return matchRecords(data, wanted)
	}
	if matchRecord(data, Handshake) == No {
		return No
	}
	m := matchOpening(data[recordHeader:end], wanted)
	if m == Maybe {
		return matchRecords(data, wanted)
	}
	return m
}

// matchRecords is matchHello for an opening that is not whole, or in several records.
func matchRecords(data []byte, wanted HandshakeType) Match {
	var head [longOpening]byte
	n := 0
	for all := len(data); all-len(data) <= maxBefore; {
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

// matchOpening matches the beginning of an opening.
func matchOpening(head []byte, wanted HandshakeType) Match {
	if len(head) == 0 {
		return Maybe
	}
	switch t := HandshakeType(head[0]); {
	case t != wanted && (wanted != TypeServerHello || t != TypeHelloRetryRequest):
		return No
	case t == TypeClientHello:
		return matchLengthAndVersion(head, minClientHello)
	case t == TypeServerHello:
		return matchLengthAndVersion(head, minServerHello)
	}
	return matchLengthAndVersion(head, minHelloRetry)
}

// matchLengthAndVersion matches the length, which is at least shortest and at most
// that of the longest hello possible, and the version.
func matchLengthAndVersion(head []byte, shortest int) Match {
	n := len(head)
	switch {
	case n > 1 && head[1] > 2, n > 3 && be24(head[1:]) < shortest:
		return No
	case n < openingSize:
		return Maybe
	case head[4] != 3 && !Version(uint16(head[4])<<8).IsDraft13():
		return matchLengths(head)
	}
	return Yes
}

// matchLengths matches the opening of a hello whose version is not one of TLS, by
// lengths that agree. A client may send 0xffff, say, and supported_versions, which
// alone counts then (RFC 8446, 4.2.1).
func matchLengths(head []byte) Match {
	const session = openingSize + 32
	if len(head) <= session {
		return Maybe
	}
	at := session + 1 + int(head[session])
	switch {
	case head[session] > maxSessionID:
		return No
	case len(head) < at+2:
		return Maybe
	}
	rest := messageHeader + be24(head[1:]) - (at + 2)
	if HandshakeType(head[0]) == TypeClientHello {
		ciphers := int(be16(head[at:]))
		return yesIf(ciphers > 0 && ciphers%2 == 0 && ciphers < rest)
	}
	switch {
	case rest == 1:
		return Yes // no extensions
	case len(head) < at+2+1+2:
		return Maybe
	}
	return yesIf(head[at+2] == 0 && int(be16(head[at+2+1:])) == rest-1-2)
}

func yesIf(fits bool) Match {
	if fits {
		return Yes
	}
	return No
}

// LooksLikeSSLv2ClientHello reports whether data begins with an SSLv2
// CLIENT-HELLO. It takes 11 bytes to return Yes. The lengths are those that
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
// SERVER-HELLO. It takes 13 bytes to return Yes.
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

// matchSSLv2 matches a 2-byte header, the message type, and the version, which
// begins at byte at. It never returns Yes.
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
