package text

import (
	"bytes"
	"math/bits"

	"tlsfloor/parse/upgrade"
)

// Set is a set of protocols that have lines, one bit each.
type Set uint8

// all are the protocols from upgrade.SMTP to upgrade.IRC.
const all Set = 1<<upgrade.Lines - 1<<upgrade.SMTP

// Has reports whether the set has the protocol.
func (s Set) Has(p upgrade.Protocol) bool { return s&(1<<p) != 0 }

// First returns the likeliest protocol of a set that is not empty.
func (s Set) First() upgrade.Protocol {
	return upgrade.Protocol(bits.TrailingZeros8(uint8(s)) & 7)
}

// Match returns which protocols of the set have such a line, and what it means. The
// empty set stands for all of them. d is the state of the side that sent the line.
func (s Set) Match(from upgrade.Side, d *upgrade.State, l Line) (fits Set, all upgrade.Event) {
	s = s.orAll()
	for p := upgrade.SMTP; p < upgrade.Lines; p++ {
		if !s.Has(p) {
			continue
		}
		if e := match(p, from, d, l); e != 0 {
			fits |= 1 << p
			all |= e
		}
	}
	return fits, all
}

func (s Set) orAll() Set {
	if s == 0 {
		return all
	}
	return s
}

func match(p upgrade.Protocol, from upgrade.Side, d *upgrade.State, l Line) upgrade.Event {
	if from == upgrade.Server {
		return matchReply(p, d, l)
	}
	switch p {
	case upgrade.SMTP:
		return smtpCommand(l)
	case upgrade.IMAP:
		return imapCommand(l)
	case upgrade.POP3:
		return pop3Command(l)
	case upgrade.FTP:
		return ftpCommand(l)
	case upgrade.NNTP:
		return nntpCommand(l)
	case upgrade.Sieve:
		return sieveCommand(l)
	}
	return ircCommand(l)
}

func matchReply(p upgrade.Protocol, d *upgrade.State, l Line) upgrade.Event {
	switch p {
	case upgrade.SMTP:
		return smtpReply(d, l)
	case upgrade.IMAP:
		return imapReply(l)
	case upgrade.POP3:
		return pop3Reply(d, l)
	case upgrade.FTP:
		return ftpReply(d, l)
	case upgrade.NNTP:
		return nntpReply(d, l)
	case upgrade.Sieve:
		return sieveReply(l)
	}
	return ircReply(l)
}

// Follow keeps track of replies of several lines: those with codes (RFC 959, 4.2:
// "220-" opens one and "220 " ends it) and those that end with a dot.
func Follow(d *upgrade.State, l Line) {
	if code, more := ReplyCode(l.Text); code != 0 && (d.Code == 0 || d.Code == code) {
		d.Code = 0
		if more {
			d.Code = code
		}
		d.Replied = d.Replied || !more
		d.List = code == nntpCapabilities
		return
	}
	d.List = d.List && string(l.Text) != "." || Is(l.Verb, "+OK")
}

// ReplyCode reads the three-digit code at the beginning of a reply; more reports
// whether further lines of the reply follow. The code is 0 when the line has none.
func ReplyCode(text []byte) (code uint16, more bool) {
	if len(text) < 3 || len(text) > 3 && text[3] != ' ' && text[3] != '-' {
		return 0, false
	}
	for _, c := range text[:3] {
		if c < '0' || c > '9' {
			return 0, false
		}
		code = 10*code + uint16(c-'0')
	}
	return code, len(text) > 3 && text[3] == '-'
}

// CarriesContent reports whether a client's line is a command after which it sends
// other people's text, which may contain the bytes of a hello.
func CarriesContent(text []byte) bool {
	return oneOf(Cut(text).Verb, "DATA", "BDAT", "IHAVE", "TAKETHIS", "POST", "XREPLIC")
}

// Literal looks for "{42}" or "{42+}" at the end of a line (RFC 9051, 4.3;
// ManageSieve has it too): size bytes follow that are no line, and then the line
// goes on. set is what protocols the line may be of.
func Literal(set Set, text []byte) (size uint32, is bool) {
	open := bytes.LastIndexByte(text, '{')
	if set&^(1<<upgrade.IMAP|1<<upgrade.Sieve) != 0 || open < 0 || text[len(text)-1] != '}' {
		return 0, false
	}
	n := 0
	for _, c := range bytes.TrimSuffix(text[open+1:len(text)-1], []byte{'+'}) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(10*n+int(c-'0'), upgrade.MaxBytes)
	}
	return uint32(n), true
}

// MaxLine is how many bytes of a line are read. What matters is at its beginning;
// the rest is passed over as it comes.
const MaxLine = 512

// Line is a line without its end, as views.
type Line struct {
	Text []byte
	Verb []byte // the first word
	Arg  []byte // the second word
	Rest []byte // what follows it
}

// Cut cuts a line into words at single spaces.
func Cut(text []byte) Line {
	verb, behind, _ := bytes.Cut(text, []byte{' '})
	arg, rest, _ := bytes.Cut(behind, []byte{' '})
	return Line{text, verb, arg, rest}
}

// ReadLine returns the line that data begins with, without its end; size is its
// length with it, or 0 while the end is not there. A line of limit bytes or more is
// cut there, and d.Midline is set.
func ReadLine(d *upgrade.State, data []byte, limit int) (text []byte, size int) {
	head := data[:min(len(data), limit)]
	from := min(int(d.Scanned), len(head))
	if i := bytes.IndexByte(head[from:], '\n'); i >= 0 {
		end := from + i
		return bytes.TrimSuffix(head[:end], []byte{'\r'}), end + 1
	}
	if len(head) == limit {
		d.Midline = true
		return head, limit
	}
	d.Scanned = uint16(len(head))
	return head[from:], 0
}

// Is reports whether a word is the given upper-case one, ignoring its case.
func Is(word []byte, upper string) bool {
	if len(word) != len(upper) {
		return false
	}
	for i, c := range word {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}

// oneOf reports whether a word is one of the given upper-case ones.
func oneOf(word []byte, upper ...string) bool {
	for _, u := range upper {
		if Is(word, u) {
			return true
		}
	}
	return false
}

// listed returns Ordinary for a word that is one of the given upper-case ones.
func listed(word []byte, upper ...string) upgrade.Event {
	return upgrade.Ordinary.If(oneOf(word, upper...))
}
