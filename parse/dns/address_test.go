package dns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

func TestAppendAddresses(t *testing.T) {
	const a, aaaa = dnsmessage.TypeA, dnsmessage.TypeAAAA
	for _, c := range []struct {
		name string
		msg  []byte
		want string // question, then addresses with TTLs
	}{
		{"one address", response(t, "host.example.", a, func(b *dnsmessage.Builder) {
			addA(t, b, "host.example.", 30, "192.0.2.1")
		}), "host.example [192.0.2.1/30]"},
		{"IPv6, and a mapped IPv4 address", response(t, "host.example.", aaaa, func(b *dnsmessage.Builder) {
			addAAAA(t, b, "host.example.", 30, "2001:db8::1")
			addAAAA(t, b, "host.example.", 30, "::ffff:192.0.2.1")
		}), "host.example [2001:db8::1/30 192.0.2.1/30]"},
		{"letter case does not matter", response(t, "HOST.Example.", a, func(b *dnsmessage.Builder) {
			addA(t, b, "host.EXAMPLE.", 30, "192.0.2.1")
		}), "host.example [192.0.2.1/30]"},
		{"least TTL along the aliases", aliased(t), "bucket.s3.amazonaws.com " +
			"[192.0.2.1/60 192.0.2.2/60 192.0.2.3/60 192.0.2.4/60 192.0.2.5/60 192.0.2.6/60]"},
		{"aliases in the wrong order", response(t, "a.example.", a, func(b *dnsmessage.Builder) {
			addA(t, b, "c.example.", 10, "192.0.2.1")
			addCNAME(t, b, "b.example.", 20, "c.example.")
			addCNAME(t, b, "a.example.", 30, "b.example.")
		}), "a.example [192.0.2.1/10]"},
		{"eight aliases in reverse order", reversed(t, 8), "a8.example [192.0.2.1/30]"},
		{"more aliases in reverse order than are compared", reversed(t, 12), "a12.example []"},
		{"as many aliases as are followed", chained(t, maxAliases), "a16.example [192.0.2.1/30]"},
		{"more aliases than are followed", chained(t, maxAliases+1), "a17.example []"},
		{"addresses behind pointers to several places", scattered(), "host.example [192.0.2.1/30 192.0.2.2/30 192.0.2.3/30]"},
		{"another name's address", response(t, "host.example.", a, func(b *dnsmessage.Builder) {
			addA(t, b, "victim.example.", 30, "192.0.2.66")
			addA(t, b, "host.example.", 30, "192.0.2.1")
			addA(t, b, "xhost.example.", 30, "192.0.2.66")
			addA(t, b, "host.example.net.", 30, "192.0.2.66")
			addA(t, b, "example.", 30, "192.0.2.66")
		}), "host.example [192.0.2.1/30]"},
		{"an alias loop", response(t, "a.example.", a, func(b *dnsmessage.Builder) {
			addCNAME(t, b, "a.example.", 20, "b.example.")
			addCNAME(t, b, "b.example.", 20, "a.example.")
			addA(t, b, "a.example.", 30, "192.0.2.1")
		}), "a.example []"},
		{"an alias of itself", response(t, "a.example.", a, func(b *dnsmessage.Builder) {
			addCNAME(t, b, "a.example.", 20, "a.example.")
			addA(t, b, "a.example.", 30, "192.0.2.1")
		}), "a.example []"},
		{"HTTPS hints", response(t, "host.example.", dnsmessage.Type(HTTPS), func(b *dnsmessage.Builder) {
			addUnknown(t, b, "host.example.", HTTPS, 30, hints())
		}), "host.example [192.0.2.1/30 192.0.2.2/30 2001:db8::1/30]"},
		{"HTTPS without hints", response(t, "host.example.", dnsmessage.Type(HTTPS), func(b *dnsmessage.Builder) {
			addUnknown(t, b, "host.example.", HTTPS, 30, []byte("\x00\x01\x00\x00\x01\x00\x03\x02h2"))
		}), "host.example []"},
		{"hints that are cut off", response(t, "host.example.", dnsmessage.Type(SVCB), func(b *dnsmessage.Builder) {
			addUnknown(t, b, "host.example.", SVCB, 30, hints()[:24])
			addUnknown(t, b, "host.example.", SVCB, 30, []byte{0})
			addUnknown(t, b, "host.example.", SVCB, 30, []byte{0, 1, 9})
		}), "host.example [192.0.2.1/30 192.0.2.2/30]"},
		{"addresses of a wrong length", response(t, "host.example.", a, func(b *dnsmessage.Builder) {
			addUnknown(t, b, "host.example.", typeA, 30, []byte{192, 0, 2})
			addUnknown(t, b, "host.example.", typeAAAA, 30, []byte{192, 0, 2, 1})
		}), "host.example []"},
		{"a TTL with the top bit set", response(t, "host.example.", a, func(b *dnsmessage.Builder) {
			addA(t, b, "host.example.", 1<<31, "192.0.2.1")
		}), "host.example [192.0.2.1/0]"},
		{"a thousand addresses", response(t, "host.example.", a, func(b *dnsmessage.Builder) {
			for i := range 1000 {
				addA(t, b, "host.example.", 30, netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String())
			}
		}), fmt.Sprintf("host.example %d addresses", maxAddresses)},
	} {
		if got := read(t, c.msg); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// chained answers for an with n aliases, from one to the next, and an address of
// a0.
func chained(t testing.TB, n int) []byte {
	return response(t, label(n), dnsmessage.TypeA, func(b *dnsmessage.Builder) {
		for i := n; i > 0; i-- {
			addCNAME(t, b, label(i), 30, label(i-1))
		}
		addA(t, b, label(0), 30, "192.0.2.1")
	})
}

// reversed is the same with the last alias first.
func reversed(t testing.TB, n int) []byte {
	return response(t, label(n), dnsmessage.TypeA, func(b *dnsmessage.Builder) {
		addA(t, b, label(0), 30, "192.0.2.1")
		for i := 1; i <= n; i++ {
			addCNAME(t, b, label(i), 30, label(i-1))
		}
	})
}

func label(n int) string { return fmt.Sprintf("a%d.example.", n) }

// scattered answers for host.example with its name in full, by a pointer to the
// question and by one to the first record, among records of example.
func scattered() []byte {
	const fixed = "\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04"
	msg := "\x00\x01\x81\x80\x00\x01\x00\x06\x00\x00\x00\x00" + "\x04host\x07example\x00\x00\x01\x00\x01"
	first := len(msg)
	msg += "\x04host\xc0\x11" + fixed + "\xc0\x00\x02\x01" // 192.0.2.1
	msg += "\xc0\x0c" + fixed + "\xc0\x00\x02\x02"
	msg += "\xc0\x11" + fixed + "\xc0\x00\x02\x42" // of example.
	msg += "\xc0" + string(rune(first)) + fixed + "\xc0\x00\x02\x03"
	msg += "\xc0\x11" + fixed + "\xc0\x00\x02\x42"
	msg += "\x00" + fixed + "\xc0\x00\x02\x42" // of the root
	return []byte(msg)
}

// hints is an HTTPS record: priority 1, target ".", alpn, ipv4hint, ipv6hint.
func hints() []byte {
	data := []byte("\x00\x01\x00" + "\x00\x01\x00\x03\x02h2" + "\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02" + "\x00\x06\x00\x10")
	v6 := netip.MustParseAddr("2001:db8::1").As16()
	return append(data, v6[:]...)
}

func read(t *testing.T, msg []byte) string {
	t.Helper()
	var m Message
	must(t, Parse(msg, &m))
	name, ok := m.AppendQuestion(nil)
	if !ok {
		t.Error("no question")
	}
	var all []string
	for _, a := range m.AppendAddresses(nil) {
		all = append(all, fmt.Sprintf("%v/%d", a.Addr, a.TTL))
	}
	if len(all) > 20 {
		return fmt.Sprintf("%s %d addresses", name, len(all))
	}
	return fmt.Sprintf("%s %v", name, all)
}

func TestNoAddressesFrom(t *testing.T) {
	good := response(t, "host.example.", dnsmessage.TypeA, func(b *dnsmessage.Builder) {
		addA(t, b, "host.example.", 30, "192.0.2.1")
	})
	for name, damage := range map[string]func([]byte){
		"a query":              func(m []byte) { m[2] &^= 0x80 },
		"another opcode":       func(m []byte) { m[2] |= 0x28 },
		"NXDOMAIN":             func(m []byte) { m[3] |= 3 },
		"class CH in question": func(m []byte) { m[headerLen+len("host.example")+2+3] = 3 },
		"class CH in answer":   func(m []byte) { m[len(m)-4-2-4-1] = 3 },
		"no answers promised":  func(m []byte) { m[7] = 0 },
		"no question":          func(m []byte) { m[5] = 0 },
	} {
		msg := slices.Clone(good)
		damage(msg)
		var m Message
		if err := Parse(msg, &m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := m.AppendAddresses(nil); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEveryTruncation(t *testing.T) {
	msg := aliased(t)
	var last []Address
	for n := range len(msg) + 1 {
		var m Message
		if Parse(msg[:n:n], &m) != nil {
			continue
		}
		got := m.AppendAddresses(nil)
		if len(got) < len(last) {
			t.Fatalf("%d bytes give %v, fewer than %v", n, got, last)
		}
		last = got
	}
	if len(last) != 6 {
		t.Errorf("the whole message gives %v", last)
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	msg := aliased(t)
	name, addrs := make([]byte, 0, maxText), make([]Address, 0, 16)
	if n := testing.AllocsPerRun(100, func() {
		var m Message
		if Parse(msg, &m) != nil {
			t.Error("not parsed")
		}
		m.AppendQuestion(name)
		m.AppendAddresses(addrs)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendAddresses(b *testing.B) {
	msg := aliased(b)
	name, addrs := make([]byte, 0, maxText), make([]Address, 0, 16)
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		var m Message
		_ = Parse(msg, &m)
		m.AppendQuestion(name)
		m.AppendAddresses(addrs)
	}
}

// BenchmarkHostile parses the slowest message known: 64 kB of records, each name with
// as many pointers as are followed.
func BenchmarkHostile(b *testing.B) {
	msg := pointerChains()
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	var m Message
	for b.Loop() {
		if Parse(msg, &m) != nil {
			b.Fatal("not parsed")
		}
		m.AppendAddresses(nil)
		answers := m.allAnswers()
		for r := (record{}); answers.next(&r); {
			r.AppendOwner(nil)
		}
	}
}

// BenchmarkHostileAliases parses the slowest datagram known: aliases in reverse order,
// with names of the greatest length.
func BenchmarkHostileAliases(b *testing.B) {
	long := func(i int) string { return strings.Repeat(strings.Repeat("a", 63)+".", 3) + label(i) }
	msg := response(b, long(maxAliases), dnsmessage.TypeA, func(m *dnsmessage.Builder) {
		for i := 1; i <= maxAliases; i++ {
			addCNAME(b, m, long(i), 30, long(i-1))
		}
	})
	b.ReportAllocs()
	b.SetBytes(int64(len(msg)))
	var m Message
	addrs := make([]Address, 0, maxAddresses)
	for b.Loop() {
		if Parse(msg, &m) != nil {
			b.Fatal("not parsed")
		}
		m.AppendAddresses(addrs)
	}
}

// TestAgainstDNSMessage reads the same messages with golang.org/x/net.
func TestAgainstDNSMessage(t *testing.T) {
	compared := 0
	for i, msg := range seeds(t) {
		var m Message
		theirs, err := theirAnswers(msg)
		if err != nil || Parse(msg, &m) != nil {
			continue
		}
		compared++
		ours, _ := ourAnswers(&m)
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("seed %d, dnsmessage - and ours +:\n%s", i, diff)
		}
	}
	if compared < 4 {
		t.Errorf("%d messages compared, want the whole ones at least", compared)
	}
}
