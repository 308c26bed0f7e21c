package names

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The cast. The stranger is no one's resolver.
var (
	alice    = netip.MustParseAddrPort("10.0.0.1:40000")
	bob      = netip.MustParseAddrPort("10.0.0.2:40000")
	resolver = netip.MustParseAddrPort("10.0.0.53:53")
	stranger = netip.MustParseAddrPort("203.0.113.66:53")
	server   = netip.MustParseAddr("192.0.2.1")
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

// resolve has a client ask its resolver and be answered.
func resolve(s *Store, now int64, client netip.AddrPort, name string, ttl uint32, addrs ...netip.Addr) {
	s.Learn(now, client, resolver, queryFor(1, name))
	s.Learn(now, resolver, client, answerFor(1, name, ttl, addrs...))
}

// wants checks what a client would call the server.
func wants(t *testing.T, s *Store, now int64, client netip.AddrPort, want string) {
	t.Helper()
	if got, ok := s.Lookup(now, client.Addr(), server); got != want || ok != (want != "") {
		t.Errorf("Lookup: %q, %v; want %q", got, ok, want)
	}
}

// checkBounds checks that the store is within its limits and consistent.
func checkBounds(t *testing.T, s *Store) {
	t.Helper()
	pairs := 0
	for i := s.views.oldest; i != none; i = s.views.nodes[i].newer {
		names := &s.views.nodes[i].value.names
		checkOrder(t, names)
		if names.len() > s.limits.pairsPerClient {
			t.Errorf("%d names in one view", names.len())
		}
		pairs += names.len()
	}
	if pairs != s.pairs {
		t.Errorf("%d names in all views, counted as %d", pairs, s.pairs)
	}
	checkOrder(t, &s.views)
	checkOrder(t, &s.shared)
	checkOrder(t, &s.asked)
	checkOrder(t, &s.queries)
	got := limits{s.pairs, 0, max(s.views.len(), s.asked.len()), s.shared.len(), s.queries.len()}
	if l := s.limits; got.pairs > l.pairs || got.clients > l.clients || got.addresses > l.addresses || got.queries > l.queries {
		t.Errorf("%+v of %+v", got, l)
	}
}

// checkOrder walks the order in both directions.
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
