package starttls

// pop3Command judges a client's line in POP3 (RFC 1939). STLS belongs to the
// authorization state (RFC 2595, 4); what opens the mailbox is not on the list.
func pop3Command(l textLine) event {
	switch {
	case is(l.verb, "STLS"):
		return plain | ask
	case is(l.verb, "AUTH"):
		return fits(!oneOf(l.arg, "TLS", "TLS-C", "TLS-P", "SSL")) // those are FTP's
	}
	return fits(oneOf(l.verb, "CAPA", "USER", "PASS", "APOP", "NOOP", "LANG", "UTF8", "QUIT"))
}

// pop3Reply judges a server's line: status, element of the CAPA list
// (RFC 2449, 5) or its end.
func pop3Reply(d *direction, l textLine) event {
	switch {
	case is(l.verb, "+OK"):
		return plain | ready
	case is(l.verb, "-ERR"):
		return plain | refuse
	case is(l.verb, "+"):
		return plain
	}
	return fits(d.list && (string(l.text) == "." || capability(l)))
}
