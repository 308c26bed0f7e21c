package parse

import "bytes"

// FallbackSCSV is TLS_FALLBACK_SCSV (RFC 7507), a cipher suite value with which a
// client says that a handshake with a higher version has failed.
const FallbackSCSV = 0x5600

// maxSessionID is the longest legacy_session_id (RFC 8446, 4.1.2).
const maxSessionID = 32

// ClientHello is a ClientHello (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2) or an
// SSLv2 CLIENT-HELLO. All slices are views into the bytes that it was parsed
// from and live as long as those do. The field of an absent extension is empty;
// of a repeated extension, the first counts.
type ClientHello struct {
	LegacyVersion      Version
	Random             []byte // 32 bytes; in SSLv2 format the challenge, 16 to 32 bytes
	SessionID          []byte
	CipherSuites       Uint16s // empty in SSLv2 format: see CipherSpecs
	CompressionMethods []byte
	Extensions         Extensions // all of them up to the first that is ill-formed

	ServerName          []byte    // first host_name, as sent (RFC 6066, 3)
	SupportedVersions   Uint16s   // RFC 8446, 4.2.1; GREASE included
	SupportedGroups     Uint16s   // RFC 8446, 4.2.7; GREASE included
	PointFormats        []byte    // RFC 8422, 5.1.2
	SignatureAlgorithms Uint16s   // RFC 8446, 4.2.3
	ALPN                Protocols // RFC 7301, 3.1

	HasServerName        bool // the server_name extension is there, even if it has no name
	HasSupportedVersions bool // the supported_versions extension is there
	EncryptedClientHello bool // encrypted_client_hello, GREASE of it or a draft: ServerName is the outer name
	EarlyData            bool // 0-RTT offered (RFC 8446, 4.2.10)
	SessionTicket        bool // session_ticket with a ticket, not empty (RFC 5077, 3.2)
	PreSharedKey         bool // RFC 8446, 4.2.11
	Cookie               bool // RFC 8446, 4.2.2: an answer to a HelloRetryRequest
	ExtendedMasterSecret bool // RFC 7627

	Protocol    Protocol    // of which it is
	HelloCookie []byte      // of DTLS: that of a HelloVerifyRequest (RFC 6347, 4.2.1)
	SSLv2Format bool        // an SSLv2 CLIENT-HELLO
	CipherSpecs CipherSpecs // of an SSLv2 CLIENT-HELLO

	Oddities Oddities
}

// Parse reads the body of a ClientHello message, without the 4 bytes of the
// handshake header. It overwrites all of h, allocates nothing unless it fails,
// and keeps views into body. On a *ParseError, the fields before the ill-formed one
// are set, and those that can still be read: the extensions in front of one that
// runs past the end, what there is of that one, and ServerName if a server_name
// extension is found in the rest. MalformedHello is then among the Oddities.
func (h *ClientHello) Parse(body []byte) error { return h.ParseOf(TLS, body) }

// ParseOf is Parse for a hello of a protocol.
func (h *ClientHello) ParseOf(p Protocol, body []byte) error {
	*h = ClientHello{Protocol: p}
	r, field := reader(body), ""
	switch {
	case !r.uint16((*uint16)(&h.LegacyVersion)):
		field = "legacy_version"
	case !r.bytes(32, &h.Random):
		field = "random"
	case !r.vector8(&h.SessionID):
		field = "legacy_session_id"
	case p == DTLS && !r.vector8(&h.HelloCookie):
		field = "cookie"
	case !r.vector16((*[]byte)(&h.CipherSuites)):
		field = "cipher_suites"
	case !r.vector8(&h.CompressionMethods):
		field = "legacy_compression_methods"
	}
	if field != "" {
		h.Oddities |= MalformedHello
		h.salvageName(r)
		return runsPast(field, body, r)
	}
	h.checkFixedFields()
	if len(r) == 0 {
		return nil
	}
	return h.parseExtensions(body, r)
}

// checkFixedFields notes oddities of the fields before the extensions.
func (h *ClientHello) checkFixedFields() {
	if len(h.SessionID) > maxSessionID {
		h.Oddities |= longSessionID
	}
	if len(h.CipherSuites)%2 != 0 {
		h.Oddities |= oddLengthList
	}
	if len(h.CipherSuites) < 2 {
		h.Oddities |= noCipherSuites
	}
	if bytes.IndexByte(h.CompressionMethods, 0) < 0 {
		h.Oddities |= noNullCompression
	}
}

// Plausible reports whether bytes in which Parse found an error are a hello all the
// same: they have a TLS version, or supported_versions, and a whole random.
func (h *ClientHello) Plausible() bool {
	return len(h.Random) == 32 && (h.LegacyVersion>>8 == 3 || h.LegacyVersion.IsDTLS() || h.SupportedVersions.Len() > 0)
}

// MaxVersion returns the highest version that the hello offers, as the function
// MaxVersion does, without making a list. GREASE values are higher than any version
// and so do not count.
func (h *ClientHello) MaxVersion() Version {
	highest := Version(0)
	for list := h.SupportedVersions; len(list) >= 2; list = list[2:] {
		highest = higher(h.LegacyVersion, highest, Version(be16(list)))
	}
	if highest == 0 {
		return h.LegacyVersion
	}
	return highest
}

// AppendVersions appends supported_versions to dst, in order, without GREASE.
func (h *ClientHello) AppendVersions(dst []Version) []Version {
	for list := h.SupportedVersions; len(list) >= 2; list = list[2:] {
		if v := be16(list); !GREASE(v) {
			dst = append(dst, Version(v))
		}
	}
	return dst
}

// FallbackSCSV reports whether TLS_FALLBACK_SCSV is among the ciphers.
func (h *ClientHello) FallbackSCSV() bool {
	return h.CipherSuites.Contains(FallbackSCSV) || h.CipherSpecs.Contains(FallbackSCSV)
}

// parseExtensions reads the extensions block that rest begins with.
func (h *ClientHello) parseExtensions(body []byte, rest reader) (err error) {
	var block extensionBlock
	err = block.read(body, rest)
	h.Oddities |= block.oddities
	h.noteExtensions(&block)
	h.readLists(&block)
	if data, there := block.body(ExtServerName); there { // RFC 6066, 3
		if !h.parseServerName(data) {
			h.ServerName = likelyName(data, rest[2+block.places[ExtServerName].start:])
		}
		if len(h.ServerName) == 0 {
			h.Oddities |= emptyServerName
		}
	}
	h.Extensions = block.framed()
	if err != nil && len(h.ServerName) == 0 {
		h.salvageName(rest)
	}
	return err
}

// noteExtensions sets the fields that only tell whether an extension is there.
func (h *ClientHello) noteExtensions(b *extensionBlock) {
	h.HasServerName = b.seen.has(ExtServerName)
	h.HasSupportedVersions = b.seen.has(extSupportedVersions)
	h.EncryptedClientHello = b.encrypted
	h.EarlyData = b.seen.has(ExtEarlyData)                       // RFC 8446, 4.2.10
	h.PreSharedKey = b.seen.has(ExtPreSharedKey)                 // RFC 8446, 4.2.11
	h.Cookie = b.seen.has(ExtCookie)                             // RFC 8446, 4.2.2
	h.ExtendedMasterSecret = b.seen.has(extExtendedMasterSecret) // RFC 7627, 5.1
	ticket, _ := b.body(extSessionTicket)                        // RFC 5077, 3.2
	h.SessionTicket = len(ticket) > 0
	if b.behind.has(ExtPreSharedKey) {
		h.Oddities |= preSharedKeyNotLast
	}
}

// readLists reads the extensions that hold one list.
func (h *ClientHello) readLists(b *extensionBlock) {
	o := &h.Oddities
	if data, there := b.body(extSupportedVersions); there { // RFC 8446, 4.2.1
		h.SupportedVersions = uint16s(list8(data, o), o)
	}
	if data, there := b.body(ExtSupportedGroups); there { // RFC 8446, 4.2.7
		h.SupportedGroups = uint16s(list16(data, o), o)
	}
	if data, there := b.body(ExtPointFormats); there { // RFC 8422, 5.1.2
		h.PointFormats = list8(data, o)
	}
	if data, there := b.body(extSignatureAlgorithms); there { // RFC 8446, 4.2.3
		h.SignatureAlgorithms = uint16s(list16(data, o), o)
	}
	if data, there := b.body(ExtALPN); there { // RFC 7301, 3.1
		h.ALPN = protocols(data, o)
	}
}

const (
	hostName = 0 // the NameType (RFC 6066, 3)

	// nameHeader is the length of what comes before the name in the body of a
	// server_name extension: the list's length, the type, the name's length.
	nameHeader = 2 + 1 + 2
)

// parseServerName reads the first host_name of a ServerNameList. It returns false
// when the first name in the list does not fit into it.
func (h *ClientHello) parseServerName(data []byte) bool {
	list := reader(list16(data, &h.Oddities))
	for entries := 0; len(list) > 0; entries++ {
		var kind uint8
		var name []byte
		if !list.uint8(&kind) || !list.vector16(&name) {
			h.Oddities |= malformedExtension
			return entries > 0
		}
		if entries > 0 {
			h.Oddities |= severalServerNames
		}
		if kind == hostName && h.ServerName == nil {
			h.ServerName = name
		}
	}
	return true
}

// likelyName returns the name in a server_name extension whose lengths disagree.
// data is the extension's body, and beyond is the same with all bytes that follow
// it. Each of the three lengths (extension, list, name) tells how long the name is;
// where two of them agree, the third is wrong. Where none do, the name is the
// printable bytes there.
func likelyName(data, beyond []byte) []byte {
	if len(data) < nameHeader || data[2] != hostName {
		return nil
	}
	extension, list, name := len(data)-nameHeader, int(be16(data))-(nameHeader-2), int(be16(data[3:]))
	rest := beyond[nameHeader:]
	switch {
	case list == name || extension == name:
	case extension == list:
		name = list
	default:
		name = min(max(name, list, extension), len(rest))
		name = printable(rest[:name])
	}
	name = min(max(name, 0), len(rest))
	return rest[:name:name]
}

// salvageName looks for a server_name extension in the part of a hello that could
// not be parsed. It takes one with one name, in printable ASCII, whose three lengths
// agree.
func (h *ClientHello) salvageName(rest []byte) {
	for ; len(rest) > extensionHeader+nameHeader; rest = rest[1:] {
		name := int(be16(rest[7:]))
		if be16(rest) != uint16(ExtServerName) || rest[6] != hostName || name == 0 ||
			int(be16(rest[4:])) != name+3 || int(be16(rest[2:])) != name+nameHeader {
			continue
		}
		if rest := rest[extensionHeader+nameHeader:]; name <= len(rest) && printable(rest[:name]) == name {
			h.ServerName, h.HasServerName = rest[:name:name], true
			return
		}
	}
}

// printable returns how many printable ASCII bytes, blanks excluded, b begins with.
func printable(b []byte) int {
	for i, c := range b {
		if c <= ' ' || c > '~' {
			return i
		}
	}
	return len(b)
}
