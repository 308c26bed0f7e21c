package parse

// A capture with a short snapshot length, or with lost packets, has only the
// beginning of a hello. The functions here read that beginning. What they do not
// find may have been in the part that is missing.

// ParseCut reads the beginning of a ClientHello's body. It overwrites all of h,
// and sets the fields and reads the extensions that are whole. It returns false
// when not even legacy_version is there. A version below TLS 1.2 in that field is
// the highest that the client offers: clients that offer more put 0x0303 there
// (RFC 8446, 4.2.1). For any other value, only a whole supported_versions extension
// tells what is offered.
func (h *ClientHello) ParseCut(body []byte) bool { return h.ParseCutOf(TLS, body) }

// ParseCutOf is ParseCut for a hello of a protocol.
func (h *ClientHello) ParseCutOf(p Protocol, body []byte) bool {
	*h = ClientHello{Protocol: p}
	r := reader(body)
	if !r.uint16((*uint16)(&h.LegacyVersion)) {
		return false
	}
	if r.bytes(32, &h.Random) && r.vector8(&h.SessionID) && (p != DTLS || r.vector8(&h.HelloCookie)) && r.vector16((*[]byte)(&h.CipherSuites)) && r.vector8(&h.CompressionMethods) {
		h.readCutExtensions(r)
	}
	return true
}

func (h *ClientHello) readCutExtensions(rest reader) {
	var block extensionBlock
	block.readBeginning(rest)
	h.noteExtensions(&block)
	h.readLists(&block)
	if data, there := block.body(ExtServerName); there {
		h.parseServerName(data)
	}
	h.Extensions = block.list[:block.end:block.end]
}

// ParseCut reads the beginning of a ServerHello's body. It overwrites all of h, and
// reports whether SelectedVersion is certain.
//
// It is certain when the cipher suite is there: TLS 1.3 has suites of its own
// (RFC 8446, B.4), and a server that selects one of them has TLS 1.3 in
// supported_versions, whatever legacy_version says (4.2.1). A draft of TLS 1.3 whose
// number would be in supported_versions counts as TLSv13.
//
// Without the suite, legacy_version counts when it is SSLv3, TLS 1.0 or TLS 1.1: a
// server that selects TLS 1.3 must not put one of these there (4.1.3). It does not
// count when it is 0x0303, which TLS 1.2 and TLS 1.3 share, or not the number of a
// version.
func (h *ServerHello) ParseCut(body []byte) (certain bool) {
	*h = ServerHello{}
	r := reader(body)
	if !r.uint16((*uint16)(&h.LegacyVersion)) {
		return false
	}
	h.SelectedVersion = h.LegacyVersion
	draft := h.LegacyVersion.Rank() == TLSv13 // it may have the layout of the drafts
	certain = draft || h.LegacyVersion.Rank() >= SSLv3 && h.LegacyVersion.Rank() < TLSv12
	if !r.bytes(32, &h.Random) {
		return certain
	}
	h.checkRandom()
	if draft || !r.vector8(&h.SessionID) || !r.uint16(&h.CipherSuite) {
		return certain
	}
	if h.CipherSuite>>8 == tls13Suites {
		h.SelectedVersion = TLSv13
		if h.LegacyVersion.IsDTLS() {
			h.SelectedVersion = DTLSv13
		}
	}
	if r.uint8(&h.Compression) {
		h.readCutExtensions(r)
	}
	return true
}

// tls13Suites is the first byte of the cipher suites of TLS 1.3 (RFC 8446, B.4),
// which no other version has.
const tls13Suites = 0x13

func (h *ServerHello) readCutExtensions(rest reader) {
	var block extensionBlock
	block.readBeginning(rest)
	if data, there := block.body(extSupportedVersions); there {
		h.parseSelectedVersion(data)
	}
	if data, there := block.body(ExtALPN); there {
		h.parseProtocol(data)
	}
	h.PreSharedKey = block.seen.has(ExtPreSharedKey)
	h.SessionTicket = block.seen.has(extSessionTicket)
	h.Extensions = block.list[:block.end:block.end]
}

// readBeginning finds the extensions that are whole in the beginning of a block.
func (b *extensionBlock) readBeginning(rest reader) {
	var length uint16
	if !rest.uint16(&length) {
		return
	}
	b.list = Extensions(rest[:min(int(length), len(rest))])
	b.walk()
}
