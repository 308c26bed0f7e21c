package names

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestLookup(t *testing.T) {
	s := NewStore(Options{})
	wants(t, s, start, alice, "")
	resolve(s, start, alice, "Host.Example", 60, server)
	wants(t, s, start, alice, "host.example")
	resolve(s, start+second, alice, "other.example", 60, server, netip.MustParseAddr("192.0.2.2"))
	wants(t, s, start+second, alice, "other.example")
	checkBounds(t, s)
}

func TestAnswersOverTCPAndIPv6(t *testing.T) {
	s := NewStore(Options{})
	client := netip.MustParseAddrPort("[2001:db8::1]:40000")
	dns := netip.MustParseAddrPort("[2001:db8::53]:53")
	v6 := netip.MustParseAddr("2001:db8::443")
	s.Learn(start, bare, client, dns, queryFor(1, "host.example"))
	s.Learn(start, bare, dns, client, answerFor(1, "host.example", 60, v6, server))
	for _, a := range []netip.Addr{v6, server, netip.AddrFrom16(server.As16())} {
		if name, _ := s.Lookup(start, unwrapped, client.Addr(), a); name != "host.example" {
			t.Errorf("%v: %q", a, name)
		}
	}
}

func TestNamesExpire(t *testing.T) {
	s := NewStore(Options{Grace: time.Minute})
	resolve(s, start, alice, "host.example", 30, server)
	wants(t, s, start+90*second, alice, "host.example")
	wants(t, s, start+90*second, bob, "host.example")
	wants(t, s, start+90*second+1, alice, "")
	wants(t, s, start+90*second+1, bob, "")
	resolve(s, start, alice, "host.example", 1<<31-1, server)
	day := 24 * 3600 * second
	wants(t, s, start+day+60*second, alice, "host.example")
	wants(t, s, start+day+60*second+1, alice, "")
}

func TestEveryonesView(t *testing.T) {
	for _, c := range []struct {
		name  string
		told  []string
		wants string
	}{
		{"one name", []string{"host.example", "host.example"}, "host.example"},
		{"one domain", []string{"a.s3.amazonaws.com", "b.c.s3.amazonaws.com"}, "*.s3.amazonaws.com"},
		{"one name under another", []string{"s3.amazonaws.com", "b.s3.amazonaws.com"}, "*.amazonaws.com"},
		{"labels that end alike", []string{"axb.example.com", "xb.example.com"}, "*.example.com"},
		{"no more than a top-level domain", []string{"a.example.com", "b.example.net.com"}, ""},
		{"nothing in common", []string{"a.example", "b.test"}, ""},
		{"a domain that ends alike", []string{"a.evilamazonaws.com", "b.amazonaws.com"}, ""},
		{"the last names only", []string{"x.test", "a.e.net", "b.e.net", "c.e.net", "d.e.net"}, "*.e.net"},
	} {
		s := NewStore(Options{})
		for _, name := range c.told {
			resolve(s, start, alice, name, 60, server)
		}
		if got, ok := s.Lookup(start, unwrapped, bob.Addr(), server); got != c.wants || ok != (c.wants != "") {
			t.Errorf("%s: %q, %v; want %q", c.name, got, ok, c.wants)
		}
		wants(t, s, start, alice, c.told[len(c.told)-1])
	}
}

func TestEveryonesViewForgetsTheExpired(t *testing.T) {
	s := NewStore(Options{Grace: time.Second})
	resolve(s, start, alice, "old.test", 1, server)
	resolve(s, start+10*second, alice, "new.example", 1, server)
	wants(t, s, start+10*second, bob, "new.example")
}

// TestHTTPSNames: _8443._https.host.example is asked to connect to
// host.example.
func TestHTTPSNames(t *testing.T) {
	s := NewStore(Options{})
	msg := answerFor(1, "_8443._https.host.example", 60, server)
	hints := []byte{0, 1, 0, 0, 4, 0, 4, 192, 0, 2, 1} // priority, target, ipv4hint
	msg = append(msg[:len(msg)-6], 0, byte(len(hints)))
	msg = append(msg, hints...)
	question := 12 + len("_8443._https.host.example") + 2
	msg[question+1], msg[question+4+3] = 65, 65
	s.Learn(start, bare, resolver, alice, msg)
	wants(t, s, start, alice, "host.example")
}

func TestHostsFileAndStoreTogether(t *testing.T) {
	s := NewStore(Options{})
	h, err := LoadHosts(newReader("192.0.2.1 file.example"))
	if err != nil {
		t.Fatal(err)
	}
	s.Use(h)
	resolve(s, start, alice, "dns.example", 60, server)
	wants(t, s, start, alice, "dns.example") // an answer to the client
	wants(t, s, start, bob, "file.example")  // before answers to others
	wants(t, s, start+48*3600*second, alice, "file.example")
}

func TestNotDNS(t *testing.T) {
	s := NewStore(Options{})
	s.Learn(start, bare, resolver, alice, nil)
	s.Learn(start, bare, resolver, alice, []byte("not DNS"))
	s.Learn(start, bare, alice, bob, answerFor(1, "host.example", 60, server)) // not from port 53
	s.Learn(start, bare, resolver, alice, queryFor(1, "host.example"))         // not to port 53
	wants(t, s, start, alice, "")
	if st := s.counts(); st.Messages != 4 || st.Malformed != 2 || st.Queries != 0 || st.Answers != 0 {
		t.Errorf("%+v", st)
	}
}

// TestReplayIsTheSame feeds two stores that are full all the time, and whose
// maps have different seeds, and compares every answer.
func TestReplayIsTheSame(t *testing.T) {
	one, other := smallStore(), smallStore()
	for i := range 5000 {
		for _, s := range []*Store{one, other} {
			client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i * 7)}), 40000)
			resolve(s, start+int64(i), client, fmt.Sprintf("h%d.example", i%97), 60, netip.AddrFrom4([4]byte{192, 0, 2, byte(i * 31)}))
		}
		c, a := netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), netip.AddrFrom4([4]byte{192, 0, 2, byte(i * 3)})
		x, _ := one.Lookup(start+int64(i), unwrapped, c, a)
		y, _ := other.Lookup(start+int64(i), unwrapped, c, a)
		if x != y {
			t.Fatalf("step %d: %q and %q", i, x, y)
		}
	}
	if one.counts() != other.counts() || one.counts().Evicted == 0 {
		t.Errorf("%+v and %+v", one.counts(), other.counts())
	}
}

// smallStore is a store that is soon full.
func smallStore() *Store {
	return newStore(Options{}, limits{
		clients: room{8, 8 << 10}, addresses: room{16, 8 << 10}, perClient: 4, asking: 8, queries: 8,
	})
}

func TestLearningTheSameAgainAllocatesNothing(t *testing.T) {
	s := NewStore(Options{})
	ask, answer := queryFor(1, "host.example"), answerFor(1, "host.example", 60, server, netip.MustParseAddr("2001:db8::443"))
	again := func() {
		s.Learn(start, bare, alice, resolver, ask)
		s.Learn(start, bare, resolver, alice, answer)
		s.Lookup(start, unwrapped, alice.Addr(), server)
		s.Lookup(start, unwrapped, bob.Addr(), server)
	}
	again()
	if n := testing.AllocsPerRun(100, again); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLearn(b *testing.B) {
	s := NewStore(Options{})
	ask, answer := queryFor(1, "host.example"), answerFor(1, "host.example", 60, server, netip.MustParseAddr("192.0.2.2"))
	b.ReportAllocs()
	for b.Loop() {
		s.Learn(start, bare, alice, resolver, ask)
		s.Learn(start, bare, resolver, alice, answer)
	}
}

func BenchmarkLookup(b *testing.B) {
	s := NewStore(Options{})
	resolve(s, start, alice, "host.example", 60, server)
	b.ReportAllocs()
	for b.Loop() {
		s.Lookup(start, unwrapped, alice.Addr(), server)
		s.Lookup(start, unwrapped, bob.Addr(), server)
	}
}
