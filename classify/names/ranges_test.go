package names

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

const someRanges = `{
  "syncToken": "1", "createDate": "2026-01-01-00-00-00",
  "prefixes": [
    {"ip_prefix": "52.94.0.0/16", "region": "us-west-2", "service": "AMAZON", "network_border_group": "us-west-2"},
    {"ip_prefix": "52.94.8.0/24", "region": "us-west-2", "service": "AMAZON", "network_border_group": "us-west-2"},
    {"ip_prefix": "52.94.8.0/24", "region": "us-west-2", "service": "DYNAMODB", "network_border_group": "us-west-2"},
    {"ip_prefix": "52.95.0.0/16", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.95.1.0/24", "region": "us-east-1", "service": "AMAZON", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.95.2.0/24", "region": "us-east-1", "service": "S3", "network_border_group": "us-east-1"},
    {"ip_prefix": "52.95.2.0/24", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1"},
    {"ip_prefix": "13.32.0.0/15", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"}
  ],
  "ipv6_prefixes": [
    {"ipv6_prefix": "2600:1f60::/32", "region": "us-west-2", "service": "AMAZON", "network_border_group": "us-west-2"},
    {"ipv6_prefix": "2600:1f60:8000::/40", "region": "us-west-2", "service": "S3", "network_border_group": "us-west-2"}
  ]
}`

func TestRanges(t *testing.T) {
	r, err := ParseRanges([]byte(someRanges))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"52.94.8.1":        "52.94.8.0/24 us-west-2 DYNAMODB",
		"::ffff:52.94.8.1": "52.94.8.0/24 us-west-2 DYNAMODB",
		"52.94.9.1":        "52.94.0.0/16 us-west-2 AMAZON",
		"52.95.1.1":        "52.95.0.0/16 us-east-1 EC2",
		"52.95.2.1":        "52.95.2.0/24 us-east-1 S3",
		"13.33.0.1":        "13.32.0.0/15  CLOUDFRONT",
		"2600:1f60:8000::": "2600:1f60:8000::/40 us-west-2 S3",
		"2600:1f60::1":     "2600:1f60::/32 us-west-2 AMAZON",
		"192.0.2.1":        "",
		"2001:db8::1":      "",
	} {
		got := ""
		if found, ok := r.Lookup(netip.MustParseAddr(addr)); ok {
			got = fmt.Sprint(found.Prefix, " ", found.Region, " ", found.Service)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
	if _, ok := r.Lookup(netip.Addr{}); ok {
		t.Error("no address at all is in a range")
	}
	if r.Len() != 9 {
		t.Errorf("%d prefixes", r.Len())
	}
}

func TestParseRangesErrors(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"nothing", "", "line 1: not JSON"},
		{"not JSON", "{\n  \"prefixes\": [\n    oops\n", "line 3: not JSON"},
		{"cut off", someRanges[:300], "line 5: not JSON"},
		{"of another kind", "{\n\"prefixes\": \"none\"}", "line 2: not the form of AWS's"},
		{"other JSON", `{"a": 1}`, "holds no prefixes: not AWS's ip-ranges.json"},
		{"not a range", `{"prefixes": [{"ip_prefix": "10.0.0.0/8"}, {"ip_prefix": "10.0.0.0/33"}]}`, `prefixes[1]: "10.0.0.0/33" is not an address range`},
		{"not an IPv6 range", `{"ipv6_prefixes": [{"ipv6_prefix": "x"}]}`, `ipv6_prefixes[0]: "x" is not an address range`},
	} {
		if r, err := ParseRanges([]byte(c.file)); err == nil || r != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", c.name, r, err, c.want)
		}
	}
}

func TestLookupRangeAllocatesNothing(t *testing.T) {
	r, err := ParseRanges([]byte(someRanges))
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddr("52.94.9.1")
	if n := testing.AllocsPerRun(100, func() { r.Lookup(a) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseRanges(f *testing.F) {
	f.Add([]byte(someRanges))
	f.Add([]byte(`{"prefixes": [{"ip_prefix": "0.0.0.0/0"}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := ParseRanges(file)
		if (r == nil) == (err == nil) {
			t.Fatalf("%v, %v", r, err)
		}
		if err == nil {
			r.Lookup(netip.MustParseAddr("52.94.8.1"))
		}
	})
}

func BenchmarkLookupRange(b *testing.B) {
	r, err := ParseRanges([]byte(someRanges))
	if err != nil {
		b.Fatal(err)
	}
	a := netip.MustParseAddr("52.94.9.1")
	b.ReportAllocs()
	for b.Loop() {
		r.Lookup(a)
	}
}
