package parse

// A capture with a short snapshot length, or one that lost packets, has only the
// beginning of a hello. What it has is read here; what is absent from it may
// have been there.

// ParseCut reads the beginning of a ClientHello's body. It overwrites all of h,
// and fills the fields and the extensions that are whole; h.Extensions holds
// those. It reports false when not even legacy_version is there. A version below
// TLS 1.2 in that field is the highest that the client offers (RFC 8446, 4.2.1
// has clients that offer more put 0x0303 there); for any other, only a
// supported_versions extension that is whole tells what is offered.
func (h *ClientHello) ParseCut(body []byte) bool {
	*h = ClientHello{}
	r := reader(body)
	if !r.uint16((*uint16)(&h.LegacyVersion)) {
		return false
	}
	if r.bytes(32, &h.Random) && r.vector8(&h.SessionID) && r.vector16((*[]byte)(&h.CipherSuites)) && r.vector8(&h.CompressionMethods) {
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

// ParseCut reads the beginning of a ServerHello's body. It overwrites all of h,
// and reports whether the version selected is certain all the same.
//
// From the cipher suite on, it is: the suites of TLS 1.3 are its own (RFC 8446,
// B.4), and a server that selects one of them has TLS 1.3 in supported_versions,
// whatever legacy_version says (4.2.1). A draft of TLS 1.3 that only
// supported_versions would number is TLSv13. Before the suite, legacy_version is
// believed where it says SSLv3, TLS 1.0 or TLS 1.1: a server that answers with TLS
// 1.3 and puts one of these there breaks a MUST (4.1.3). It leaves the version open
// where it is 0x0303, which TLS 1.2 and TLS 1.3 share, and where it is the number
// of no version.
func (h *ServerHello) ParseCut(body []byte) (certain bool) {
	*h = ServerHello{}
	r := reader(body)
	if !r.uint16((*uint16)(&h.LegacyVersion)) {
		return false
	}
	h.SelectedVersion = h.LegacyVersion
	draft := h.LegacyVersion.Rank() == TLSv13 // which may have the layout of the drafts
	certain = draft || h.LegacyVersion >= SSLv3 && h.LegacyVersion < TLSv12
	if !r.bytes(32, &h.Random) {
		return certain
	}
	h.judgeRandom()
	if draft || !r.vector8(&h.SessionID) || !r.uint16(&h.CipherSuite) {
		return certain
	}
	if h.CipherSuite>>8 == tls13Suites {
		h.SelectedVersion = TLSv13
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
	if data, there := block.body(ExtSupportedVersions); there {
		h.parseSelectedVersion(data)
	}
	if data, there := block.body(ExtALPN); there {
		h.parseProtocol(data)
	}
	h.PreSharedKey = block.seen.has(ExtPreSharedKey)
	h.SessionTicket = block.seen.has(ExtSessionTicket)
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

// Begun returns the type of the message under way, and the part of its body that
// has come, a view that is valid until the next call of Next or Drop. ok is
// false between messages, and until the whole header has come.
func (m *Messages) Begun() (t HandshakeType, body []byte, ok bool) {
	if m.done || len(m.partial) < messageHeader {
		return 0, nil, false
	}
	return HandshakeType(m.partial[0]), m.partial[messageHeader:], true
}
