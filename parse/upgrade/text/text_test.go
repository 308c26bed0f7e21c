package text

import (
	"testing"

	"tlsfloor/parse/upgrade"
)

func TestMatch(t *testing.T) {
	const client, server = upgrade.Client, upgrade.Server
	for _, test := range []struct {
		line  string
		from  upgrade.Side
		set   Set
		first upgrade.Protocol
		event upgrade.Event
	}{
		{"EHLO a.example", client, 0, upgrade.SMTP, upgrade.Ordinary},
		{"starttls", client, 0, upgrade.SMTP, upgrade.Ordinary | upgrade.Ask},
		{"starttls", client, 1 << upgrade.IRC, upgrade.IRC, upgrade.Ordinary | upgrade.Ask},
		{"AUTH TLS", client, 0, upgrade.FTP, upgrade.Ordinary | upgrade.Ask},
		{"AUTH PLAIN", client, 1<<upgrade.SMTP | 1<<upgrade.FTP, upgrade.SMTP, upgrade.Ordinary},
		{"a1 STARTTLS", client, 0, upgrade.IMAP, upgrade.Ordinary | upgrade.Ask},
		{"a1 FETCH 1 BODY[]", client, 0, upgrade.None, 0},
		{"DATA", client, 0, upgrade.None, 0},
		{"+OK begin", server, 0, upgrade.POP3, upgrade.Ordinary | upgrade.Ready},
		{"234 go", server, 0, upgrade.FTP, upgrade.Ordinary | upgrade.Grant},
		{"382 go", server, 0, upgrade.NNTP, upgrade.Ordinary | upgrade.Grant},
		{":a.example 691 * :no", server, 0, upgrade.IRC, upgrade.Ordinary | upgrade.Refuse},
		{"", server, 0, upgrade.None, 0},
	} {
		fits, e := test.set.Match(test.from, new(upgrade.State), Cut([]byte(test.line)))
		first := upgrade.None
		if fits != 0 {
			first = fits.First()
		}
		if first != test.first || e != test.event {
			t.Errorf("%q: %v, event %b; want %v, %b", test.line, first, e, test.first, test.event)
		}
	}
}

func TestReplyCode(t *testing.T) {
	for text, want := range map[string]uint16{"220 hello": 220, "220-hello": 220, "220": 220, "220x": 0, "22": 0, "2x0 a": 0, "": 0} {
		if code, more := ReplyCode([]byte(text)); code != want || more != (text == "220-hello") {
			t.Errorf("%q: %d, %v", text, code, more)
		}
	}
}

func TestReadLine(t *testing.T) {
	var d upgrade.State
	for i, data := range []string{"NO", "NOOP", "NOOP\r"} {
		if text, size := ReadLine(&d, []byte(data), 8); size != 0 || int(d.Scanned) != len(data) {
			t.Errorf("%d: %q of %d bytes, %d scanned", i, text, size, d.Scanned)
		}
	}
	if text, size := ReadLine(&d, []byte("NOOP\r\nmore"), 8); string(text) != "NOOP" || size != 6 {
		t.Errorf("%q of %d bytes", text, size)
	}
	d.Scanned = 0
	if text, size := ReadLine(&d, []byte("a long line\n"), 8); string(text) != "a long l" || size != 8 || !d.Midline {
		t.Errorf("%q of %d bytes, midline %v", text, size, d.Midline)
	}
}

func TestLiteral(t *testing.T) {
	for line, want := range map[string]uint32{"a LOGIN {3}": 3, "a LOGIN {3+}": 3, "{99999999999999999999}": upgrade.MaxBytes, "{}": 0} {
		if size, is := Literal(1<<upgrade.IMAP, []byte(line)); !is || size != want {
			t.Errorf("%q: %d, %v", line, size, is)
		}
	}
	for _, line := range []string{"", "}", "{", "{3} ", "{x}"} {
		if _, is := Literal(1<<upgrade.IMAP, []byte(line)); is {
			t.Errorf("%q: a literal", line)
		}
	}
	if _, is := Literal(1<<upgrade.SMTP, []byte("{3}")); is {
		t.Error("a literal in SMTP")
	}
}
