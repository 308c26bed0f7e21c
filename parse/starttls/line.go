package starttls

import "bytes"

// maxLine is how much of a line is read. What matters is at its beginning; the
// rest is passed over, and not held until its end comes.
const maxLine = 512

// event is what a line means for an upgrade, as bits.
type event uint8

const (
	plain  event = 1 << iota // an ordinary line of the protocol
	ask                      // the client asks for TLS
	grant                    // the server says that it expects TLS now
	refuse                   // the server says no
	ready                    // the server says yes to something: TLS may follow
)

// textLine is a line without its end.
type textLine struct {
	text []byte
	verb []byte // first word
	arg  []byte // second word
	rest []byte // what follows it
}

// line reads one line of a dialogue and strikes out the protocols that it
// cannot belong to.
func (p *Preamble) line(s side, data []byte) Step {
	d := &p.dirs[s]
	text, size := d.readLine(data, maxLine)
	switch {
	case bytes.IndexByte(text, 0) >= 0 && p.lines == 0:
		return p.strange(s)
	case bytes.IndexByte(text, 0) >= 0:
		return p.foreign(s)
	case size == 0:
		return d.wait(0)
	}
	first := p.lines == 0
	from, ok := p.heed(s, cut(text))
	switch {
	case !ok && first:
		return p.strange(from)
	case !ok && carriesContent(text):
		return p.end(from)
	case !ok:
		return p.foreign(from)
	}
	return p.dirs[from].took(size)
}

// heed acts on a line. It answers who spoke it: the first line may show that
// the sides are the other way round.
func (p *Preamble) heed(s side, l textLine) (side, bool) {
	was := p.lines
	if was == 0 {
		was = allLines
	}
	fits, e := p.judge(s, was, l)
	if fits == 0 && !p.settled {
		if fits, e = p.judge(1-s, was, l); fits != 0 && p.swap() {
			s = 1 - s
		}
	}
	if fits == 0 {
		return s, false
	}
	p.lines, p.settled = fits, true
	p.note(s, e)
	p.dirs[s].follow(l)
	p.dirs[s].expectLiteral(fits, l.text)
	return s, true
}

// judge says which protocols of the set have such a line, and what it means.
func (p *Preamble) judge(s side, set lineSet, l textLine) (fits lineSet, all event) {
	for proto := smtp; proto <= irc; proto++ {
		if !set.has(proto) {
			continue
		}
		if e := p.dirs[s].judge(s, proto, l); e != 0 {
			fits |= 1 << proto
			all |= e
		}
	}
	return fits, all
}

func (d *direction) judge(s side, proto protocol, l textLine) event {
	switch proto {
	case smtp:
		return choose(s, d, l, smtpCommand, smtpReply)
	case imap:
		return choose(s, d, l, imapCommand, imapReply)
	case pop3:
		return choose(s, d, l, pop3Command, pop3Reply)
	case ftp:
		return choose(s, d, l, ftpCommand, ftpReply)
	case nntp:
		return choose(s, d, l, nntpCommand, nntpReply)
	case sieve:
		return choose(s, d, l, sieveCommand, sieveReply)
	}
	return choose(s, d, l, ircCommand, ircReply)
}

func choose(s side, d *direction, l textLine, command func(textLine) event, reply func(*direction, textLine) event) event {
	if s == server {
		return reply(d, l)
	}
	return command(l)
}

// follow keeps track of replies of several lines: those with codes (RFC 959,
// 4.2: "220-" opens one and "220 " ends it) and those that end with a dot.
func (d *direction) follow(l textLine) {
	if code, more := replyCode(l.text); code != 0 && (d.code == 0 || d.code == code) {
		d.code = 0
		if more {
			d.code = code
		}
		d.replied = d.replied || !more
		d.list = code == nntpCapabilities
		return
	}
	d.list = d.list && string(l.text) != "." || is(l.verb, "+OK")
}

// replyCode reads a three-digit reply code; more says that the reply goes on.
// The code is 0 when the line has none.
func replyCode(text []byte) (code uint16, more bool) {
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

// note keeps what a line means for the connection. A refusal closes the gate
// again: what follows is an ordinary dialogue.
func (p *Preamble) note(s side, e event) {
	switch {
	case e&ask != 0:
		p.asked = true
	case e&grant != 0:
		p.granted = true
	case e&refuse != 0 && p.dirs[client].status != TLS:
		p.asked = false
	}
	p.dirs[s].ready = e&ready != 0
}

// carriesContent knows the commands after which a client sends other people's
// text: whoever wrote it may have put a hello in it.
func carriesContent(text []byte) bool {
	verb := cut(text).verb
	return oneOf(verb, "DATA", "BDAT", "IHAVE", "TAKETHIS", "POST", "XREPLIC")
}

// readLine takes the next line of data without its end; size is what it takes
// with it, 0 while the line is not whole. Of a line of limit bytes or more, the
// first limit are the line.
func (d *direction) readLine(data []byte, limit int) (text []byte, size int) {
	head := data[:min(len(data), limit)]
	from := min(int(d.scanned), len(head))
	if i := bytes.IndexByte(head[from:], '\n'); i >= 0 {
		end := from + i
		return bytes.TrimSuffix(head[:end], []byte{'\r'}), end + 1
	}
	if len(head) == limit {
		d.midline = true
		return head, limit
	}
	d.scanned = uint16(len(head))
	return head[from:], 0
}

// passLine consumes the rest of a line, of which at most left bytes may come.
func (d *direction) passLine(data []byte, left int) Step {
	n := min(len(data), left)
	if i := bytes.IndexByte(data[:n], '\n'); i >= 0 {
		n = i + 1
		d.midline = false
	}
	d.consumed += uint32(n)
	return Step{Consumed: n, Status: d.status}
}

// cut takes the first two words of a line.
func cut(text []byte) textLine {
	verb, behind, _ := bytes.Cut(text, []byte{' '})
	arg, rest, _ := bytes.Cut(behind, []byte{' '})
	return textLine{text, verb, arg, rest}
}

// is compares a word with an upper-case one, whatever its case.
func is(word []byte, upper string) bool {
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

// oneOf reports whether word is one of the upper-case ones.
func oneOf(word []byte, upper ...string) bool {
	for _, u := range upper {
		if is(word, u) {
			return true
		}
	}
	return false
}

// fits makes an ordinary line of a condition.
func fits(ok bool) event {
	if ok {
		return plain
	}
	return 0
}

// capability reports whether a line looks like an element of a capability list:
// it begins with a word. That keeps the look out of messages, which begin with
// a header field and its colon, and out of listings, which begin with numbers.
func capability(l textLine) bool {
	for _, c := range l.verb {
		if !letter(c) && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(l.verb) > 0 && letter(l.verb[0])
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
