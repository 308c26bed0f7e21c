package parse

// parseExtensions reads the extensions block that rest begins with.
func (h *ClientHello) parseExtensions(body []byte, rest reader) (err error) {
	var block extensionBlock
	if err := block.read(body, rest); err != nil {
		return err
	}
	h.Oddities |= block.oddities
	h.noteExtensions(&block)
	h.readLists(&block)
	if data, there := block.body(ExtServerName); there { // RFC 6066, 3
		h.parseServerName(data)
	}
	h.Extensions, err = block.framed()
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

// parseServerName takes the first host_name of a ServerNameList.
func (h *ClientHello) parseServerName(data []byte) {
	const hostName = 0
	list := reader(list16(data, &h.Oddities))
	for entries := 0; len(list) > 0; entries++ {
		var kind uint8
		var name []byte
		if !list.uint8(&kind) || !list.vector16(&name) {
			h.Oddities |= MalformedExtension
			break
		}
		if entries > 0 {
			h.Oddities |= SeveralServerNames
		}
		if kind == hostName && h.ServerName == nil {
			h.ServerName = name
		}
	}
	if len(h.ServerName) == 0 {
		h.Oddities |= EmptyServerName
	}
}
