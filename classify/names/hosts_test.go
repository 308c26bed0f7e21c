package names

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
)

func newReader(text string) io.Reader { return strings.NewReader(text) }

const zeekHeading = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#open\t2026-01-01-00-00-00\n" +
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\tanswers\tTTLs\n" +
	"#types\ttime\tstring\taddr\tport\taddr\tport\tstring\tvector[string]\tvector[interval]\n"

func zeekRow(client, query, answers string) string {
	return fmt.Sprintf("1700000000.1\tCx1\t%s\t40000\t10.0.0.53\t53\t%s\t%s\t60.0\n", client, query, answers)
}

func TestLoadHosts(t *testing.T) {
	for _, c := range []struct {
		name, file string
		alice, bob string // what each calls 192.0.2.1
	}{
		{"nothing", "", "", ""},
		{"hosts", "# comment\n\n127.0.0.1 localhost\n192.0.2.1\tHost.Example. alias.example # trailing\r\n", "host.example", "host.example"},
		{"hosts without a newline", "192.0.2.1 host.example", "host.example", "host.example"},
		{"hosts with an IPv4-mapped address", "::ffff:192.0.2.1 host.example\n", "host.example", "host.example"},
		{"hosts, two names for an address", "192.0.2.1 a.s3.amazonaws.com\n192.0.2.1 b.s3.amazonaws.com\n", "*.s3.amazonaws.com", "*.s3.amazonaws.com"},
		{"Zeek", zeekHeading + zeekRow("10.0.0.1", "Host.Example", "cdn.example,192.0.2.9,192.0.2.1") + "#close\t2026-01-01-01-00-00\n", "host.example", "host.example"},
		{"Zeek, each its own", zeekHeading + zeekRow("10.0.0.1", "a.test", "192.0.2.1") + zeekRow("10.0.0.2", "b.example", "192.0.2.1"), "a.test", "b.example"},
		{"Zeek, nothing of use", zeekHeading + zeekRow("10.0.0.1", "-", "192.0.2.1") + zeekRow("10.0.0.1", "a.test", "-") +
			zeekRow("10.0.0.1", "b.test", "(empty)") + zeekRow("10.0.0.1", "c.test", "TXT 9 192.0.2.1"), "", ""},
		{"Zeek, escapes", zeekHeading + zeekRow("10.0.0.1", `a\x09b\x2.test`, "192.0.2.1"), "a\tb\\x2.test", "a\tb\\x2.test"},
		{"Zeek as JSON", `{"ts":1.5,"id.orig_h":"10.0.0.1","query":"host.example","answers":["cdn.example","192.0.2.1"],"TTLs":[5.0,60.0]}` + "\n" +
			`{"ts":1.6,"id.orig_h":"10.0.0.2","qtype_name":"PTR"}` + "\n\n" +
			`{"ts":1.7,"id.orig_h":"10.0.0.2","query":"other.test","answers":["192.0.2.1"]}` + "\n", "host.example", "other.test"},
	} {
		h, err := LoadHosts(newReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		s := NewStore(Options{})
		s.Use(h)
		for client, want := range map[netip.AddrPort]string{alice: c.alice, bob: c.bob} {
			if got, _ := s.Lookup(start, unwrapped, client.Addr(), server); got != want {
				t.Errorf("%s: %q, want %q", c.name, got, want)
			}
		}
	}
}

func TestLoadHostsErrors(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"not an address", "127.0.0.1 localhost\n\nhost.example 192.0.2.1\n", `line 3: "host.example" is not an IP address`},
		{"no name", "192.0.2.1 # host.example\n", "line 1: no name for 192.0.2.1"},
		{"a name too long", "192.0.2.1 " + longest + ".a\n", "is not a host name"},
		{"a binary file", "\x7fELF\x02\x01\x01\n", `line 1: "\x7fELF\x02\x01\x01" is not an IP address`},
		{"a line without end", "192.0.2.1 a\n" + strings.Repeat("x", maxLine), "line 2: longer than 1048576 bytes"},
		{"another Zeek log", "#separator \\x09\n#fields\tts\tuid\tid.orig_h\tserver_name\n", "line 2: not a dns.log: #fields lacks id.orig_h, query or answers"},
		{"an entry before the fields", "#separator \\x09\n1700000000\tC1\n", "line 2: an entry before #fields"},
		{"a separator that is none", "#separator \n", "line 1: an empty #separator"},
		{"a torn entry", zeekHeading + "1700000000.1\tCx1\t10.0.0.1\n", "line 9: 3 columns, but #fields has 9"},
		{"torn JSON", "{\"query\":\"a.test\"}\n{\"query\":", "line 2: not an entry of Zeek's dns.log: unexpected end of JSON input"},
		{"JSON of another kind", `{"query":["a"]}`, "line 1: not an entry of Zeek's dns.log: "},
		{"more names than are held", strings.Repeat("192.0.2.1 a\n", 9) + "192.0.2.2 a\n192.0.2.3 a\n192.0.2.4 a\n", "line 12: more than 3 names"},
	} {
		limit := maxHosts
		if strings.HasPrefix(c.name, "more") {
			limit = 3
		}
		if h, err := loadHosts(newReader(c.file), limit); err == nil || h != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.name, h, err, c.want)
		}
	}
}

func FuzzLoadHosts(f *testing.F) {
	f.Add("192.0.2.1 host.example alias # comment\n")
	f.Add(zeekHeading + zeekRow("10.0.0.1", `a\x2c\x`, "192.0.2.1,x"))
	f.Add(`{"id.orig_h":"10.0.0.1","query":"a","answers":["192.0.2.1"]}`)
	f.Add("#separator \\x2c\n#fields,id.orig_h,query,answers\n#set_separator,\nx,10.0.0.1,a,1.2.3.4\n")
	f.Fuzz(func(t *testing.T, file string) {
		h, err := loadHosts(newReader(file), 8)
		if (h == nil) == (err == nil) {
			t.Fatalf("%v, %v", h, err)
		}
		if err == nil && len(h.told)+len(h.called) > 8 {
			t.Error("more names than the limit")
		}
	})
}
