package names

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The hosts. The stranger is an attacker, not a resolver.
var (
	alice    = netip.MustParseAddrPort("10.0.0.1:40000")
	bob      = netip.MustParseAddrPort("10.0.0.2:40000")
	resolver = netip.MustParseAddrPort("10.0.0.53:53")
	stranger = netip.MustParseAddrPort("203.0.113.66:53")
	server   = netip.MustParseAddr("192.0.2.1")
)

// The network without tags and tunnels, and the networks of a connection in it.
var (
	bare      Network
	unwrapped [2]Network
)

const (
	second = int64(time.Second)
	start  = 1_700_000_000 * second
)

// queryFor is a question for an address of name.
func queryFor(id uint16, name string) []byte {
	msg := binary.BigEndian.AppendUint16(nil, id)
	msg = append(msg, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	return append(appendWire(msg, name), 0, 1, 0, 1)
}

// answerFor is the answer to it.
func answerFor(id uint16, name string, ttl uint32, addrs ...netip.Addr) []byte {
	msg := queryFor(id, name)
	msg[2] |= 0x80
	binary.BigEndian.PutUint16(msg[6:], uint16(len(addrs)))
	for _, a := range addrs {
		qtype := byte(1)
		if a.Is6() {
			qtype = 28
		}
		msg = append(msg, 0xc0, 12, 0, qtype, 0, 1)
		msg = binary.BigEndian.AppendUint32(msg, ttl)
		msg = append(msg, 0, byte(len(a.AsSlice())))
		msg = append(msg, a.AsSlice()...)
	}
	return msg
}

func appendWire(msg []byte, name string) []byte {
	for label := range strings.SplitSeq(name, ".") {
		msg = append(append(msg, byte(len(label))), label...)
	}
	return append(msg, 0)
}

// resolve gives the store a client's question and its answer.
func resolve(s *Store, now int64, client netip.AddrPort, name string, ttl uint32, addrs ...netip.Addr) {
	s.Learn(now, bare, client, resolver, queryFor(1, name))
	s.Learn(now, bare, resolver, client, answerFor(1, name, ttl, addrs...))
}

// wants checks the name of the server for a client.
func wants(t *testing.T, s *Store, now int64, client netip.AddrPort, want string) {
	t.Helper()
	if got, ok := s.Lookup(now, unwrapped, client.Addr(), server); got != want || ok != (want != "") {
		t.Errorf("Lookup: %q, %v; want %q", got, ok, want)
	}
}

// checkBounds checks that the store is within its limits and consistent.
func checkBounds(t *testing.T, s *Store) {
	t.Helper()
	checkFair(t, &s.views.clients, s.limits.clients)
	checkFair(t, &s.shared.addresses, s.limits.addresses)
	uses := map[int32]int32{}
	pairs := 0
	for _, c := range entries(&s.views.clients.index) {
		pairs += checkView(t, s, c, uses)
	}
	if pairs != s.views.index.used {
		t.Errorf("%d names in all views, %d in the index", pairs, s.views.index.used)
	}
	for _, i := range entries(&s.shared.addresses.index) {
		bytes := int32(addressCost)
		for _, name := range s.shared.addresses.value(i).names {
			bytes += s.texts.cost(name)
			uses[name]++
		}
		if held := s.shared.addresses.nodes[i].bytes; held != bytes {
			t.Errorf("an address weighs %d, counted as %d", bytes, held)
		}
	}
	delete(uses, 0)
	if len(uses) != len(s.texts.index) {
		t.Errorf("%d names in use, %d kept", len(uses), len(s.texts.index))
	}
	for name, id := range s.texts.index {
		if text := s.texts.texts[id]; text.name != name || text.uses != uses[id] {
			t.Errorf("%q: %d uses, counted as %d", name, uses[id], text.uses)
		}
	}
	checkOrder(t, &s.asked)
	checkOrder(t, &s.queries)
	if s.asked.len() > s.limits.asking || s.queries.len() > s.limits.queries {
		t.Errorf("%d clients asking, %d questions", s.asked.len(), s.queries.len())
	}
}

// entries are the numbers in an index.
func entries(x *index) (all []int32) {
	for _, s := range x.slots {
		if s.entry != 0 {
			all = append(all, s.entry-1)
		}
	}
	return all
}

// checkView checks the names of a client, and counts their uses.
func checkView(t *testing.T, s *Store, c int32, uses map[int32]int32) (pairs int) {
	t.Helper()
	v := s.views.clients.value(c)
	bytes, last := int32(clientCost), int32(none)
	for i := v.oldest; i != none; i = s.views.pairs[i].newer {
		p := &s.views.pairs[i]
		if p.client != c || p.older != last || s.views.find(pairKey{c, p.server}) != i {
			t.Fatal("the order of a view is broken")
		}
		bytes += pairCost + s.texts.cost(p.name)
		uses[p.name]++
		last = i
		pairs++
	}
	if v.newest != last || int(v.count) != pairs || pairs == 0 || pairs > s.limits.perClient {
		t.Errorf("%d names in one view, counted as %d", pairs, v.count)
	}
	if held := s.views.clients.nodes[c].bytes; held != bytes {
		t.Errorf("a view weighs %d, counted as %d", bytes, held)
	}
	return pairs
}

// checkFair checks that each part is within its room, and that its entries are
// where they belong.
func checkFair[V any](t *testing.T, f *fair[V], limit room) {
	t.Helper()
	if held := f.held(); held.entries > limit.entries || held.bytes > limit.bytes || held.entries != f.len() {
		t.Errorf("%+v held of %+v, %d in the index", held, limit, f.len())
	}
	for name := range f.parts {
		p := &f.parts[name]
		var found room
		for weight, q := range p.queues {
			last := int32(none)
			for i := q.oldest; i != none; i = f.nodes[i].newer {
				n := &f.nodes[i]
				if n.part != partName(name) || weightOf(n.bytes) != weight || n.older != last || f.find(n.key) != i {
					t.Fatalf("%+v in part %d, weight %d", n, name, weight)
				}
				found.entries++
				found.bytes += int(n.bytes)
				last = i
			}
			if q.newest != last {
				t.Fatal("the order of a part is broken")
			}
		}
		if found != p.held || p.over() {
			t.Errorf("part %d has %+v, counted as %+v, of %+v", name, found, p.held, p.room)
		}
	}
}

// checkOrder checks the order in both directions.
func checkOrder[K comparable, V any](t *testing.T, r *recent[K, V]) {
	t.Helper()
	n, last := 0, int32(none)
	for i := r.oldest; i != none; i = r.nodes[i].newer {
		if r.nodes[i].older != last || r.index[r.nodes[i].key] != i {
			t.Fatal("the order is broken")
		}
		last = i
		n++
	}
	if n != r.len() || r.newest != last {
		t.Fatalf("%d in order, %d in the map", n, r.len())
	}
}
