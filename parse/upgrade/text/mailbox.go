package text

import (
	"bytes"

	"tlsfloor/parse/upgrade"
)

// The mail protocols whose replies begin with a word.

// imapCommand matches a client's line in IMAP (RFC 9051, 6.2.1): a tag and a
// command. Commands that open a mailbox are not listed.
func imapCommand(l Line) upgrade.Event {
	switch {
	case !imapTag(l.Verb):
		return 0
	case Is(l.Arg, "STARTTLS"):
		return upgrade.Ordinary | upgrade.Ask
	}
	return listed(l.Arg, "CAPABILITY", "NOOP", "ID", "LOGIN", "AUTHENTICATE", "LANGUAGE", "COMPARATOR", "LOGOUT")
}

// imapReply matches a server's line. PREAUTH, after which there is no STARTTLS
// (RFC 9051, 7.1.4), and FETCH, which brings other people's text, are not listed.
func imapReply(l Line) upgrade.Event {
	switch {
	case Is(l.Verb, "*"):
		return listed(l.Arg, "OK", "NO", "BAD", "BYE", "CAPABILITY", "ID", "LANGUAGE", "COMPARATOR")
	case Is(l.Verb, "+"):
		return upgrade.Ordinary
	case !imapTag(l.Verb):
		return 0
	case Is(l.Arg, "OK"):
		return upgrade.Ordinary | upgrade.Ready
	case oneOf(l.Arg, "NO", "BAD"):
		return upgrade.Ordinary | upgrade.Refuse
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

// pop3Command matches a client's line in POP3 (RFC 1939). STLS belongs to the
// authorization state (RFC 2595, 4); commands that open the mailbox are not listed.
func pop3Command(l Line) upgrade.Event {
	switch {
	case Is(l.Verb, "STLS"):
		return upgrade.Ordinary | upgrade.Ask
	case Is(l.Verb, "AUTH"):
		return upgrade.Ordinary.If(!authTLS(l.Arg))
	}
	return listed(l.Verb, "CAPA", "USER", "PASS", "APOP", "NOOP", "LANG", "UTF8", "QUIT")
}

// pop3Reply matches a server's line: a status, or a line of the CAPA list
// (RFC 2449, 5).
func pop3Reply(d *upgrade.State, l Line) upgrade.Event {
	switch {
	case Is(l.Verb, "+OK"):
		return upgrade.Ordinary | upgrade.Ready
	case Is(l.Verb, "-ERR"):
		return upgrade.Ordinary | upgrade.Refuse
	case Is(l.Verb, "+"):
		return upgrade.Ordinary
	}
	return capability(d, l)
}

// sieveCommand matches a client's line in ManageSieve (RFC 5804, 2). Commands that
// carry scripts are not listed.
func sieveCommand(l Line) upgrade.Event {
	if Is(l.Verb, "STARTTLS") {
		return upgrade.Ordinary | upgrade.Ask
	}
	return listed(l.Verb, "CAPABILITY", "AUTHENTICATE", "NOOP", "LOGOUT")
}

// sieveReply matches a server's line: a capability as a quoted string, or a status
// (RFC 5804, 1.2).
func sieveReply(l Line) upgrade.Event {
	switch {
	case Is(l.Verb, "OK"):
		return upgrade.Ordinary | upgrade.Ready
	case oneOf(l.Verb, "NO", "BYE"):
		return upgrade.Ordinary | upgrade.Refuse
	}
	return upgrade.Ordinary.If(len(l.Text) > 1 && l.Text[0] == '"' && l.Text[1] >= 'A' && l.Text[1] <= 'Z')
}
