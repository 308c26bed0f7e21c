package parse

// helloRetryRandom is the random of a ServerHello that is a HelloRetryRequest:
// the SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3).
const helloRetryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" +
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// The last 8 bytes of the random of a server that could have selected a higher
// version (RFC 8446, 4.1.3).
const (
	sentinelTLSv12 = "DOWNGRD\x01"
	sentinelTLSv11 = "DOWNGRD\x00"
)

// ServerHello is a ServerHello (RFC 8446, 4.1.3; RFC 5246, 7.4.1.3), or a
// HelloRetryRequest. All slices are views into the bytes that it was parsed
// from.
type ServerHello struct {
	LegacyVersion Version
	Random        []byte // 32 bytes; nil in the HelloRetryRequest of a draft
	SessionID     []byte // empty in drafts of TLS 1.3 up to 21, which have none
	CipherSuite   uint16 // 0 in the HelloRetryRequest of drafts up to 18, which has none
	Compression   uint8
	Extensions    Extensions

	// SelectedVersion is the one in supported_versions, else LegacyVersion.
	SelectedVersion Version
	ALPN            []byte // the protocol selected, as sent; empty: none

	// DowngradeSentinel is set when Random says that the server could have selected
	// a higher version: TLSv12 when it selected TLS 1.2, TLSv11 when it selected TLS
	// 1.1 or below; else 0.
	DowngradeSentinel Version
	Group             Group // in key_share; 0: none. Up to TLS 1.2 it is in the ServerKeyExchange
	HelloRetryRequest bool  // another ClientHello follows
	PreSharedKey      bool  // resumed by PSK (RFC 8446, 4.2.11)
	SessionTicket     bool  // the server will send a ticket (RFC 5077, 3.2)

	Oddities Oddities
}

// Parse reads the body of a ServerHello message, without the 4 bytes of the
// handshake header. It overwrites all of h, allocates nothing unless it fails,
// and keeps views into body. On a *ParseError, the fields before the ill-formed one
// are set, and the extensions in front of one that runs past the end, with what there
// is of that one. MalformedHello is then among the Oddities.
func (h *ServerHello) Parse(body []byte) error {
	*h = ServerHello{}
	r, field := reader(body), ""
	switch {
	case !r.uint16((*uint16)(&h.LegacyVersion)):
		field = "legacy_version"
	case !r.bytes(32, &h.Random):
		field = "random"
	}
	if field != "" {
		return runsPast(field, body, r)
	}
	h.SelectedVersion = h.LegacyVersion
	h.checkRandom()
	if h.draftLayout(r) {
		r.uint16(&h.CipherSuite)
		return h.parseExtensions(body, r)
	}
	return h.parseChoice(body, r)
}

// Plausible reports whether bytes in which Parse found an error are a hello all the
// same: they have a TLS version and a whole random.
func (h *ServerHello) Plausible() bool {
	return len(h.Random) == 32 && (h.LegacyVersion>>8 == 3 || h.LegacyVersion.IsDTLS() || h.LegacyVersion.IsDraft13())
}

// draftLayout reports whether rest, which follows the random, has the layout of the
// drafts of TLS 1.3 up to 21. These have neither session id nor compression method.
// Their legacy_version is the draft's number or 0x0304, and the length of the
// extensions fits.
func (h *ServerHello) draftLayout(rest reader) bool {
	if h.LegacyVersion != TLSv13 && !h.LegacyVersion.IsDraft13() {
		return false
	}
	return len(rest) >= 4 && int(be16(rest[2:])) == len(rest)-4
}

// checkRandom reads the signals in the random (RFC 8446, 4.1.3).
func (h *ServerHello) checkRandom() {
	switch string(h.Random[24:]) {
	case sentinelTLSv12:
		h.DowngradeSentinel = TLSv12
	case sentinelTLSv11:
		h.DowngradeSentinel = TLSv11
	}
	h.HelloRetryRequest = string(h.Random) == helloRetryRandom
}

// parseChoice reads what follows the random in every version but the drafts.
func (h *ServerHello) parseChoice(body []byte, r reader) error {
	field := ""
	switch {
	case !r.vector8(&h.SessionID):
		field = "legacy_session_id_echo"
	case !r.uint16(&h.CipherSuite):
		field = "cipher_suite"
	case !r.uint8(&h.Compression):
		field = "legacy_compression_method"
	}
	if field != "" {
		h.Oddities |= MalformedHello
		return runsPast(field, body, r)
	}
	if len(h.SessionID) > maxSessionID {
		h.Oddities |= longSessionID
	}
	if len(r) == 0 {
		return nil
	}
	return h.parseExtensions(body, r)
}

// parseExtensions reads the extensions block that rest begins with.
func (h *ServerHello) parseExtensions(body []byte, rest reader) (err error) {
	var block extensionBlock
	err = block.read(body, rest)
	h.Oddities |= block.oddities
	h.PreSharedKey = block.seen.has(ExtPreSharedKey)   // RFC 8446, 4.2.11
	h.SessionTicket = block.seen.has(extSessionTicket) // RFC 5077, 3.2
	if data, there := block.body(extSupportedVersions); there {
		h.parseSelectedVersion(data)
	}
	if data, there := block.body(ExtALPN); there {
		h.parseProtocol(data)
	}
	if data, there := block.body(extKeyShare); there && len(data) >= 2 { // RFC 8446, 4.2.8
		h.Group = Group(be16(data))
	}
	h.Extensions = block.framed()
	return err
}

// parseSelectedVersion reads supported_versions as servers send it (RFC 8446,
// 4.2.1).
func (h *ServerHello) parseSelectedVersion(data []byte) {
	if len(data) != 2 {
		h.Oddities |= malformedExtension
		return
	}
	h.SelectedVersion = Version(be16(data))
}

// parseProtocol reads ALPN as servers send it: a list of exactly one name (RFC 7301,
// 3.1).
func (h *ServerHello) parseProtocol(data []byte) {
	list := protocols(data, &h.Oddities)
	h.ALPN, _ = list.Next()
	if len(list) > 0 {
		h.Oddities |= malformedExtension
	}
}

// ParseHelloRetryRequest reads the body of a HelloRetryRequest message of a draft of
// TLS 1.3 up to 21 (TypeHelloRetryRequest): the version; up to draft 15, a cipher
// suite and a group; from 19 on, a cipher suite; and the extensions. From draft 22 on
// a HelloRetryRequest is a ServerHello, which Parse reads.
func (h *ServerHello) ParseHelloRetryRequest(body []byte) error {
	*h = ServerHello{HelloRetryRequest: true}
	r := reader(body)
	if !r.uint16((*uint16)(&h.LegacyVersion)) {
		return runsPast("server_version", body, r)
	}
	h.SelectedVersion = h.LegacyVersion
	for skipped := 0; skipped <= 2; skipped++ {
		if len(r) >= 2 && int(be16(r)) == len(r)-2 {
			return h.parseExtensions(body, r)
		}
		var number uint16
		if !r.uint16(&number) {
			break
		}
		if skipped == 0 {
			h.CipherSuite = number
		}
	}
	return runsPast("extensions", body, r)
}
