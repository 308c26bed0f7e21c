package parse

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
			h.Oddities |= EmptyServerName
		}
	}
	h.Extensions = block.framed()
	if err != nil && len(h.ServerName) == 0 {
		h.salvageName(rest)
	}
	return err
}

// noteExtensions notes which extensions are there, where that is all to know.
func (h *ClientHello) noteExtensions(b *extensionBlock) {
	h.HasServerName = b.seen.has(ExtServerName)
	h.HasSupportedVersions = b.seen.has(ExtSupportedVersions)
	h.EncryptedClientHello = b.encrypted
	h.EarlyData = b.seen.has(ExtEarlyData)                       // RFC 8446, 4.2.10
	h.PreSharedKey = b.seen.has(ExtPreSharedKey)                 // RFC 8446, 4.2.11
	h.Cookie = b.seen.has(ExtCookie)                             // RFC 8446, 4.2.2
	h.ExtendedMasterSecret = b.seen.has(ExtExtendedMasterSecret) // RFC 7627, 5.1
	ticket, _ := b.body(ExtSessionTicket)                        // RFC 5077, 3.2
	h.SessionTicket = len(ticket) > 0
	if b.behind.has(ExtPreSharedKey) {
		h.Oddities |= PreSharedKeyNotLast
	}
}

// readLists reads the extensions that hold one list.
func (h *ClientHello) readLists(b *extensionBlock) {
	o := &h.Oddities
	if data, there := b.body(ExtSupportedVersions); there { // RFC 8446, 4.2.1
		h.SupportedVersions = uint16s(list8(data, o), o)
	}
	if data, there := b.body(ExtSupportedGroups); there { // RFC 8446, 4.2.7
		h.SupportedGroups = uint16s(list16(data, o), o)
	}
	if data, there := b.body(ExtPointFormats); there { // RFC 8422, 5.1.2
		h.PointFormats = list8(data, o)
	}
	if data, there := b.body(ExtSignatureAlgorithms); there { // RFC 8446, 4.2.3
		h.SignatureAlgorithms = uint16s(list16(data, o), o)
	}
	if data, there := b.body(ExtALPN); there { // RFC 7301, 3.1
		h.ALPN = protocols(data, o)
	}
}

const (
	hostName = 0 // the NameType (RFC 6066, 3)

	// nameHeader is what is before the name in a server_name extension's body:
	// the list's length, the type, the name's length.
	nameHeader = 2 + 1 + 2
)

// parseServerName takes the first host_name of a ServerNameList, and reports
// whether the first name was there.
func (h *ClientHello) parseServerName(data []byte) bool {
	list := reader(list16(data, &h.Oddities))
	for entries := 0; len(list) > 0; entries++ {
		var kind uint8
		var name []byte
		if !list.uint8(&kind) || !list.vector16(&name) {
			h.Oddities |= MalformedExtension
			return entries > 0
		}
		if entries > 0 {
			h.Oddities |= SeveralServerNames
		}
		if kind == hostName && h.ServerName == nil {
			h.ServerName = name
		}
	}
	return true
}

// likelyName is the name in a server_name extension whose lengths disagree; data
// is the extension's body, beyond the same with all that follows it. The three
// lengths differ by what lies between them, so where two of them agree the third
// is wrong. Where none do, the name is the printable bytes that there are.
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

// salvageName looks for a server_name extension with one name in what could not
// be read of a hello. Its three lengths have to agree, and its name to be in
// printable ASCII.
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

// printable is how many bytes b begins with that are printable ASCII and no
// blanks.
func printable(b []byte) int {
	for i, c := range b {
		if c <= ' ' || c > '~' {
			return i
		}
	}
	return len(b)
}
