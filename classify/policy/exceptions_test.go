package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify"
)

// owned is what each exception needs beside what it is about.
const owned = "owner: alice\nreason: printers, replaced in June\nuntil: 2026-06-30\n"

// flagged is a finding that a policy has flagged.
func flagged() *classify.Finding {
	f := &classify.Finding{
		Flagged: true, InScope: true, Verdict: classify.Violation,
		Host: "photos.s3.eu-west-1.amazonaws.com", AWS: &classify.AWS{Service: "s3", Region: "eu-west-1"},
		Process:  &classify.Process{Executable: "/usr/bin/python3.11", Script: "/srv/sync.py"},
		Software: &classify.Software{ID: "python-3.6"},
	}
	f.Time = time.Date(2026, 6, 30, 23, 59, 59, 0, time.UTC).UnixNano()
	f.Client, f.SNI = netip.MustParseAddrPort("10.0.4.7:40312"), "Photos.s3.eu-west-1.amazonaws.com"
	return f
}

func parseExceptions(t testing.TB, text string) *Exceptions {
	t.Helper()
	x, err := ParseExceptions([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return x
}

// Each key, and what of it does not match.
func TestExcept(t *testing.T) {
	for about, want := range map[string]bool{
		"client: 10.0.4.7":                                               true,
		"client: 10.0.4.0/24":                                            true,
		"client: 10.0.4.8":                                               false,
		"client: 10.0.5.0/24":                                            false,
		"client: 10.0.4.8\nclient: 10.0.4.7":                             true,
		"client: fd00::/8":                                               false,
		"host: photos.s3.eu-west-1.amazonaws.com":                        true,
		"host: PHOTOS.s3.eu-west-1.amazonaws.com.":                       true,
		"host: *.s3.eu-west-1.amazonaws.com":                             true,
		"host: .photos.s3.eu-west-1.amazonaws.com":                       true,
		"host: *.photos.s3.eu-west-1.amazonaws.com":                      false,
		"host: s3.eu-west-1.amazonaws.com":                               false,
		"host: *.s3.eu-west-1.amazonaws.com\nclient: 10.0.4.7":           true,
		"host: *.s3.eu-west-1.amazonaws.com\nclient: 10.0.4.8":           false,
		"host: *.amazonaws.com\nclient: 10.0.4.7":                        true,
		"host: *.amazonaws.com\nprogram: /srv/sync.py":                   true,
		"sni: photos.s3.eu-west-1.amazonaws.com":                         true,
		"sni: *.example.com":                                             false,
		"service: s3":                                                    true,
		"service: S3":                                                    true,
		"service: sqs\nservice: s3":                                      true,
		"service: sqs":                                                   false,
		"service: s3\nregion: eu-west-1":                                 true,
		"service: s3\nregion: eu-west-2":                                 false,
		"program: /usr/bin/python3.11":                                   true,
		"program: /srv/sync.py":                                          true,
		"program: /srv/sync":                                             false,
		"program: /python3.11":                                           false,
		"client: 10.0.4.7\nsoftware: python-3.6":                         true,
		"client: 10.0.4.7\nsoftware: python-3.7\nsoftware: python-3.6":   true,
		"client: 10.0.4.7\nsoftware: python-3":                           false,
		"client: 10.0.4.7\nsoftware: python-3.6\nprogram: /srv/other.py": false,
	} {
		x, f := parseExceptions(t, "# a comment\n"+about+"\n"+owned), flagged()
		x.Except(f, false)
		if f.Flagged == want || (f.Exception != nil) != want {
			t.Errorf("%q: excepted %v, want %v", about, f.Exception, want)
		}
		if want && *f.Exception != (classify.Exception{Owner: "alice", Reason: "printers, replaced in June", Until: "2026-06-30"}) {
			t.Errorf("%+v", f.Exception)
		}
	}
}

// What no owner of an exception means.
func TestNotExcepted(t *testing.T) {
	x := parseExceptions(t, "client: 10.0.4.7\n"+owned)
	for name, change := range map[string]func(*classify.Finding){
		"the day after":      func(f *classify.Finding) { f.Time += int64(time.Second) },
		"contradicting":      func(f *classify.Finding) { f.Anomalies = []string{"hello_split_records", NameMismatch} },
		"a changed hello":    func(f *classify.Finding) { f.Anomalies = []string{Downgrade} },
		"an unknown client":  func(f *classify.Finding) { f.Client = netip.AddrPort{} },
		"another client":     func(f *classify.Finding) { f.Client = netip.MustParseAddrPort("[fd00::1]:1") },
		"a mapped address":   func(f *classify.Finding) { f.Client = netip.MustParseAddrPort("[::ffff:10.0.4.8]:1") },
		"not flagged at all": func(f *classify.Finding) { f.Flagged = false },
	} {
		f := flagged()
		change(f)
		before := f.Flagged
		if x.Except(f, false); f.Exception != nil || f.Flagged != before {
			t.Errorf("%s is excepted", name)
		}
	}
	for about, change := range map[string]func(*classify.Finding){
		"program: /srv/sync.py":                  func(f *classify.Finding) { f.Process = nil },
		"client: 10.0.4.7\nsoftware: python-3.6": func(f *classify.Finding) { f.Software = nil },
		"service: s3":                            func(f *classify.Finding) { f.AWS = nil },
		"host: .s3.eu-west-1.amazonaws.com":      func(f *classify.Finding) { f.Host = "" },
		"sni: .s3.eu-west-1.amazonaws.com":       func(f *classify.Finding) { f.SNI = "" },
		"sni: .eu-west-1.amazonaws.com":          func(f *classify.Finding) { f.SNI = "evil.example\x00.s3.eu-west-1.amazonaws.com" },
	} {
		f := flagged()
		change(f)
		if parseExceptions(t, about+"\n"+owned).Except(f, false); !f.Flagged {
			t.Errorf("%q excepts what is not known", about)
		}
	}
}

// A rule about the process waits for it; the others do not.
func TestExceptEarly(t *testing.T) {
	late := parseExceptions(t, "client: 10.0.4.7\nsoftware: python-3.6\n"+owned)
	f := flagged()
	if late.Except(f, true); !f.Flagged || !late.Late() {
		t.Error("software is compared before the process is known")
	}
	early := parseExceptions(t, "client: 10.0.4.7\n"+owned)
	if early.Except(f, true); f.Flagged || early.Late() {
		t.Error("a client is not")
	}
}

// The first of several counts, and each has its day.
func TestSeveralExceptions(t *testing.T) {
	x := parseExceptions(t, "\xef\xbb\xbf\n\r\n# One.\r\nclient: 10.0.4.7\r\nowner: bob\r\nreason: #1: a\r\nuntil: 2026-01-31\r\n\r\n\n\nclient:10.0.4.7\n# not the end\n"+owned+"\n#\n")
	f := flagged()
	if x.Except(f, false); f.Exception == nil || f.Exception.Owner != "alice" {
		t.Errorf("%+v", f.Exception)
	}
	f = flagged()
	f.Time = time.Date(2026, 1, 31, 23, 59, 59, 999999999, time.UTC).UnixNano()
	if x.Except(f, false); f.Exception == nil || f.Exception.Owner != "bob" || f.Exception.Reason != "#1: a" {
		t.Errorf("%+v", f.Exception)
	}
	ended := x.Ended(f.Time + 1)
	if len(ended) != 1 || ended[0].Owner != "bob" || ended[0].Line != 4 || len(x.Ended(f.Time)) != 0 {
		t.Errorf("%+v", ended)
	}
	if beyond := x.Beyond(f.Time + 1); len(beyond) != 1 || beyond[0].Owner != "alice" || beyond[0].Line != 11 {
		t.Errorf("%+v", beyond)
	}
}

// What is wrong is said in one line, with where it is.
func TestBadExceptions(t *testing.T) {
	for text, want := range map[string]string{
		"clients: 10.0.0.1\n" + owned:                         `line 1: no such key: clients; did you mean client?`,
		"client: 10.0.0.1\n\nuntill: 2026-01-01\n" + owned:    `line 1: an exception without owner`,
		"client: 10.0.0.1\n" + owned + "untill: 2026-01-01\n": `line 5: no such key: untill; did you mean until?`,
		"color: red\n" + owned:                                `line 1: no such key: color; there are client, host, sni, service, region, program, software, owner, reason, until`,
		"10.0.0.1\n":                                          `line 1: not of the form "key: value"`,
		"the client: 10.0.0.1\n":                              `line 1: not of the form "key: value"`,
		"client:\n":                                           `line 1: client has no value`,
		"client: 10.0.0\n":                                    `line 1: client 10.0.0: not an address or a prefix (each on a line of its own)`,
		"client: 10.0.0.1, 10.0.0.2\n":                        `line 1: client 10.0.0.1, 10.0.0.2: not an address or a prefix (each on a line of its own)`,
		"client: fe80::1%eth0\n":                              `line 1: client fe80::1%eth0: not an address or a prefix (each on a line of its own)`,
		"client: 0.0.0.0/0\n":                                 `line 1: client 0.0.0.0/0: every client: leave it out, and name a destination`,
		"client: ::/0\n":                                      `line 1: client ::/0: every client: leave it out, and name a destination`,
		"client: ::ffff:10.0.0.0/104\n":                       `line 1: client ::ffff:10.0.0.0/104: IPv4 addresses are written as such`,
		"client: 10.0.0.1/8\n":                                `line 1: client 10.0.0.1/8: the prefix is 10.0.0.0/8`,
		"host: *\n":                                           `line 1: *: a name, or *.NAME, is needed`,
		"host: aws\n":                                         `line 1: aws: a name, or *.NAME, is needed`,
		"host: a.*.example.com\n":                             `line 1: a.*.example.com: a * stands alone or in front, as in *.example.com`,
		"sni: 10.0.0.1\n":                                     `line 1: 10.0.0.1: not a host name (an international one is written with xn--)`,
		"service: s3, sqs\n":                                  `line 1: s3, sqs: not a word of letters, digits and hyphens (each on a line of its own)`,
		"program: curl\n":                                     `line 1: program curl: not a whole path, as of an executable or a script`,
		"until: 2026-06-31\n":                                 `line 1: until 2026-06-31: not a day like 2026-06-30`,
		"until: 30.6.2026\n":                                  `line 1: until 30.6.2026: not a day like 2026-06-30`,
		"until: 9999-01-01\n":                                 `line 1: until 9999-01-01: not a day like 2026-06-30`,
		"until: 2026-06-30\nuntil: 2026-06-30\n":              `line 2: until is there twice: an empty line begins another exception`,
		"client: 10.0.0.1\n" + owned + owned:                  `line 5: owner is there twice: an empty line begins another exception`,
		"client: 10.0.0.1\nreason: a\nuntil: 2026-01-01\n":    `line 1: an exception without owner`,
		"\n\nclient: 10.0.0.1\nowner: a\nuntil: 2026-01-01\n": `line 3: an exception without reason`,
		"client: 10.0.0.1\nowner: a\nreason: b\n":             `line 1: an exception without until, its last day`,
		owned: `line 1: an exception of everything: it needs a client (or program), or a destination (host, sni or service)`,
		"region: eu-west-1\nsoftware: java-8\n" + owned:  `line 1: an exception of everything: it needs a client (or program), or a destination (host, sni or service)`,
		"host: *.amazonaws.com\n" + owned:                `line 1: *.amazonaws.com: too many destinations for an exception without client or program`,
		"host: .amazonaws.com.cn\n" + owned:              `line 1: .amazonaws.com.cn: too many destinations for an exception without client or program`,
		"sni: *.com\nservice: s3\n" + owned:              `line 1: *.com: too many destinations for an exception without client or program`,
		"owner: \x1b[2J\n":                               `line 1: owner has characters that cannot be printed`,
		"owner: \xff\n":                                  `line 1: owner has characters that cannot be printed`,
		"owner: \u202eevil\n":                            `line 1: owner has characters that cannot be printed`,
		"reason: " + strings.Repeat("x", 201) + "\n":     `line 1: reason is longer than 200 bytes`,
		"\x1b[2J" + strings.Repeat("x", 100) + ": a\n":   `line 1: no such key: \x1b[2J` + strings.Repeat("x", 36) + `; there are client, host, sni, service, region, program, software, owner, reason, until`,
		strings.Repeat("service: s3\n", 10_001):          `line 10001: more than 10000 lines`,
		strings.Repeat("service: s3\n"+owned+"\n", 1001): `line 5001: more than 1000 exceptions`,
	} {
		_, err := ParseExceptions([]byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.60q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// Whatever is in the file, it is read, or refused in one printable line; and an exception
// that is read has what it must have, and excepts nothing after its end.
func FuzzExceptions(f *testing.F) {
	f.Add([]byte("client: 10.0.4.7\n" + owned))
	f.Add([]byte("host: *.s3.eu-west-1.amazonaws.com\nservice: s3\nregion: eu-west-1\n" + owned + "\n# b\nprogram: /srv/sync.py\nsoftware: a\n" + owned))
	f.Add([]byte("\xef\xbb\xbfclient: ::/1\r\nsni: .a.b\r\nuntil: 2026-12-31\r\nuntil: 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := ParseExceptions(text)
		if err != nil {
			if s := err.Error(); strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) && !strings.ContainsFunc(string(text), func(r rune) bool { return r > '~' }) || !strings.HasPrefix(s, "line ") {
				t.Errorf("%q", s)
			}
			return
		}
		for i := range x.rules {
			r := &x.rules[i]
			if r.Owner == "" || r.Reason == "" || r.Until == "" || r.ends == 0 || r.line == 0 {
				t.Fatalf("%+v", r)
			}
			f := flagged()
			f.Time = r.ends
			if x.Except(f, false); f.Exception != nil && f.Exception.Until <= r.Until {
				t.Fatalf("%+v holds at %s", f.Exception, r.Until)
			}
		}
	})
}

// With as many exceptions as there may be, a finding that none of them is about.
func BenchmarkExcept(b *testing.B) {
	var text strings.Builder
	for i := range MaxExceptions {
		fmt.Fprintf(&text, "host: h%d.s3.eu-west-1.amazonaws.com\n%s\n", i, owned)
	}
	for name, all := range map[string]string{"hosts": text.String(), "clients": strings.ReplaceAll(text.String(), "host: h", "client: 10.1.0.1\nhost: h")} {
		x, f := parseExceptions(b, all), flagged()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				x.Except(f, false)
			}
		})
		if !f.Flagged || !slices.Contains([]string{"hosts", "clients"}, name) {
			b.Fatal("excepted")
		}
	}
}
