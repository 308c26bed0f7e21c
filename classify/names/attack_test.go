package names

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestStranger sends a client answers that it did not ask for.
func TestStranger(t *testing.T) {
	forged := answerFor(1, "evil.example", 3600, server)
	asked := func(s *Store) { s.Learn(start, bare, alice, resolver, queryFor(1, "host.example")) }
	answered := func(s *Store) { resolve(s, start, alice, "host.example", 60, server) }
	for _, c := range []struct {
		name       string
		before     func(*Store)
		src        netip.AddrPort
		msg        []byte
		alice, bob string
	}{
		{"a forged answer to a client that asks elsewhere", answered, stranger, forged, "host.example", "host.example"},
		{"from the resolver's address, to no question", answered, resolver, forged, "host.example", "host.example"},
		{"from the resolver's address, with the wrong id", asked, resolver, answerFor(2, "host.example", 60, server), "", ""},
		{"from the resolver's address, to another question", asked, resolver, forged, "", ""},
		{"from another address, right otherwise", asked, stranger, answerFor(1, "host.example", 60, server), "", ""},
		{"a second answer to one question", answered, resolver, answerFor(1, "host.example", 60, netip.MustParseAddr("192.0.2.66")), "host.example", "host.example"},
		{"another name's address in a true answer", asked, resolver, smuggled(), "", ""},
		{"a capture without questions", func(*Store) {}, resolver, answerFor(1, "host.example", 60, server), "host.example", "host.example"},
	} {
		s := NewStore(Options{})
		c.before(s)
		s.Learn(start, bare, c.src, alice, c.msg)
		if got, _ := s.Lookup(start, unwrapped, alice.Addr(), server); got != c.alice {
			t.Errorf("%s: the client is told %q, want %q", c.name, got, c.alice)
		}
		if got, _ := s.Lookup(start, unwrapped, bob.Addr(), server); got != c.bob {
			t.Errorf("%s: others are told %q, want %q", c.name, got, c.bob)
		}
	}
}

// smuggled answers for host.example with an address for other.example.
func smuggled() []byte {
	msg := queryFor(1, "host.example")
	msg[2] |= 0x80
	msg[7] = 1
	msg = append(appendWire(msg, "other.example"), 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
	return append(msg, 192, 0, 2, 1)
}

// TestStrangerToASilentClient: for a client whose questions are not captured, any answer
// counts, but for this client only.
func TestStrangerToASilentClient(t *testing.T) {
	s := NewStore(Options{})
	carol := netip.MustParseAddrPort("10.0.0.3:40000")
	resolve(s, start, alice, "host.example", 60, server)
	s.Learn(start, bare, stranger, bob, answerFor(1, "evil.example", 3600, server))
	wants(t, s, start, bob, "evil.example")
	wants(t, s, start, alice, "host.example")
	wants(t, s, start, carol, "host.example")
	resolve(s, start, bob, "host.example", 60, server) // an answer with its question replaces it
	s.Learn(start, bare, stranger, bob, answerFor(1, "evil.example", 3600, server))
	wants(t, s, start, bob, "host.example")
}

// TestUnaskedDoesNotReplaceAsked: the number of clients that are known to have asked is
// bounded, so that a client may be forgotten while its names are kept.
func TestUnaskedDoesNotReplaceAsked(t *testing.T) {
	s := NewStore(Options{})
	resolve(s, start, alice, "host.example", 60, server)
	s.asked.remove(place{bare, addrOf(alice.Addr())})
	s.views.clients.value(s.views.clients.find(place{bare, addrOf(alice.Addr())})).asked = false
	s.Learn(start, bare, stranger, alice, answerFor(1, "evil.example", 3600, server))
	wants(t, s, start, alice, "host.example")
	later := start + 2*int64(defaultGrace)
	s.Learn(later, bare, stranger, alice, answerFor(1, "evil.example", 3600, server))
	wants(t, s, later, alice, "evil.example")
}

func TestLateAnswer(t *testing.T) {
	s := NewStore(Options{})
	s.Learn(start, bare, alice, resolver, queryFor(1, "host.example"))
	s.Learn(start+int64(queryLife)+1, bare, resolver, alice, answerFor(1, "host.example", 60, server))
	wants(t, s, start+int64(queryLife)+1, alice, "")
	if st := s.counts(); st.Unsolicited != 1 {
		t.Errorf("%+v", st)
	}
}

func TestAThousandNamesForOneAddress(t *testing.T) {
	s := NewStore(Options{})
	for i := range 1000 {
		resolve(s, start, alice, fmt.Sprintf("n%d.cdn.example.net", i), 60, server)
	}
	wants(t, s, start, alice, "n999.cdn.example.net")
	wants(t, s, start, bob, "*.cdn.example.net")
	if s.views.index.used != 1 || s.shared.addresses.len() != 1 {
		t.Errorf("%d pairs, %d addresses kept", s.views.index.used, s.shared.addresses.len())
	}
	checkBounds(t, s)
}

func TestHostileNamesStayValues(t *testing.T) {
	for _, label := range []string{"a\x00b", "\x1b[31mred\x1b[0m", "\xff\xfe", "<script>", "\"},{\"", "a b\n"} {
		s := NewStore(Options{})
		resolve(s, start, alice, label+".example", 60, server)
		wants(t, s, start, alice, label+".example")
	}
	s := NewStore(Options{})
	msg := answerFor(1, "host.example", 60, server)
	msg[12+1+4] = '.' // one label, "host.example" but for its length bytes
	msg[12] = 12
	s.Learn(start, bare, resolver, alice, msg)
	wants(t, s, start, alice, "")
}

// mostHeap is the greatest memory of a full store, in bytes.
const mostHeap = 48 << 20

// TestFullStore fills all tables, with names of the greatest length, and with average ones.
func TestFullStore(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	for name, c := range map[string]struct {
		called string
		addrs  int
	}{
		"ordinary names": {"aaaaaaaa.s3.amazonaws.com", 8},
		"long names":     {longest, 4},
	} {
		t.Run(name, func(t *testing.T) {
			before := heap()
			s := NewStore(Options{})
			f := newFlooder(s, true, c.addrs)
			f.answer, f.query = answerFor(1, c.called, 60, several(c.addrs)...), queryFor(1, c.called)
			n := uint32(0)
			for range 40 / floodShare { // 2048 at a time come twice: they are known
				for range 2 {
					for k := range uint32(2048) {
						f.send(spoofed(n+k), n+k)
					}
					f.now += earnedAfter
				}
				n += 2048
			}
			for range 1 << 17 / floodShare {
				f.send(spoofed(n), n)
				s.Learn(f.now, bare, spoofed(n), resolver, queryFor(2, "unanswered.example"))
				n++
			}
			held := heap() - before
			t.Logf("%d MB held, %d names in %d views, %d addresses, %d questions", held>>20, s.views.index.used, s.views.clients.len(), s.shared.addresses.len(), s.queries.len())
			if held > mostHeap {
				t.Errorf("%d MB held", held>>20)
			}
			checkBounds(t, s)
		})
	}
}

// TestFlood gives a store a million different answers, with names of the greatest length.
// No question is seen, so that all of them count.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	thousand := func(i uint32) netip.AddrPort { return addressed(10<<24 | i%1000) }
	for _, c := range []struct {
		name            string
		answers, addrs  uint32
		called          string
		client          func(i uint32) netip.AddrPort
		bobIsUnaffected bool
	}{
		{"a million to a thousand clients", 1 << 20, 1 << 20, "aaaaaaaa.s3.amazonaws.com", thousand, false},
		{"long names to a thousand clients", 1 << 17, 1 << 17, longest, thousand, false},
		{"many long names for each address", 1 << 18, maxAddresses - 1, longest, thousand, false},
		{"long names to one client", 1 << 17, 1 << 17, longest, func(uint32) netip.AddrPort { return alice }, true},
		{"long names to a new client each", 1 << 17, 1 << 17, longest, func(i uint32) netip.AddrPort { return addressed(10<<24 | i) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := heap()
			s := NewStore(Options{})
			s.Learn(start, bare, resolver, bob, answerFor(1, "kept.example", 60, server))
			msg := answerFor(1, c.called, 60, netip.MustParseAddr("198.51.100.1"))
			for i := range c.answers / floodShare {
				for digit := range 8 {
					msg[13+digit] = 'a' + byte(i>>(4*digit))&0xf
				}
				binary.BigEndian.PutUint32(msg[len(msg)-4:], i%c.addrs)
				s.Learn(start+int64(i), bare, resolver, c.client(i), msg)
			}
			held := heap() - before
			t.Logf("%d MB held, %d names in %d views, %d addresses", held>>20, s.views.index.used, s.views.clients.len(), s.shared.addresses.len())
			if held > mostHeap {
				t.Errorf("%d MB held", held>>20)
			}
			checkBounds(t, s)
			if got, _ := s.Lookup(start, unwrapped, bob.Addr(), server); c.bobIsUnaffected && got != "kept.example" {
				t.Errorf("one client's flood made another forget: %q", got)
			}
		})
	}
}

// longest is a name of 253 bytes.
var longest = strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("a", 61)

func addressed(v4 uint32) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, v4))), 40000)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestQueryFlood: a flood of questions does not remove names.
func TestQueryFlood(t *testing.T) {
	s := NewStore(Options{})
	resolve(s, start, alice, "host.example", 60, server)
	for i := range uint32(3 * maxAsking) {
		s.Learn(start, bare, addressed(10<<24|i), resolver, queryFor(uint16(i), "flood.example"))
	}
	wants(t, s, start, alice, "host.example")
	checkBounds(t, s)
}

// FuzzStore plays a script of messages into a store that is soon full. Each
// step is two bytes (who talks to whom where, and how much time passes), one of
// length, and the message.
func FuzzStore(f *testing.F) {
	step := func(who byte, msg []byte) []byte { return append([]byte{who, 1, byte(len(msg))}, msg...) }
	ask, answer := queryFor(1, "a.example"), answerFor(1, "a.example", 60, server)
	f.Add(append(step(0x01, ask), step(0x11, answer)...))
	f.Add(step(0x10, answer))
	f.Add(append(step(0x21, ask), step(0x41, answer)...))
	f.Add(slices.Concat(step(0x01, ask), step(0x71, answer), step(0x11, answer)))
	var many, twice []byte
	for i := range 30 {
		msg := answerFor(uint16(i), fmt.Sprintf("h%d.example", i), 5, addressed(uint32(i)).Addr(), server)
		many = append(many, step(byte(0x10|i&0xf), msg)...)
		twice = append(twice, step(byte(0x10|i&3|i&4<<4), msg)...)
		twice[len(twice)-len(msg)-2] = 6 // seconds: each comes again after more than ten
	}
	f.Add(many)
	f.Add(twice)
	places := []Network{{}, in(tagged(10)), in(tagged(20)), in(tunnelled(vxlan, 10))}
	f.Fuzz(func(t *testing.T, script []byte) {
		s := smallStore()
		now := start
		for len(script) >= 3 {
			who, n := script[0], min(int(script[2]), len(script)-3)
			now += int64(script[1]) * second
			client, where := addressed(10<<24|uint32(who&0x0f)), places[who>>5&3]
			if who&0x10 == 0 {
				s.Learn(now, where, client, resolver, script[3:3+n])
			} else {
				s.Learn(now, where, resolver, client, script[3:3+n])
			}
			script = script[3+n:]
			networks := [2]Network{where, places[who>>6&1]}
			if name, ok := s.Lookup(now, networks, client.Addr(), server); ok != (name != "") || len(name) > maxName {
				t.Errorf("Lookup: %q, %v", name, ok)
			}
		}
		checkBounds(t, s)
	})
}
