package endpoint

import (
	"net/netip"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Published vectors: those of the specification
// (corelight/community-id-spec, baseline/baseline_deflt.json), one of Zeek's,
// and one computed by hand for ports that decide the order.
func TestCommunityID(t *testing.T) {
	for _, tt := range []struct {
		a, b, want string
		over       parse.Protocol
	}{
		{"192.168.1.52:54585", "8.8.8.8:53", "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", parse.DTLS},
		{"128.232.110.120:34855", "66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", parse.TLS},
		{"[2001:470:e5bf:dead:4957:2174:e82c:4887]:63943", "[2607:f8b0:400c:c03::1a]:25", "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", parse.TLS},
		{"1.2.3.4:1122", "5.6.7.8:3344", "1:wCb3OG7yAFWelaUydu0D+125CLM=", parse.TLS},
		{"10.0.0.5:40312", "10.0.0.5:443", "1:yb315O+NbTF06pc/GvR7ZRgjIP0=", parse.TLS},
	} {
		a, b := netip.MustParseAddrPort(tt.a), netip.MustParseAddrPort(tt.b)
		there, back := classify.Observation{Client: a, Server: b, Protocol: tt.over}, classify.Observation{Client: b, Server: a, Protocol: tt.over}
		for _, got := range []string{CommunityID(&there), CommunityID(&back)} {
			if got != tt.want {
				t.Errorf("%s and %s: %s, want %s", a, b, got, tt.want)
			}
		}
	}
}

func TestCommunityIDNeedsBothAddresses(t *testing.T) {
	v4, v6 := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("[::1]:1")
	for _, pair := range [][2]netip.AddrPort{{v4, {}}, {{}, v4}, {v4, v6}} {
		if got := CommunityID(&classify.Observation{Client: pair[0], Server: pair[1]}); got != "" {
			t.Errorf("%v: %s", pair, got)
		}
	}
}

// The same packets have the same identity, and other packets have another.
func TestSum(t *testing.T) {
	seen := map[[20]byte]string{}
	for name, change := range map[string]func(*classify.Observation){
		"as it was":      func(*classify.Observation) {},
		"later":          func(o *classify.Observation) { o.Time += 1000 },
		"another port":   func(o *classify.Observation) { o.Client = netip.AddrPortFrom(o.Client.Addr(), 40313) },
		"another server": func(o *classify.Observation) { o.Server = netip.MustParseAddrPort("52.94.1.3:443") },
		"turned round":   func(o *classify.Observation) { o.Client, o.Server = o.Server, o.Client },
	} {
		o := classify.Observation{Time: 1772366400123456789, Client: netip.MustParseAddrPort("10.0.0.5:40312"), Server: netip.MustParseAddrPort("52.94.1.2:443")}
		change(&o)
		if other, taken := seen[Sum(&o)]; taken {
			t.Errorf("%s is the same as %s", name, other)
		}
		seen[Sum(&o)] = name
		if again := o; Sum(&again) != Sum(&o) {
			t.Errorf("%s changes", name)
		}
	}
}
