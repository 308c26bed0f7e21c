package text

import (
	"bytes"

	"tlsfloor/parse/upgrade"
)

const (
	// maxTag is the longest tag that is read. A stream header with its namespaces
	// has a few hundred bytes.
	maxTag = 2048
	// ByteOrderMark may stand before XML.
	ByteOrderMark = "\xef\xbb\xbf"
)

// OpensXMPP reports whether data begins with a stream's XML declaration or first
// tag, or, when the capture began later, with a tag of the negotiation. White space
// may stand before it, and any prefix in it (RFC 6120, 4.8.5). need is how many
// bytes it takes to tell, where there are fewer.
func OpensXMPP(data []byte) (is bool, need int) {
	const maxName = 64 // with what stands before it
	head := data[:min(len(data), maxName)]
	tag := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(ByteOrderMark)), " \t\r\n")
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

// XMPP reads one tag, or the text before one (RFC 6120, 5.4.2). Attributes and
// namespaces do not matter; where tags end does, because TLS begins right after
// the '>'.
func XMPP(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	if d.Within = data[0] != '<'; d.Within {
		n := bytes.IndexByte(data, '<')
		if n < 0 {
			n = len(data)
		}
		return upgrade.Took(n)
	}
	tag := readTag(d, data)
	switch {
	case tag == nil && len(data) >= maxTag:
		return upgrade.Message{Event: upgrade.Foreign | upgrade.TooLong}
	case tag == nil:
		return upgrade.Wait(0)
	}
	e := xmppTag(d, from, tagName(tag))
	return upgrade.Message{Size: len(tag), Event: e}
}

// xmppTag says what a tag means. After stanzas and SASL there is no TLS: STARTTLS
// comes first (RFC 6120, 5.3.1), and stanzas carry other people's text.
func xmppTag(d *upgrade.State, from upgrade.Side, name []byte) upgrade.Event {
	d.Ready = false
	switch {
	case Is(name, "STARTTLS"):
		return upgrade.Ask.If(from == upgrade.Client)
	case Is(name, "PROCEED"):
		return upgrade.Grant
	case oneOf(name, "MESSAGE", "IQ", "PRESENCE", "AUTH", "RESPONSE", "SUCCESS", "FAILURE", "HTML", "RESULT", "VERIFY"):
		return upgrade.Foreign
	case d.Stage == 0:
		d.Stage = 1
		return upgrade.Foreign.If(!oneOf(name, "?XML", "STREAM", "FEATURES"))
	case d.Stage == 1:
		d.Stage = 2
		return upgrade.Foreign.If(!oneOf(name, "STREAM", "FEATURES"))
	}
	return 0
}

// readTag returns the tag that data begins with, up to the '>' that ends it, or nil
// when the end is not there. A '>' inside an attribute's value does not end a tag.
// Bytes that were searched once are not searched again.
func readTag(d *upgrade.State, data []byte) []byte {
	head := data[:min(len(data), maxTag)]
	for i := int(d.Scanned); i < len(head); i++ {
		switch c := head[i]; {
		case d.Quote != 0:
			if c == d.Quote {
				d.Quote = 0
			}
		case c == '"' || c == '\'':
			d.Quote = c
		case c == '>':
			return head[:i+1]
		}
	}
	d.Scanned = uint16(len(head))
	return nil
}

// tagName returns the local name of a tag, without '/' and prefix.
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
