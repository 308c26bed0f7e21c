package starttls

// smtpCommand judges a client's line in SMTP or LMTP (RFC 5321, RFC 2033). The
// content of a mail begins with DATA or BDAT, which are not on the list.
// X-ANONYMOUSTLS is what Exchange servers say to each other for STARTTLS.
func smtpCommand(l textLine) event {
	switch {
	case oneOf(l.verb, "STARTTLS", "X-ANONYMOUSTLS"):
		return plain | ask
	case is(l.verb, "AUTH"):
		return fits(!oneOf(l.arg, "TLS", "TLS-C", "TLS-P", "SSL")) // those are FTP's
	}
	return fits(oneOf(l.verb, "EHLO", "HELO", "LHLO", "NOOP", "RSET", "HELP", "VRFY", "EXPN", "MAIL", "RCPT",
		"XCLIENT", "XFORWARD", "QUIT"))
}

// smtpReply judges a server's line. 220 greets, and later answers STARTTLS
// (RFC 3207, 4); 354 asks for a mail's content; after 235 the client is known
// and STARTTLS is over.
func smtpReply(d *direction, l textLine) event {
	code, more := replyCode(l.text)
	switch code {
	case 220:
		if d.replied && !more {
			return plain | grant
		}
		return plain | ready
	case 454, 500, 501, 502, 503, 504, 530, 550, 554:
		return plain | refuse
	case 211, 214, 221, 250, 251, 252, 334, 421, 450, 451, 452, 455, 521, 523, 534, 535, 538, 541, 551, 552, 553, 555, 556:
		return plain
	}
	return 0
}
