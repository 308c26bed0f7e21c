package names

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
)

// flooder sends questions and answers with the addresses of any number of clients.
type flooder struct {
	store    *Store
	query    []byte
	answer   []byte
	addrs    int // in each answer
	question bool
	now      int64
	apart    int64 // nanoseconds between two
}

// usualApart makes 15,000 a second.
const usualApart = 66_000

func newFlooder(s *Store, question bool, addrs int) *flooder {
	const name = "aaaaaaaa.flood.example"
	return &flooder{store: s, query: queryFor(1, name), answer: answerFor(1, name, 86400, several(addrs)...), addrs: addrs, question: question, now: start, apart: usualApart}
}

func several(n int) (addrs []netip.Addr) {
	for i := range n {
		addrs = append(addrs, addressed(203<<24|uint32(i)).Addr())
	}
	return addrs
}

// send sends client n an answer with name n and addresses of its own.
func (f *flooder) send(client netip.AddrPort, n uint32) {
	for digit := range 8 {
		c := 'a' + byte(n>>(4*digit))&0xf
		f.query[13+digit], f.answer[13+digit] = c, c
	}
	for k := range f.addrs {
		at := len(f.answer) - 16*k - 4
		binary.BigEndian.PutUint32(f.answer[at:], 198<<24|(n*uint32(f.addrs)+uint32(k))&0xffffff)
	}
	if f.question {
		f.store.Learn(f.now, bare, client, resolver, f.query)
	}
	f.store.Learn(f.now, bare, resolver, client, f.answer)
	f.now += f.apart
}

// spoofed returns the nth client that was not seen before.
func spoofed(n uint32) netip.AddrPort { return addressed(172<<24 | n) }

// firstClients is how many asked before the flood.
const firstClients = 6000

func firstClient(i int) netip.AddrPort { return addressed(10<<24 | uint32(i)) }
func firstServer(i, k int) netip.Addr  { return addressed(100<<24 | uint32(i)<<3 | uint32(k)).Addr() }
func firstName(i int) string           { return fmt.Sprintf("host%d.example", i) }
func outsider() netip.Addr             { return netip.MustParseAddr("10.255.255.1") }
func found(s *Store, now int64, i, k int) (own, everyones bool) {
	name, _ := s.Lookup(now, unwrapped, firstClient(i).Addr(), firstServer(i, k))
	everyone, _ := s.Lookup(now, unwrapped, outsider(), firstServer(i, k))
	return name == firstName(i), everyone == firstName(i)
}

// TestSpoofedClients: names from before a flood of answers to made-up clients are found
// after it, by the clients that asked and by others.
func TestSpoofedClients(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	for _, c := range []struct {
		name     string
		packets  uint32
		addrs    int
		question bool // before each answer: the client seems to have asked
		apart    int64
		client   func(n uint32) netip.AddrPort
	}{
		{"68,000 answers", 68_000, 1, false, usualApart, spoofed},
		{"68,000 questions and answers", 68_000, 1, true, usualApart, spoofed},
		{"680,000 questions and answers", 680_000, 1, true, usualApart, spoofed},
		{"68,000 answers of 32 addresses", 68_000, 32, true, usualApart, spoofed},
		{"one client asks for 68,000 names", 68_000, 1, true, usualApart, func(uint32) netip.AddrPort { return spoofed(0) }},
		{"a thousand clients ask for 200,000 names", 200_000, 1, true, usualApart, func(n uint32) netip.AddrPort { return spoofed(n % 1000) }},
		{"40,000 clients ask twice, 40 s apart", 80_000, 1, true, 1_000_000, func(n uint32) netip.AddrPort { return spoofed(n % 40_000) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewStore(Options{})
			for i := range firstClients {
				resolve(s, start, firstClient(i), firstName(i), 60, firstServer(i, 0), firstServer(i, 1))
			}
			f := newFlooder(s, c.question, c.addrs)
			f.apart = c.apart
			for n := range c.packets / floodShare {
				f.send(c.client(n), n)
			}
			missing, unshared := 0, 0
			for i := range firstClients {
				for k := range 2 {
					own, everyones := found(s, f.now, i, k)
					if !own {
						missing++
					}
					if !everyones {
						unshared++
					}
				}
			}
			if missing+unshared > 0 {
				t.Errorf("of %d names %d are lost, and %d to others", 2*firstClients, missing, unshared)
			}
			checkBounds(t, s)
		})
	}
}

// TestAskingInAFlood: a client that asks during a flood finds the name when it connects,
// and a client that asks again is kept to the end.
func TestAskingInAFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	s := NewStore(Options{})
	f := newFlooder(s, true, 8)
	const regular = 50
	for n := range uint32(150_000) {
		f.send(spoofed(n), n)
		if n%1000 == 500 {
			i := int(n / 1000)
			resolve(s, f.now, firstClient(i), firstName(i), 60, firstServer(i, 0))
			resolve(s, f.now, firstClient(regular), firstName(regular), 60, firstServer(regular, 0))
		}
		if n%1000 == 800 && n > 1000 { // 20 ms later, with 2,400 other addresses between
			if own, _ := found(s, f.now, int(n/1000), 0); !own {
				t.Fatalf("client %d asked 20 ms ago, and its name is lost", n/1000)
			}
		}
	}
	for n := range uint32(150_000) {
		f.send(spoofed(1<<20|n), 1<<20|n)
	}
	if own, everyones := found(s, f.now, regular, 0); !own || !everyones {
		t.Errorf("the name of a client that asked often is lost: %v, to others: %v", !own, !everyones)
	}
	checkBounds(t, s)
}

// TestAfterAFlood: a flood that has filled all tables does not keep new clients out, and
// its entries are removed when they have not come for staleAfter.
func TestAfterAFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	s := NewStore(Options{})
	f := newFlooder(s, true, 1)
	for n := range uint32(100_000) {
		f.send(spoofed(n), n)
	}
	for i := range firstClients {
		resolve(s, f.now, firstClient(i), firstName(i), 60, firstServer(i, 0))
	}
	for i := range firstClients {
		if own, everyones := found(s, f.now, i, 0); !own || !everyones {
			t.Fatalf("client %d: lost %v, to others %v", i, !own, !everyones)
		}
	}
	f.now += staleAfter
	s = NewStore(Options{})
	f.store = s
	for n := range uint32(100_000) {
		f.send(spoofed(n), n)
	}
	f.now += staleAfter
	for i := range firstClients {
		resolve(s, f.now, firstClient(i), firstName(i), 60, firstServer(i, 0))
	}
	for n := range uint32(100_000) {
		f.send(spoofed(n), n)
	}
	for i := range firstClients {
		if own, _ := found(s, f.now, i, 0); !own {
			t.Fatalf("client %d is lost to a second flood", i)
		}
	}
}

// TestUnaskedIsNotKept: where questions are seen, clients that asked nothing do not push
// out those that asked.
func TestUnaskedIsNotKept(t *testing.T) {
	s := NewStore(Options{})
	resolve(s, start, alice, "host.example", 60, server)
	f := newFlooder(s, false, 1)
	for n := range uint32(68_000) {
		f.send(spoofed(n), n)
	}
	if kept := s.views.clients.parts[first].held.entries; kept > 1 {
		t.Errorf("%d clients that never asked were kept", kept)
	}
	checkBounds(t, s)
}

// Every entry of a full table is in one of its parts, in the order in which it came.
func TestFairOrder(t *testing.T) {
	f := newFair[int](room{8, 8 << 10}) // fresh 2, first 2, known 4
	come := func(now int64, n byte) {
		f.come(now, place{addr: addr{n}}, 100, true)
		for i, _ := f.excess(now); i != none; i, _ = f.excess(now) {
			f.remove(i)
		}
	}
	for n := range byte(6) {
		come(0, n)
	}
	want := func(when, entries string) {
		t.Helper()
		got := ""
		for name := range f.parts {
			for _, q := range f.parts[name].queues {
				for i := q.oldest; i != none; i = f.nodes[i].newer {
					got += fmt.Sprint(f.nodes[i].key.addr[0])
				}
			}
			got += " "
		}
		if got != entries {
			t.Errorf("%s: %q, want %q", when, got, entries)
		}
		checkFair(t, &f, room{8, 8 << 10})
	}
	want("six once", "45 01  ")
	come(earnedAfter-1, 5)
	want("one again at once", "45 01  ")
	come(earnedAfter, 5)
	come(earnedAfter, 0)
	want("two again, later", "4 1 50 ")
	for n := byte(10); n < 14; n++ {
		come(20, n)
		f.use(f.find(place{addr: addr{n}}))
		f.excess(20)
	}
	want("four that are used", "50 14 10111213 ")
	come(staleAfter+30, 20)
	come(staleAfter+30, 21)
	come(staleAfter+30, 22)
	want("when the first are stale", "2122 50 10111213 ")
}
