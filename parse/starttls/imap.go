package starttls

import "bytes"

// imapCommand judges a client's line in IMAP (RFC 9051, 6.2.1): a tag and a
// command. Those that open a mailbox are not on the list.
func imapCommand(l textLine) event {
	switch {
	case !imapTag(l.verb):
		return 0
	case is(l.arg, "STARTTLS"):
		return plain | ask
	}
	return fits(oneOf(l.arg, "CAPABILITY", "NOOP", "ID", "LOGIN", "AUTHENTICATE", "LANGUAGE", "COMPARATOR", "LOGOUT"))
}

// imapReply judges a server's line. After PREAUTH there is no STARTTLS
// (RFC 9051, 7.1.4), and FETCH brings other people's text.
func imapReply(_ *direction, l textLine) event {
	switch {
	case is(l.verb, "*"):
		return fits(oneOf(l.arg, "OK", "NO", "BAD", "BYE", "CAPABILITY", "ID", "LANGUAGE", "COMPARATOR"))
	case is(l.verb, "+"):
		return plain
	case !imapTag(l.verb):
		return 0
	case is(l.arg, "OK"):
		return plain | ready
	case oneOf(l.arg, "NO", "BAD"):
		return plain | refuse
	}
	return 0
}

// imapTag reports whether a word can be a tag (RFC 9051, 9).
func imapTag(word []byte) bool {
	const maxTag = 64
	for _, c := range word {
		if c <= ' ' || c > '~' || bytes.IndexByte([]byte(`(){%*+"\`), c) >= 0 {
			return false
		}
	}
	return len(word) > 0 && len(word) <= maxTag
}

// expectLiteral looks for "{42}" or "{42+}" at the end of a line (RFC 9051,
// 4.3; ManageSieve has it too): that many bytes follow, and then the line goes
// on. They are no line, whatever they look like.
func (d *direction) expectLiteral(set lineSet, text []byte) {
	d.literal = false
	open := bytes.LastIndexByte(text, '{')
	if set&^(1<<imap|1<<sieve) != 0 || open < 0 || text[len(text)-1] != '}' {
		return
	}
	n := 0
	for _, c := range bytes.TrimSuffix(text[open+1:len(text)-1], []byte{'+'}) {
		if c < '0' || c > '9' {
			return
		}
		n = min(10*n+int(c-'0'), maxBytes)
	}
	d.literal, d.skip = true, uint32(n)
}

// afterLiteral passes the rest of a line. It is no message boundary.
func (p *Preamble) afterLiteral(s side, data []byte) Step {
	d := &p.dirs[s]
	text, size := d.readLine(data, maxLine)
	if size == 0 {
		return d.wait(0)
	}
	d.expectLiteral(p.lines, text)
	r := d.took(size)
	d.account(r, false)
	return r
}
