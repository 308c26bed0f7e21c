package starttls

import "bytes"

// ircCommand judges a client's line in IRC (RFC 2812). STARTTLS is of the
// IRCv3 "tls" extension and belongs before registration; what joins or talks
// is not on the list.
func ircCommand(l textLine) event {
	if is(l.verb, "STARTTLS") {
		return plain | ask
	}
	return fits(oneOf(l.verb, "CAP", "NICK", "USER", "PASS", "PING", "PONG", "WEBIRC", "PROTOCTL", "QUIT"))
}

// ircReply judges a server's line, with or without its prefix. 670 grants, 691
// refuses. 001 welcomes a registered client: the end of the look.
func ircReply(_ *direction, l textLine) event {
	verb := l.verb
	if len(verb) > 1 && verb[0] == ':' {
		verb = l.arg
	}
	switch code, _ := replyCode(verb); code {
	case 0:
		return fits(oneOf(verb, "NOTICE", "CAP", "PING", "PONG", "ERROR"))
	case 670:
		return plain | grant
	case 691:
		return plain | refuse
	case 421, 451:
		if bytes.Contains(l.text, []byte(" STARTTLS ")) {
			return plain | refuse
		}
		return plain
	case 20, 410, 432, 433, 437, 461, 462, 464:
		return plain
	}
	return 0
}
