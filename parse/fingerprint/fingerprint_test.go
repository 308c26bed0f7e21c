package fingerprint

import (
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"tlsfloor/parse"
)

func u16(list ...uint16) (b []byte) {
	for _, v := range list {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// extensions are empty extensions of these types.
func extensions(types ...uint16) (e parse.Extensions) {
	for _, t := range types {
		e = append(e, u16(t, 0)...)
	}
	return e
}

// protocols is an ALPN list.
func protocols(names ...string) (p parse.Protocols) {
	for _, name := range names {
		p = append(append(p, byte(len(name))), name...)
	}
	return p
}

func TestJA3(t *testing.T) {
	for _, test := range []struct {
		name      string
		hello     parse.ClientHello
		full, md5 string
	}{
		// The two examples of the README of github.com/salesforce/ja3.
		{"with extensions", parse.ClientHello{
			LegacyVersion:   parse.TLSv1,
			CipherSuites:    u16(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
			Extensions:      extensions(0, 10, 11),
			SupportedGroups: u16(23, 24, 25), PointFormats: []byte{0},
		}, "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0", "ada70206e40642a3e4461f35503241d5"},
		{"without extensions", parse.ClientHello{
			LegacyVersion: parse.TLSv1,
			CipherSuites:  u16(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99),
		}, "769,4-5-10-9-100-98-3-6-19-18-99,,,", "de350869b8c85de67a350c8d186f11e6"},
		{"GREASE last in every list", parse.ClientHello{
			LegacyVersion:   parse.TLSv12,
			CipherSuites:    u16(4, 0x0a0a),
			Extensions:      extensions(10, 0xfafa),
			SupportedGroups: u16(23, 0x1a1a), PointFormats: []byte{0, 1},
		}, "771,4,10,23,0-1", ""},
		{"only GREASE", parse.ClientHello{
			LegacyVersion: parse.TLSv12, CipherSuites: u16(0x0a0a), Extensions: extensions(0xfafa), SupportedGroups: u16(0x1a1a),
		}, "771,,,,", ""},
		{"nearly GREASE", parse.ClientHello{
			LegacyVersion: parse.TLSv12, CipherSuites: u16(0x0a1a, 0xab0a), Extensions: extensions(0x1a0a),
		}, "771,2586-43786,6666,,", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := NewCache(DefaultLimit).Client(&test.hello)
			if got.JA3Full != test.full || test.md5 != "" && got.JA3 != test.md5 {
				t.Errorf("%s %s", got.JA3Full, got.JA3)
			}
		})
	}
}

func TestJA3S(t *testing.T) {
	for _, test := range []struct {
		name      string
		hello     parse.ServerHello
		full, md5 string
	}{
		{"with extensions", parse.ServerHello{LegacyVersion: parse.TLSv1, CipherSuite: 47, Extensions: extensions(65281, 0, 11, 35, 5, 16)},
			"769,47,65281-0-11-35-5-16", "836ce314215654b5b1f85f97c73e506f"},
		{"without extensions", parse.ServerHello{LegacyVersion: parse.TLSv1, CipherSuite: 47}, "769,47,", ""},
		{"legacy version of TLS 1.3", parse.ServerHello{LegacyVersion: parse.TLSv12, SelectedVersion: parse.TLSv13, CipherSuite: 4865, Extensions: extensions(51, 43)},
			"771,4865,51-43", "eb1d94daa7e0344597e756a1fb6e7054"},
		{"GREASE stays", parse.ServerHello{LegacyVersion: parse.TLSv12, CipherSuite: 47, Extensions: extensions(0x0a0a, 11, 0xfafa)},
			"771,47,2570-11-64250", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := NewCache(DefaultLimit).Server(&test.hello)
			if got.JA3SFull != test.full || test.md5 != "" && got.JA3S != test.md5 {
				t.Errorf("%s %s", got.JA3SFull, got.JA3S)
			}
		})
	}
}

// TestJA4Example is the example of FoxIO's text.
func TestJA4Example(t *testing.T) {
	if got := NewCache(DefaultLimit).Client(clientHello(t, "client-chrome-like")).JA4; got != "t13d1516h2_8daaf6152771_e5627efa2ab1" {
		t.Error(got)
	}
}

func TestJA4FirstPart(t *testing.T) {
	many := make([]uint16, 120)
	for i := range many {
		many[i] = uint16(i + 1)
	}
	for _, test := range []struct {
		name  string
		hello parse.ClientHello
		want  string
	}{
		{"nothing", parse.ClientHello{LegacyVersion: parse.TLSv12}, "t12i000000"},
		{"TLS 1.3", parse.ClientHello{LegacyVersion: parse.TLSv12, SupportedVersions: u16(0x0303, 0x0304)}, "t13i000000"},
		{"GREASE in versions", parse.ClientHello{LegacyVersion: parse.TLSv12, SupportedVersions: u16(0x7a7a, 0x0302)}, "t11i000000"},
		{"only GREASE in versions", parse.ClientHello{LegacyVersion: parse.TLSv12, SupportedVersions: u16(0x7a7a)}, "t12i000000"},
		{"draft of TLS 1.3", parse.ClientHello{LegacyVersion: parse.TLSv12, SupportedVersions: u16(0x7f17, 0x0303)}, "t00i000000"},
		{"TLS 1.0", parse.ClientHello{LegacyVersion: parse.TLSv1}, "t10i000000"},
		{"SSLv3", parse.ClientHello{LegacyVersion: parse.SSLv3}, "ts3i000000"},
		{"SSLv2", parse.ClientHello{LegacyVersion: parse.SSLv2}, "ts2i000000"},
		{"server name", parse.ClientHello{LegacyVersion: parse.TLSv12, HasServerName: true, Extensions: extensions(0)}, "t12d000100"},
		{"GREASE does not count", parse.ClientHello{LegacyVersion: parse.TLSv12, CipherSuites: u16(0x0a0a, 5, 0x5600), Extensions: extensions(0x1a1a, 5)}, "t12i020100"},
		{"more than 99", parse.ClientHello{LegacyVersion: parse.TLSv12, CipherSuites: u16(many...), Extensions: extensions(many...)}, "t12i999900"},
		{"h2", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("h2", "http/1.1")}, "t12i0000h2"},
		{"http/1.1", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("http/1.1")}, "t12i0000h1"},
		{"one letter", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("x")}, "t12i0000xx"},
		{"empty name", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("", "h2")}, "t12i000000"},
		{"AB", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("\xab")}, "t12i0000ab"},
		{"AB CD", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("\xab\xcd")}, "t12i0000ad"},
		{"30 AB", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("0\xab")}, "t12i00003b"},
		{"30 31 AB CD", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("01\xab\xcd")}, "t12i00003d"},
		{"30 AB CD 31", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("0\xab\xcd1")}, "t12i000001"},
		{"punctuation", parse.ClientHello{LegacyVersion: parse.TLSv12, ALPN: protocols("-2")}, "t12i000022"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := NewCache(DefaultLimit).Client(&test.hello).JA4; got[:10] != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestJA4Hashes(t *testing.T) {
	// The sorted lists of FoxIO's text, and their hashes.
	list := extensions(0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0x0d, 5, 0x23, 0x12, 0x2b, 0xff01, 0x0b, 0x0a, 0x15)
	algorithms := u16(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
	for _, test := range []struct {
		name  string
		hello parse.ClientHello
		want  string
	}{
		{"with signature algorithms", parse.ClientHello{Extensions: list, SignatureAlgorithms: algorithms}, "_000000000000_e5627efa2ab1"},
		{"GREASE among them", parse.ClientHello{Extensions: append(extensions(0xdada), list...), SignatureAlgorithms: append(u16(0x0a0a), algorithms...)},
			"_000000000000_e5627efa2ab1"},
		{"without signature algorithms", parse.ClientHello{Extensions: list}, "_000000000000_6d807ffa2a79"},
		{"only SNI and ALPN", parse.ClientHello{Extensions: extensions(0, 16)}, "_000000000000_000000000000"},
		{"ciphers", parse.ClientHello{CipherSuites: u16(0xaaaa, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
			0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35)}, "_8daaf6152771_000000000000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := NewCache(DefaultLimit).Client(&test.hello).JA4; got[10:] != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestRecordedClients compares with other implementations: JA3 is tshark 4.0.17's, and
// JA4 was computed from the numbers that tshark prints (without the signature algorithms
// of other extensions than signature_algorithms, which it lists, too).
func TestRecordedClients(t *testing.T) {
	for file, want := range map[string]Client{
		"chrome-like":    {JA3: "cd08e31494f9531f560d64c695473da9", JA4: "t13d1516h2_8daaf6152771_e5627efa2ab1"},
		"chrome-like-pq": {JA3: "5549240a5133e94d2053bfbc454228ef", JA4: "t13d1516h2_8daaf6152771_02713d6af862"},
		"curl":           {JA3: "0149f47eabf9a20d0893e2a44e5a6323", JA4: "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6"},
		"gnutls":         {JA3: "f35ce21b44ac0b87d3266294bb1b0e20", JA4: "t13d291300_723694b0fccc_2cc26d266019"},
		"go":             {JA3: "e69402f870ecf542b4f017b0ed32936a", JA4: "t13d1312h2_f57a46bbacb6_e5728521abd4"},
		"node":           {JA3: "0cce74b0d9b7f8528fb2181588d23793", JA4: "t13d591000_a33745022dd6_1f22a2ca17c4"},
		"openssl":        {JA3: "a3afc2c46ba4a7d7fbe1cfb7a3031c2f", JA4: "t13d311000_e8f1e7e78f70_1f22a2ca17c4"},
		"openssl-nosni":  {JA3: "c216e752cae6f8755fd27f561d031636", JA4: "t13i310900_e8f1e7e78f70_1f22a2ca17c4"},
		"openssl-tls1":   {JA3: "98f9ff340042c7efb3cb711f8bef0056", JA4: "t10d240600_28adaca67414_195413a0cc0f"},
		"openssl-tls11":  {JA3: "d22bb67c3d597a7b06a4682193042c8d", JA4: "t11d230600_44099cda8a52_195413a0cc0f"},
		"openssl-tls12":  {JA3: "22558766122974704364c9c75c5cce0a", JA4: "t12d2808h2_d943125447b4_e7e480e5a997"},
		"openssl-tls13":  {JA3: "f146948b4a599d4d7ddf071b74696983", JA4: "t13d041000_16476d049b0b_78f1d400d464"},
		"python":         {JA3: "93c7d42c0df602fb91589311534831f5", JA4: "t13d181100_85036bcba153_d41ae481755e"},
	} {
		got := NewCache(DefaultLimit).Client(clientHello(t, "client-"+file))
		if got.JA3 != want.JA3 || got.JA4 != want.JA4 {
			t.Errorf("%s: %s %s", file, got.JA3, got.JA4)
		}
	}
}

func TestSSLv2FormatHasNone(t *testing.T) {
	h := parse.ClientHello{LegacyVersion: parse.TLSv1, SSLv2Format: true, CipherSpecs: []byte{1, 0, 0x80}}
	if got := NewCache(DefaultLimit).Client(&h); got != (Client{}) {
		t.Errorf("%+v", got)
	}
}

// TestKeysDoNotRunTogether compares hellos in which the same number is in different
// lists.
func TestKeysDoNotRunTogether(t *testing.T) {
	c := NewCache(DefaultLimit)
	hellos := []parse.ClientHello{
		{CipherSuites: u16(1, 2), Extensions: extensions(3)},
		{CipherSuites: u16(1), Extensions: extensions(2, 3)},
		{CipherSuites: u16(1), Extensions: extensions(2), SupportedGroups: u16(3)},
		{CipherSuites: u16(1), Extensions: extensions(2), SignatureAlgorithms: u16(3)},
		{CipherSuites: u16(1), Extensions: extensions(2), PointFormats: []byte{0, 3}},
		{CipherSuites: u16(1, 0, 1, 3), Extensions: extensions(2)},
		{CipherSuites: u16(1), Extensions: extensions(2, 3), SupportedVersions: u16(0x0304)},
		{CipherSuites: u16(1), Extensions: extensions(2, 3), ALPN: protocols("h2")},
		{CipherSuites: u16(1), Extensions: extensions(2, 3), LegacyVersion: 1},
	}
	for range 2 {
		for i := range hellos {
			if got, want := c.Client(&hellos[i]), NewCache(DefaultLimit).Client(&hellos[i]); got != want {
				t.Errorf("hello %d: %+v, want %+v", i, got, want)
			}
		}
	}
	servers := []parse.ServerHello{
		{CipherSuite: 1, Extensions: extensions(2)},
		{CipherSuite: 1, Extensions: extensions(2, 3)},
		{CipherSuite: 2, Extensions: extensions(2)},
		{CipherSuite: 1, Extensions: extensions(2), LegacyVersion: 1},
	}
	for range 2 {
		for i := range servers {
			if got, want := c.Server(&servers[i]), NewCache(DefaultLimit).Server(&servers[i]); got != want {
				t.Errorf("server %d: %+v, want %+v", i, got, want)
			}
		}
	}
}

// TestGREASEIsOneKey compares hellos with different GREASE values.
func TestGREASEIsOneKey(t *testing.T) {
	c := NewCache(DefaultLimit)
	for v := uint16(0); v < 16; v++ {
		g := 0x0a0a | v<<12 | v<<4
		c.Client(&parse.ClientHello{CipherSuites: u16(g, 5), Extensions: extensions(g, 5), SupportedGroups: u16(g), SupportedVersions: u16(g, 0x0304)})
	}
	if n := c.clients.made.Len(); n != 1 {
		t.Errorf("%d keys", n)
	}
}

func TestPermutedExtensions(t *testing.T) {
	c := NewCache(DefaultLimit)
	h := clientHello(t, "client-chrome-like")
	first := c.Client(h)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		permuted := *h
		permute(&permuted, r)
		got := c.Client(&permuted)
		if got.JA4 != first.JA4 || got.JA3 == first.JA3 {
			t.Fatalf("%+v, first %+v", got, first)
		}
	}
	if n := c.ja4s.made.Len(); n != 1 {
		t.Errorf("%d keys for one JA4", n)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const limit = 100
	c := NewCache(limit)
	steady := clientHello(t, "client-go")
	before := c.Client(steady)
	for i := range 10 * limit {
		h := parse.ClientHello{CipherSuites: u16(uint16(i))}
		c.Client(&h)
		c.Server(&parse.ServerHello{CipherSuite: uint16(i)})
		if i%10 == 0 {
			if c.Client(steady) != before {
				t.Fatal("another answer")
			}
		}
	}
	for name, n := range map[string]int{
		"clients": c.clients.made.Len(),
		"JA4":     c.ja4s.made.Len(),
		"servers": c.servers.made.Len(),
	} {
		if n > limit || n < limit/2 {
			t.Errorf("%s: %d remembered, limit %d", name, n, limit)
		}
	}
	if n := testing.AllocsPerRun(1, func() { c.Client(steady) }); n != 0 {
		t.Error("what is in use was forgotten")
	}
}

func TestLongKeysAreNotRemembered(t *testing.T) {
	c := NewCache(DefaultLimit)
	h := parse.ClientHello{CipherSuites: make(parse.Uint16s, 2*maxKey)}
	want := "0," + strings.TrimSuffix(strings.Repeat("0-", maxKey), "-") + ",,,"
	for range 2 {
		if got := c.Client(&h); got.JA3Full != want {
			t.Errorf("%.80s", got.JA3Full)
		}
	}
	if c.clients.made.Len() != 0 || c.ja4s.made.Len() != 0 {
		t.Error("remembered")
	}
}

func TestRememberedAllocatesNothing(t *testing.T) {
	c := NewCache(DefaultLimit)
	client, server := clientHello(t, "client-chrome-like"), serverHello(t, "server-tls13")
	c.Client(client)
	c.Server(server)
	if n := testing.AllocsPerRun(100, func() {
		c.Client(client)
		c.Server(server)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var (
	ja3Form  = regexp.MustCompile(`^\d+,(\d+(-\d+)*)?,(\d+(-\d+)*)?,(\d+(-\d+)*)?,(\d+(-\d+)*)?$`)
	ja3sForm = regexp.MustCompile(`^\d+,\d+,(\d+(-\d+)*)?$`)
	ja4Form  = regexp.MustCompile(`^t(00|1[0-3]|s[23]|d[123])[di]\d{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)
)

// FuzzFingerprints checks the form of fingerprints, and that remembered ones equal
// computed ones.
func FuzzFingerprints(f *testing.F) {
	f.Add(message(f, "client-chrome-like"), message(f, "client-go"))
	f.Add(message(f, "server-tls12"), message(f, "server-hrr"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		c := NewCache(2)
		for _, body := range [][]byte{a, b, a} {
			var h parse.ClientHello
			h.Parse(body)
			got := c.Client(&h)
			if !ja3Form.MatchString(got.JA3Full) || !ja4Form.MatchString(got.JA4) || len(got.JA3) != 32 {
				t.Errorf("%+v", got)
			}
			if want := NewCache(DefaultLimit).Client(&h); got != want {
				t.Errorf("remembered %+v, computed %+v", got, want)
			}
			var s parse.ServerHello
			s.Parse(body)
			answer := c.Server(&s)
			if !ja3sForm.MatchString(answer.JA3SFull) || len(answer.JA3S) != 32 {
				t.Errorf("%+v", answer)
			}
			if want := NewCache(DefaultLimit).Server(&s); answer != want {
				t.Errorf("remembered %+v, computed %+v", answer, want)
			}
		}
	})
}
