package parse

// helloRetryRandom is the random of a ServerHello that is a HelloRetryRequest:
// SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3).
const helloRetryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" +
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// The last 8 bytes of the random of a server that was held below what it can
// do (RFC 8446, 4.1.3).
const (
	sentinelTLSv12 = "DOWNGRD\x01"
	sentinelTLSv11 = "DOWNGRD\x00"
)

// ServerHello is a ServerHello (RFC 8446, 4.1.3; RFC 5246, 7.4.1.3), or a
// HelloRetryRequest. All slices are views into the bytes that it was parsed
// from.
type ServerHello struct {
	LegacyVersion Version
	Random        []byte // 32 bytes; nil in a draft's HelloRetryRequest
	SessionID     []byte // empty in drafts of TLS 1.3 up to 21, which have none
	CipherSuite   uint16 // 0 in the HelloRetryRequest of drafts up to 18, which has none
	Compression   uint8
	Extensions    Extensions

	// SelectedVersion is the one of supported_versions, else LegacyVersion.
	SelectedVersion Version
	ALPN            []byte // the protocol selected, as sent; empty: none

	// DowngradeSentinel is set when Random says that the server could do
	// better: TLSv12 (it was held to TLS 1.2) or TLSv11 (or below); else 0.
	DowngradeSentinel Version
	HelloRetryRequest bool // not final: another ClientHello follows
	PreSharedKey      bool // resumed by PSK (RFC 8446, 4.2.11)
	SessionTicket     bool // the server will send a ticket (RFC 5077, 3.2)

	Oddities Oddities
}

// Parse reads the body of a ServerHello message, without the 4 bytes of the
// handshake header. It overwrites all of h, allocates nothing unless it fails,
// and keeps views into body. On a *ParseError the fields up to the ill-formed
// one stand, and what there is of a last extension that is cut; MalformedHello is
// then among the Oddities.
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
	h.judgeRandom()
	if h.draftLayout(r) {
		r.uint16(&h.CipherSuite)
		return h.parseExtensions(body, r)
	}
	return h.parseChoice(body, r)
}

// Plausible reports whether a hello that Parse found ill-formed still is one, by
// what was read of it: a version that TLS has, and the random behind it.
func (h *ServerHello) Plausible() bool {
	return len(h.Random) == 32 && (h.LegacyVersion>>8 == 3 || h.LegacyVersion.IsDraft13())
}

// draftLayout reports whether rest, what follows the random, is laid out as
// in the drafts of TLS 1.3 up to 21, which have neither session id nor
// compression method: they put their own number, or 0x0304, where later ones
// put 0x0303, and the length of the extensions fits.
func (h *ServerHello) draftLayout(rest reader) bool {
	if h.LegacyVersion != TLSv13 && !h.LegacyVersion.IsDraft13() {
		return false
	}
	return len(rest) >= 4 && int(be16(rest[2:])) == len(rest)-4
}

// judgeRandom finds what RFC 8446, 4.1.3 hides in the random.
func (h *ServerHello) judgeRandom() {
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
		h.Oddities |= LongSessionID
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
	h.SessionTicket = block.seen.has(ExtSessionTicket) // RFC 5077, 3.2
	if data, there := block.body(ExtSupportedVersions); there {
		h.parseSelectedVersion(data)
	}
	if data, there := block.body(ExtALPN); there {
		h.parseProtocol(data)
	}
	h.Extensions = block.framed()
	return err
}

// parseSelectedVersion reads the server's form of supported_versions (RFC 8446,
// 4.2.1).
func (h *ServerHello) parseSelectedVersion(data []byte) {
	if len(data) != 2 {
		h.Oddities |= MalformedExtension
		return
	}
	h.SelectedVersion = Version(be16(data))
}

// parseProtocol reads the server's form of ALPN (RFC 7301, 3.1): a list of
// exactly one.
func (h *ServerHello) parseProtocol(data []byte) {
	list := protocols(data, &h.Oddities)
	h.ALPN, _ = list.Next()
	if len(list) > 0 {
		h.Oddities |= MalformedExtension
	}
}

// ParseHelloRetryRequest reads the body of a HelloRetryRequest message as the
// drafts of TLS 1.3 up to 21 have it (TypeHelloRetryRequest): the version; up
// to draft 15, a cipher suite and a group; from 19 on, a cipher suite; and the
// extensions. From draft 22 on it is a ServerHello, and Parse reads it.
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
