package starttls

// ftpCommand judges a client's line on an FTP control connection (RFC 959,
// RFC 4217). Transfers and listings are not on the list.
func ftpCommand(l textLine) event {
	if is(l.verb, "AUTH") {
		if oneOf(l.arg, "TLS", "TLS-C", "TLS-P", "SSL") {
			return plain | ask
		}
		return plain
	}
	return fits(oneOf(l.verb, "USER", "PASS", "ACCT", "FEAT", "SYST", "HELP", "NOOP", "OPTS", "CLNT", "HOST", "LANG",
		"PBSZ", "PROT", "CSID", "REIN", "QUIT"))
}

// ftpReply judges a server's line. Inside a reply of several lines anything
// goes (RFC 959, 4.2). 234 grants (RFC 4217, 4); after 230 the user is logged
// in.
func ftpReply(d *direction, l textLine) event {
	code, more := replyCode(l.text)
	switch {
	case d.code != 0 && code != d.code:
		return plain
	case code == 234 && !more:
		return plain | grant
	}
	switch code {
	case 431, 500, 501, 502, 503, 504, 530, 533, 534, 536:
		return plain | refuse
	case 120, 200, 202, 211, 214, 215, 220, 221, 331, 332, 334, 336, 421, 451:
		return plain
	}
	return 0
}
