package parse

import "bytes"

// FallbackSCSV is TLS_FALLBACK_SCSV (RFC 7507), a cipher suite value that says
// "I was refused with a higher version".
const FallbackSCSV = 0x5600

// maxSessionID is the longest legacy_session_id (RFC 8446, 4.1.2).
const maxSessionID = 32

// ClientHello is a ClientHello (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2) or an
// SSLv2 CLIENT-HELLO. All slices are views into the bytes that it was parsed
// from and live as long as those do. Where an extension is absent its field is
// empty; where one is repeated, the first counts.
type ClientHello struct {
	LegacyVersion      Version
	Random             []byte // 32 bytes; the 16 to 32 of the challenge in SSLv2 format
	SessionID          []byte
	CipherSuites       Uint16s // empty in SSLv2 format: see CipherSpecs
	CompressionMethods []byte
	Extensions         Extensions // all of them, as far as they are well framed

	ServerName          []byte    // first host_name, as sent (RFC 6066, 3)
	SupportedVersions   Uint16s   // RFC 8446, 4.2.1; GREASE included
	SupportedGroups     Uint16s   // RFC 8446, 4.2.7; GREASE included
	PointFormats        []byte    // RFC 8422, 5.1.2
	SignatureAlgorithms Uint16s   // RFC 8446, 4.2.3
	ALPN                Protocols // RFC 7301, 3.1

	HasServerName        bool // the server_name extension is there, whatever is in it
	HasSupportedVersions bool // the supported_versions extension is there
	EncryptedClientHello bool // encrypted_client_hello, its GREASE or a draft of it: ServerName is the outer name
	EarlyData            bool // 0-RTT offered (RFC 8446, 4.2.10)
	SessionTicket        bool // a ticket, not an empty session_ticket (RFC 5077, 3.2)
	PreSharedKey         bool // RFC 8446, 4.2.11
	Cookie               bool // RFC 8446, 4.2.2: an answer to a HelloRetryRequest
	ExtendedMasterSecret bool // RFC 7627

	SSLv2Format bool        // an SSLv2 CLIENT-HELLO
	CipherSpecs CipherSpecs // of an SSLv2 CLIENT-HELLO

	Oddities Oddities
}

// Parse reads the body of a ClientHello message, without the 4 bytes of the
// handshake header. It overwrites all of h, allocates nothing unless it fails,
// and keeps views into body. On a *ParseError the fields up to the ill-formed
// one stand, and what can be made out of the rest: of an extensions block or an
// extension that is longer than the bytes there, those bytes, and the name if a
// server_name extension is found. MalformedHello is then among the Oddities.
func (h *ClientHello) Parse(body []byte) error {
	*h = ClientHello{}
	r, field := reader(body), ""
	switch {
	case !r.uint16((*uint16)(&h.LegacyVersion)):
		field = "legacy_version"
	case !r.bytes(32, &h.Random):
		field = "random"
	case !r.vector8(&h.SessionID):
		field = "legacy_session_id"
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
	h.judgeFixedFields()
	if len(r) == 0 {
		return nil
	}
	return h.parseExtensions(body, r)
}

func (h *ClientHello) judgeFixedFields() {
	if len(h.SessionID) > maxSessionID {
		h.Oddities |= LongSessionID
	}
	if len(h.CipherSuites)%2 != 0 {
		h.Oddities |= OddLengthList
	}
	if len(h.CipherSuites) < 2 {
		h.Oddities |= NoCipherSuites
	}
	if bytes.IndexByte(h.CompressionMethods, 0) < 0 {
		h.Oddities |= NoNullCompression
	}
}

// Plausible reports whether a hello that Parse found ill-formed still is one, by
// what was read of it: a version that TLS has, or supported_versions, and the
// random behind it.
func (h *ClientHello) Plausible() bool {
	return len(h.Random) == 32 && (h.LegacyVersion>>8 == 3 || h.SupportedVersions.Len() > 0)
}

// MaxVersion is the function MaxVersion of what the hello offers, without a
// list being made. GREASE is higher than any version, and so counts for nothing.
func (h *ClientHello) MaxVersion() Version {
	highest := Version(0)
	for list := h.SupportedVersions; len(list) >= 2; list = list[2:] {
		v := be16(list)
		if rank := Version(v).Rank(); rank > highest && rank <= TLSv13 {
			highest = rank
		}
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
