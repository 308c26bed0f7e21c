package names

import (
	"net/netip"
	"testing"
)

// Kinds of tags and tunnels, as a caller may number them.
const (
	vlan uint8 = iota + 1
	vxlan
	gre
)

// in makes a network of tags and tunnels, outermost first.
func in(layers ...func(*Network)) (n Network) {
	for _, add := range layers {
		add(&n)
	}
	return n
}

func tagged(id uint32) func(*Network) { return func(n *Network) { n.AddTag(vlan, id) } }

func tunnelled(kind uint8, id uint32) func(*Network) {
	return func(n *Network) { n.AddTunnel(kind, id) }
}

func both(n Network) [2]Network { return [2]Network{n, n} }

// askIn gives the store alice's question and its answer, each in a network.
func askIn(s *Store, question, answer Network, name string) {
	s.Learn(start, question, alice, resolver, queryFor(1, name))
	s.Learn(start, answer, resolver, alice, answerFor(1, name, 60, server))
}

func TestNamesStayInTheirNetwork(t *testing.T) {
	nets := map[string]Network{
		"nothing":                {},
		"VLAN 10":                in(tagged(10)),
		"VLAN 20":                in(tagged(20)),
		"VLAN 10 in VLAN 20":     in(tagged(20), tagged(10)),
		"VLAN 20 in VLAN 10":     in(tagged(10), tagged(20)),
		"VXLAN 10":               in(tunnelled(vxlan, 10)),
		"VXLAN 0":                in(tunnelled(vxlan, 0)),
		"VXLAN 10 in VLAN 10":    in(tagged(10), tunnelled(vxlan, 10)),
		"VLAN 10 in VXLAN 10":    in(tunnelled(vxlan, 10), tagged(10)),
		"GRE":                    in(tunnelled(gre, 0)),
		"GRE in GRE":             in(tunnelled(gre, 0), tunnelled(gre, 0)),
		"four deep":              in(tagged(1), tagged(2), tagged(3), tagged(4)),
		"five deep":              in(tagged(1), tagged(2), tagged(3), tagged(4), tagged(5)),
		"five deep, another":     in(tagged(1), tagged(2), tagged(3), tagged(5), tagged(4)),
		"a tunnel at the bottom": in(tagged(1), tagged(2), tagged(3), tagged(4), tunnelled(vxlan, 5)),
	}
	for name, n := range nets {
		s := NewStore(Options{})
		askIn(s, n, n, "host.example")
		for other, m := range nets {
			for client, port := range map[string]netip.AddrPort{"the client": alice, "others": bob} {
				got, ok := s.Lookup(start, both(m), port.Addr(), server)
				if ok != (name == other) || ok && got != "host.example" {
					t.Errorf("learnt in %s, %s in %s: %q", name, client, other, got)
				}
			}
		}
	}
}

// The two networks of a connection are those of its directions: the answer came
// in one of them.
func TestNetworksByDirection(t *testing.T) {
	ten, twenty, thirty := in(tagged(10)), in(tagged(20)), in(tagged(30))
	for _, c := range []struct {
		name             string
		question, answer Network
		flow             [2]Network // to the client, from it
		want             string
	}{
		{"VLAN 10 out, 20 back", ten, twenty, [2]Network{twenty, ten}, "host.example"},
		{"the answer on the VLAN of what the client sends", ten, ten, [2]Network{twenty, ten}, "host.example"},
		{"a tag on the way back only", bare, twenty, [2]Network{twenty, bare}, "host.example"},
		{"a tag on the way out only", ten, bare, [2]Network{bare, ten}, "host.example"},
		{"a VNI each way", in(tunnelled(vxlan, 1)), in(tunnelled(vxlan, 2)), [2]Network{in(tunnelled(vxlan, 2)), in(tunnelled(vxlan, 1))}, "host.example"},
		{"the answer on the resolver's side only", thirty, thirty, [2]Network{twenty, ten}, ""},
	} {
		s := NewStore(Options{})
		askIn(s, c.question, c.answer, "host.example")
		if got, _ := s.Lookup(start, c.flow, alice.Addr(), server); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	s := NewStore(Options{})
	askIn(s, ten, ten, "out.example")
	askIn(s, twenty, twenty, "back.example")
	if got, _ := s.Lookup(start, [2]Network{twenty, ten}, alice.Addr(), server); got != "back.example" {
		t.Errorf("with a name in each: %q", got)
	}
}

// Two networks with the same addresses, and one datagram in a tunnel, do not change names
// in other networks.
func TestStrangerInATunnel(t *testing.T) {
	tunnel := in(tunnelled(vxlan, 77))
	for name, attack := range map[string]func(*Store){
		"a question and its answer": func(s *Store) { askIn(s, tunnel, tunnel, "evil.example") },
		"an answer":                 func(s *Store) { s.Learn(start, tunnel, resolver, alice, answerFor(1, "evil.example", 3600, server)) },
		"a question": func(s *Store) {
			s.Learn(start, tunnel, alice, resolver, queryFor(9, "evil.example"))
			s.Learn(start, tunnel, bob, resolver, queryFor(9, "evil.example"))
		},
		"the answer to a question outside": func(s *Store) {
			s.Learn(start, bare, alice, resolver, queryFor(1, "evil.example"))
			s.Learn(start, tunnel, resolver, alice, answerFor(1, "evil.example", 3600, server))
		},
	} {
		s := NewStore(Options{})
		askIn(s, bare, bare, "host.example")
		attack(s)
		wants(t, s, start, alice, "host.example")
		wants(t, s, start, bob, "host.example")

		// A capture of answers only: questions in a tunnel do not change which answers
		// count outside of it.
		s = NewStore(Options{})
		if name != "the answer to a question outside" {
			attack(s)
		}
		s.Learn(start, bare, resolver, alice, answerFor(1, "host.example", 60, server))
		if got, _ := s.Lookup(start, unwrapped, alice.Addr(), server); got != "host.example" {
			t.Errorf("%s, then an answer to a client that was not seen asking: %q", name, got)
		}
		wants(t, s, start, bob, "host.example")
	}
}

// A question and its answer match whatever their tags are, so that answers without a
// question are ignored there, too.
func TestAskedWithAnotherTag(t *testing.T) {
	ten, twenty := in(tagged(10)), in(tagged(20))
	s := NewStore(Options{})
	askIn(s, ten, twenty, "host.example")
	s.Learn(start, twenty, stranger, alice, answerFor(1, "evil.example", 3600, server))
	if got, _ := s.Lookup(start, [2]Network{twenty, ten}, alice.Addr(), server); got != "host.example" {
		t.Errorf("%q", got)
	}
	if st := s.counts(); st.Answers != 1 || st.Unsolicited != 1 {
		t.Errorf("%+v", st)
	}
}

// Names in a file count in every network, after those in answers to the client.
func TestHostsFileCountsInEveryNetwork(t *testing.T) {
	h, err := LoadHosts(newReader("192.0.2.1 file.example"))
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(Options{})
	s.Use(h)
	tunnel := in(tunnelled(vxlan, 77))
	for _, n := range []Network{bare, in(tagged(10)), tunnel} {
		if got, _ := s.Lookup(start, both(n), alice.Addr(), server); got != "file.example" {
			t.Errorf("in %x: %q", n, got)
		}
	}
	askIn(s, tunnel, tunnel, "dns.example")
	if got, _ := s.Lookup(start, both(tunnel), alice.Addr(), server); got != "dns.example" {
		t.Errorf("told in the tunnel: %q", got)
	}
}
