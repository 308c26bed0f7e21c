package policy

import (
	"strings"
	"testing"
)

func TestScope(t *testing.T) {
	tests := []struct {
		patterns string // space separated
		in       []string
		out      []string
	}{
		{
			patterns: "",
			in: []string{"dynamodb.us-west-2.amazonaws.com", "a.b.c.d.amazonaws.com", "S3.AmazonAWS.com.", "sts.cn-north-1.amazonaws.com.cn",
				"*.s3.amazonaws.com", "my_old_bucket.s3.amazonaws.com"},
			out: []string{"", ".", "amazonaws.com", "evilamazonaws.com", "amazonaws.com.evil.net", "amazonaws.com.evil.net.", "amazonaws.comm",
				".amazonaws.com", "a..amazonaws.com", "a.amazonaws.com..", "s3.amazonaws.co", "52.94.1.2", "2600:1f18::1"},
		},
		{
			patterns: "aws-all",
			in:       []string{"dynamodb.us-west-2.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn"},
			out:      []string{"evilamazonaws.com", "example.com"},
		},
		{
			patterns: "*.example.com",
			in:       []string{"a.example.com", "a.b.EXAMPLE.com."},
			out:      []string{"example.com", "badexample.com", "example.com.evil.net", "s3.amazonaws.com", "com", "*"},
		},
		{
			patterns: ".Example.com",
			in:       []string{"a.example.com", "example.com", "example.com."},
			out:      []string{"badexample.com", ".example.com"},
		},
		{
			patterns: "Example.COM.",
			in:       []string{"example.com", "EXAMPLE.com."},
			out:      []string{"a.example.com", "xample.com"},
		},
		{
			patterns: "aws localhost *.test",
			in:       []string{"s3.amazonaws.com", "localhost", "a.test"},
			out:      []string{"test", "a.localhost"},
		},
		{
			patterns: "*",
			in:       []string{"localhost", "example.com", "10.0.0.1", "b\xfccher.example", "\x00"},
			out:      []string{"", "."},
		},
	}
	for _, tt := range tests {
		s, err := NewScope(strings.Fields(tt.patterns))
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range tt.in {
			if !s.Match(host) {
				t.Errorf("scope %q: %q is out, want in", tt.patterns, host)
			}
		}
		for _, host := range tt.out {
			if s.Match(host) {
				t.Errorf("scope %q: %q is in, want out", tt.patterns, host)
			}
		}
	}
}

// Texts that a client may send as SNI, and that are not names, whatever their suffix.
func TestScopeHostileNames(t *testing.T) {
	s, err := NewScope([]string{"aws", ".amazonaws.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{
		"a\x00.amazonaws.com", "evil.net\x00.amazonaws.com", "a b.amazonaws.com", "\x1b[2J.amazonaws.com", "a/b.amazonaws.com",
		"\xff\xfe.amazonaws.com", "b\u00fccher.amazonaws.com", "\u202egpj.amazonaws.com", "a.amazonaws.com:443", "*a.amazonaws.com",
	} {
		if s.Match(host) {
			t.Errorf("%.40q is in scope", host)
		}
	}
	for _, host := range []string{
		strings.Repeat("a.", 130) + "amazonaws.com", strings.Repeat("a", 300) + ".amazonaws.com", strings.Repeat("a", 1<<14) + ".amazonaws.com",
	} {
		if !s.Match(host) {
			t.Errorf("%.40q of %d bytes is not in scope", host, len(host))
		}
	}
}

// TestNamed has texts that clients send as server_name, with the names in them.
func TestNamed(t *testing.T) {
	const s3 = "s3.eu-west-1.amazonaws.com"
	for text, want := range map[string]string{
		s3: s3, "S3.Eu-West-1.amazonaws.COM": "S3.Eu-West-1.amazonaws.COM", s3 + ".": s3, "my_bucket." + s3: "my_bucket." + s3,
		s3 + ":443": s3, s3 + ".:443": s3, s3 + ":": s3, "https://" + s3: s3, "https://" + s3 + ":443/a?b=c:d@e": s3,
		"//" + s3 + "/a": s3, "https://user:secret@" + s3 + "/": s3, "user@" + s3: s3, s3 + "//a.example": s3, s3 + "?x": s3, s3 + "#x": s3,
		s3 + "\\a": s3, s3 + "\x00": s3, s3 + "\x00\x00\x00": s3, s3 + "\x00.evil.example": s3, "evil.example\x00." + s3: "evil.example",
		" " + s3: s3, s3 + " ": s3, "\t" + s3 + "\r\n": s3, s3 + "\r\nHost: a": s3, s3 + "..": s3, "." + s3: s3, "\"" + s3 + "\"": s3, "<" + s3 + ">": s3,
		s3 + ", a.example": s3, "intranet": "intranet", "INTRANET:80": "INTRANET", "https://intranet/": "intranet",
		"": "", ".": "", " ": "", "\x00": "", ":443": "", "https://": "", "localhost": "", "LOCALHOST.": "", "localhost:8443": "", "db1": "",
		"a.localhost": "", "localhost.localdomain": "", "52.94.1.2": "", "52.94.1.2:443": "", "https://52.94.1.2/": "", "::1": "",
		"[2600:1f18::1]": "", "[2600:1f18::1]:443": "", "2600:1f18::1": "", "fe80::1%eth0": "", s3 + ":x": "", "a b." + s3: "",
		"b\u00fccher." + s3: "", "\x1b[2J": "", "evil..example": "", "*": "", "*.": "",
	} {
		p := newPolicy(t, Options{Scope: scopeOf(t, "aws", "intranet")})
		host, exact := p.Named(text)
		if host != want || exact != (want != "" && strings.TrimSuffix(text, ".") == want) {
			t.Errorf("Named(%q) is %q, %v; want %q", text, host, exact, want)
		}
		reach := map[bool]Reach{false: Outside, true: Inside}[strings.HasSuffix(strings.ToLower(want), "amazonaws.com") || strings.EqualFold(want, "intranet")]
		if want == "" {
			reach = Unnamed
		}
		if got := p.Reach(text); got != reach {
			t.Errorf("Reach(%q) is %v, want %v", text, got, reach)
		}
	}
	if host, _ := newPolicy(t, Options{}).Named("intranet"); host != "" {
		t.Error("one label is a name without the scope listing it")
	}
	p, name := newPolicy(t, Options{}), s3
	if n := testing.AllocsPerRun(100, func() { p.Reach(name); p.Reach("https://s3.amazonaws.com:443\x00") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func scopeOf(t *testing.T, patterns ...string) *Scope {
	t.Helper()
	s, err := NewScope(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBadScopePatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                       "it is empty",
		".":                      "it is empty",
		"**":                     "stands alone or in front",
		"*example.com":           "stands alone or in front",
		"a.*.com":                "stands alone or in front",
		"*.*.com":                "stands alone or in front",
		"..example.com":          "not a host name",
		"*..example.com":         "not a host name",
		"https://example.com":    "not a host name",
		"example.com:443":        "not a host name",
		"a..b":                   "not a host name",
		"b\u00fccher.example":    "xn--",
		"10.0.0.1":               "not a host name",
		"aws-cn":                 "no such preset",
		"awsall":                 "no such preset",
		"a.com b.com":            "not a host name",
		strings.Repeat("a", 254): "not a host name",
	} {
		if _, err := NewScope([]string{"example.net", pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pattern %.40q: error %v, want one with %q", pattern, err, want)
		}
	}
}

func TestScopeMatchDoesNotAllocate(t *testing.T) {
	s, err := NewScope([]string{"aws", "*.example.com", "example.net"})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"a.b.c.example.com", "example.org", "s3.amazonaws.com"} {
		if n := testing.AllocsPerRun(100, func() { s.Match(host) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", host, n)
		}
	}
}

func FuzzScope(f *testing.F) {
	f.Add("*.example.com", "a.example.com")
	f.Add(".amazonaws.com", "evil\x00.amazonaws.com.")
	f.Add("*", "\xff")
	f.Fuzz(func(t *testing.T, pattern, host string) {
		s, err := NewScope([]string{pattern})
		if err != nil {
			return
		}
		if s.preset == presetNone && s.Match(host) && !strings.HasSuffix(normal(host), strings.TrimLeft(normal(pattern), "*.")) {
			t.Errorf("scope %q matches %q", pattern, host)
		}
	})
}
