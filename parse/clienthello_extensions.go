package parse

// parseExtensions reads the extensions block that rest begins with.
func (h *ClientHello) parseExtensions(body []byte, rest reader) error {
	block, err := readExtensions(body, rest, &h.Oddities)
	if err != nil {
		return err
	}
	var seen seenExtensions
	end := 0
	for {
		typ, data, next := block.list.at(end)
		if next == 0 {
			break
		}
		end = next
		if odd := seen.add(typ); odd != 0 {
			h.Oddities |= odd
			if odd == DuplicateExtension {
				continue
			}
		}
		h.parseExtension(typ, data)
	}
	h.Extensions, err = block.upTo(end)
	return err
}

func (h *ClientHello) parseExtension(typ ExtensionType, data []byte) {
	if h.PreSharedKey {
		h.Oddities |= PreSharedKeyNotLast
	}
	switch typ {
	case ExtServerName: // RFC 6066, 3
		h.HasServerName = true
		h.parseServerName(data)
	case ExtSupportedGroups: // RFC 8446, 4.2.7
		h.SupportedGroups = uint16s(list16(data, &h.Oddities), &h.Oddities)
	case ExtPointFormats: // RFC 8422, 5.1.2
		h.PointFormats = list8(data, &h.Oddities)
	case ExtSignatureAlgorithms: // RFC 8446, 4.2.3
		h.SignatureAlgorithms = uint16s(list16(data, &h.Oddities), &h.Oddities)
	case ExtALPN: // RFC 7301, 3.1
		h.ALPN = protocols(data, &h.Oddities)
	case ExtExtendedMasterSecret: // RFC 7627, 5.1
		h.ExtendedMasterSecret = true
	case ExtSessionTicket: // RFC 5077, 3.2
		h.SessionTicket = len(data) > 0
	case ExtPreSharedKey: // RFC 8446, 4.2.11
		h.PreSharedKey = true
	case ExtEarlyData: // RFC 8446, 4.2.10
		h.EarlyData = true
	case ExtSupportedVersions: // RFC 8446, 4.2.1
		h.HasSupportedVersions = true
		h.SupportedVersions = uint16s(list8(data, &h.Oddities), &h.Oddities)
	case ExtCookie: // RFC 8446, 4.2.2
		h.Cookie = true
	case ExtEncryptedClientHello, extECHDraft8, extECHDraft9, extECHDraft10, extESNI: // RFC 9849, 5
		h.EncryptedClientHello = true
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
