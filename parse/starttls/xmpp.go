package starttls

import "bytes"

// maxTag is the longest tag that is read. A stream header with its namespaces
// has a few hundred bytes.
const maxTag = 2048

// xmlMark is the byte order mark that may stand before XML.
const xmlMark = "\xef\xbb\xbf"

// xmppOpens recognises a stream's XML declaration or first tag, or, when the
// capture began later, a tag of the negotiation. White space may stand before it,
// and any prefix in it (RFC 6120, 4.8.5). need is how many bytes it takes to say.
func xmppOpens(data []byte) (is bool, need int) {
	const maxName = 64 // with what stands before it
	head := data[:min(len(data), maxName)]
	tag := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(xmlMark)), " \t\r\n")
	if len(tag) > 0 && tag[0] != '<' {
		return false, 0
	}
	end := bytes.IndexAny(tag, " \t\r\n/>")
	switch {
	case end < 0 && len(head) < maxName:
		return false, len(data) + 1
	case end < 0:
		return false, 0
	}
	return oneOf(tagName(tag[:end+1]), "?XML", "STREAM", "FEATURES", "STARTTLS", "PROCEED"), 0
}

// xmlOpens tells XMPP from nothing known.
func xmlOpens(s side, data []byte) (protocol, side, int) {
	if is, need := xmppOpens(data); is || need > 0 {
		return xmpp, s, need
	}
	return none, s, 0
}

// xmpp reads one tag, or the text before one (RFC 6120, 5.4.2). Attributes and
// namespaces do not matter; where tags end does, because TLS begins right
// after the '>'.
func (p *Preamble) xmpp(s side, data []byte) Step {
	d := &p.dirs[s]
	if d.within = data[0] != '<'; d.within {
		n := bytes.IndexByte(data, '<')
		if n < 0 {
			n = len(data)
		}
		return d.took(n)
	}
	tag := d.readTag(data)
	switch {
	case tag == nil && len(data) >= maxTag:
		p.tooMuch(s)
		return p.foreign(s)
	case tag == nil:
		return d.wait(0)
	case !p.xmppTag(s, tagName(tag)):
		return p.foreign(s)
	}
	return d.took(len(tag))
}

// xmppTag heeds a tag. Stanzas and SASL end the look: STARTTLS comes first
// (RFC 6120, 5.3.1), and stanzas carry other people's text.
func (p *Preamble) xmppTag(s side, name []byte) bool {
	d := &p.dirs[s]
	d.ready = false
	switch {
	case is(name, "STARTTLS"):
		p.asked = p.asked || s == client
	case is(name, "PROCEED"):
		p.granted = true
	case oneOf(name, "MESSAGE", "IQ", "PRESENCE", "AUTH", "RESPONSE", "SUCCESS", "FAILURE", "HTML", "RESULT", "VERIFY"):
		return false
	case d.stage == 0:
		d.stage = 1
		return oneOf(name, "?XML", "STREAM", "FEATURES")
	case d.stage == 1:
		d.stage = 2
		return oneOf(name, "STREAM", "FEATURES")
	}
	return true
}

// readTag takes a tag up to the '>' that ends it, which is not one inside an
// attribute's value; nil: not all of it is here. What was searched once is not
// searched again.
func (d *direction) readTag(data []byte) []byte {
	head := data[:min(len(data), maxTag)]
	for i := int(d.scanned); i < len(head); i++ {
		switch c := head[i]; {
		case d.quote != 0:
			if c == d.quote {
				d.quote = 0
			}
		case c == '"' || c == '\'':
			d.quote = c
		case c == '>':
			return head[:i+1]
		}
	}
	d.scanned = uint16(len(head))
	return nil
}

// tagName is the local name of a tag, without '/' and prefix.
func tagName(tag []byte) []byte {
	name := bytes.TrimPrefix(tag[1:len(tag)-1], []byte{'/'})
	if i := bytes.IndexAny(name, " \t\r\n/"); i >= 0 {
		name = name[:i]
	}
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		name = name[i+1:]
	}
	return name
}
