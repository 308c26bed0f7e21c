package starttls

// nntpCapabilities is the code of the answer to CAPABILITIES, a list.
const nntpCapabilities = 101

// nntpCommand judges a client's line in NNTP (RFC 3977, RFC 4642). What reads
// or posts articles is not on the list.
func nntpCommand(l textLine) event {
	if is(l.verb, "STARTTLS") {
		return plain | ask
	}
	return fits(oneOf(l.verb, "CAPABILITIES", "MODE", "AUTHINFO", "DATE", "QUIT"))
}

// nntpReply judges a server's line. 382 grants and 580 refuses (RFC 4642, 2.2).
func nntpReply(d *direction, l textLine) event {
	switch code, _ := replyCode(l.text); code {
	case 382:
		return plain | grant
	case 580, 500, 501, 502, 503:
		return plain | refuse
	case 111, 200, 201, 205, 381, 400, 401, 403, 480, 481, 482, 483, nntpCapabilities:
		return plain
	case 0:
		return fits(d.list && (string(l.text) == "." || capability(l)))
	}
	return 0
}
