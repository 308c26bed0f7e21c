package starttls

import "tlsfloor/parse"

const (
	recordHandshake = byte(parse.Handshake)
	recordAlert     = byte(parse.AlertRecord)
)

// tlsStart matches data, which is not empty, with what TLS may begin with in
// either direction: a hello, an SSLv2 hello or, where the dialogue allows it, a
// plaintext alert in place of a hello.
func tlsStart(data []byte, alerts bool) parse.Match {
	switch {
	case data[0] == recordHandshake:
		return max(parse.LooksLikeClientHello(data), parse.LooksLikeServerHello(data))
	case data[0] == recordAlert && alerts:
		return parse.LooksLikeAlert(data)
	case data[0]&0x80 != 0:
		return max(parse.LooksLikeSSLv2ClientHello(data), parse.LooksLikeSSLv2ServerHello(data))
	}
	return parse.No
}
