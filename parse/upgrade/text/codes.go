package text

import (
	"bytes"

	"tlsfloor/parse/upgrade"
)

// The protocols whose replies begin with a three-digit code.

// smtpCommand matches a client's line in SMTP or LMTP (RFC 5321, RFC 2033). DATA
// and BDAT, with which the content of a mail begins, are not listed. Exchange
// servers send X-ANONYMOUSTLS to each other in place of STARTTLS.
func smtpCommand(l Line) upgrade.Event {
	switch {
	case oneOf(l.Verb, "STARTTLS", "X-ANONYMOUSTLS"):
		return upgrade.Ordinary | upgrade.Ask
	case Is(l.Verb, "AUTH"):
		return upgrade.Ordinary.If(!authTLS(l.Arg))
	}
	return listed(l.Verb, "EHLO", "HELO", "LHLO", "NOOP", "RSET", "HELP", "VRFY", "EXPN", "MAIL", "RCPT",
		"XCLIENT", "XFORWARD", "QUIT")
}

// authTLS reports whether AUTH with this argument is FTP's request for TLS
// (RFC 4217, 4), and not the AUTH of SMTP or POP3.
func authTLS(arg []byte) bool { return oneOf(arg, "TLS", "TLS-C", "TLS-P", "SSL") }

// smtpReply matches a server's line. 220 is the greeting, and later the answer to
// STARTTLS (RFC 3207, 4). 354, which asks for the content of a mail, and 235, after
// which the client is authenticated, are not listed.
func smtpReply(d *upgrade.State, l Line) upgrade.Event {
	code, more := ReplyCode(l.Text)
	switch code {
	case 220:
		if d.Replied && !more {
			return upgrade.Ordinary | upgrade.Grant
		}
		return upgrade.Ordinary | upgrade.Ready
	case 454, 500, 501, 502, 503, 504, 530, 550, 554:
		return upgrade.Ordinary | upgrade.Refuse
	case 211, 214, 221, 250, 251, 252, 334, 421, 450, 451, 452, 455, 521, 523, 534, 535, 538, 541, 551, 552, 553, 555, 556:
		return upgrade.Ordinary
	}
	return 0
}

// ftpCommand matches a client's line on an FTP control connection (RFC 959,
// RFC 4217). Transfers and listings of files are not listed.
func ftpCommand(l Line) upgrade.Event {
	if Is(l.Verb, "AUTH") {
		return upgrade.Ordinary | upgrade.Ask.If(authTLS(l.Arg))
	}
	return listed(l.Verb, "USER", "PASS", "ACCT", "FEAT", "SYST", "HELP", "NOOP", "OPTS", "CLNT", "HOST", "LANG",
		"PBSZ", "PROT", "CSID", "REIN", "QUIT")
}

// ftpReply matches a server's line. Inside a reply of several lines any line is
// allowed (RFC 959, 4.2). 234 grants TLS (RFC 4217, 4). 230, after which the user is
// logged in, is not listed.
func ftpReply(d *upgrade.State, l Line) upgrade.Event {
	code, more := ReplyCode(l.Text)
	switch {
	case d.Code != 0 && code != d.Code:
		return upgrade.Ordinary
	case code == 234 && !more:
		return upgrade.Ordinary | upgrade.Grant
	}
	switch code {
	case 431, 500, 501, 502, 503, 504, 530, 533, 534, 536:
		return upgrade.Ordinary | upgrade.Refuse
	case 120, 200, 202, 211, 214, 215, 220, 221, 331, 332, 334, 336, 421, 451:
		return upgrade.Ordinary
	}
	return 0
}

// nntpCapabilities is the code of the answer to CAPABILITIES, a list.
const nntpCapabilities = 101

// nntpCommand matches a client's line in NNTP (RFC 3977, RFC 4642). Commands that
// read or post articles are not listed.
func nntpCommand(l Line) upgrade.Event {
	if Is(l.Verb, "STARTTLS") {
		return upgrade.Ordinary | upgrade.Ask
	}
	return listed(l.Verb, "CAPABILITIES", "MODE", "AUTHINFO", "DATE", "QUIT")
}

// nntpReply matches a server's line. 382 grants TLS and 580 refuses it (RFC 4642,
// 2.2).
func nntpReply(d *upgrade.State, l Line) upgrade.Event {
	switch code, _ := ReplyCode(l.Text); code {
	case 382:
		return upgrade.Ordinary | upgrade.Grant
	case 580, 500, 501, 502, 503:
		return upgrade.Ordinary | upgrade.Refuse
	case 111, 200, 201, 205, 381, 400, 401, 403, 480, 481, 482, 483, nntpCapabilities:
		return upgrade.Ordinary
	case 0:
		return capability(d, l)
	}
	return 0
}

// capability matches a line of a capability list (NNTP, POP3): one that begins with
// a word, or the dot that ends the list. Lines of mails begin with a header field
// and its colon, and lines of listings with a number.
func capability(d *upgrade.State, l Line) upgrade.Event {
	if !d.List {
		return 0
	}
	if string(l.Text) == "." {
		return upgrade.Ordinary
	}
	for _, c := range l.Verb {
		if !letter(c) && (c < '0' || c > '9') && c != '-' && c != '_' {
			return 0
		}
	}
	return upgrade.Ordinary.If(len(l.Verb) > 0 && letter(l.Verb[0]))
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// ircCommand matches a client's line in IRC (RFC 2812). STARTTLS is of the IRCv3
// extension "tls" and comes before registration. Commands that join a channel or
// send text are not listed.
func ircCommand(l Line) upgrade.Event {
	if Is(l.Verb, "STARTTLS") {
		return upgrade.Ordinary | upgrade.Ask
	}
	return listed(l.Verb, "CAP", "NICK", "USER", "PASS", "PING", "PONG", "WEBIRC", "PROTOCTL", "QUIT")
}

// ircReply matches a server's line, with or without its prefix. 670 grants TLS, 691
// refuses it. 001, which welcomes a registered client, is not listed.
func ircReply(l Line) upgrade.Event {
	verb := l.Verb
	if len(verb) > 1 && verb[0] == ':' {
		verb = l.Arg
	}
	switch code, _ := ReplyCode(verb); code {
	case 0:
		return listed(verb, "NOTICE", "CAP", "PING", "PONG", "ERROR")
	case 670:
		return upgrade.Ordinary | upgrade.Grant
	case 691:
		return upgrade.Ordinary | upgrade.Refuse
	case 421, 451:
		return upgrade.Ordinary | upgrade.Refuse.If(bytes.Contains(l.Text, []byte(" STARTTLS ")))
	case 20, 410, 432, 433, 437, 461, 462, 464:
		return upgrade.Ordinary
	}
	return 0
}
