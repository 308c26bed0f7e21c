package starttls

// sieveCommand judges a client's line in ManageSieve (RFC 5804, 2). What
// carries scripts is not on the list.
func sieveCommand(l textLine) event {
	if is(l.verb, "STARTTLS") {
		return plain | ask
	}
	return fits(oneOf(l.verb, "CAPABILITY", "AUTHENTICATE", "NOOP", "LOGOUT"))
}

// sieveReply judges a server's line: a capability as a quoted string, or a
// status (RFC 5804, 1.2).
func sieveReply(_ *direction, l textLine) event {
	switch {
	case is(l.verb, "OK"):
		return plain | ready
	case oneOf(l.verb, "NO", "BYE"):
		return plain | refuse
	}
	return fits(len(l.text) > 1 && l.text[0] == '"' && l.text[1] >= 'A' && l.text[1] <= 'Z')
}
