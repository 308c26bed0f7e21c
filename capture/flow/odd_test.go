package flow

import (
	"testing"

	"tlsfloor/capture/decode"
)

// odd is a copy of a packet, with anomalies.
func odd(p *decode.Packet, a decode.Anomaly) *decode.Packet {
	q := *p
	q.Anomalies = a
	return &q
}

// TestOddFragmentsReachTheConsumer: whichever packet of a connection has anomalies, its
// consumer is told, and no other one.
func TestOddFragmentsReachTheConsumer(t *testing.T) {
	const a, b = decode.FragmentOverlap, decode.FragmentConflict
	c := conn{isn: [2]uint32{100, 200}}
	for name, tt := range map[string]struct {
		packets []*decode.Packet
		opener  decode.Anomaly
		want    decode.Anomaly
	}{
		"none":                   {[]*decode.Packet{c.syn(fromLow), c.data(fromLow, 0, "hello")}, 0, 0},
		"SYN":                    {[]*decode.Packet{odd(c.syn(fromLow), a), c.data(fromLow, 0, "hello")}, a, 0},
		"the answer":             {[]*decode.Packet{c.syn(fromLow), odd(c.syn(fromHigh), a), c.data(fromLow, 0, "hello")}, a, 0},
		"a bare ACK":             {[]*decode.Packet{c.syn(fromLow), odd(c.data(fromLow, 0, ""), a), c.data(fromLow, 0, "hello")}, a, 0},
		"a bare ACK, later":      {[]*decode.Packet{c.syn(fromLow), c.data(fromLow, 0, "hello"), odd(c.data(fromHigh, 0, ""), a)}, 0, a},
		"the first data":         {[]*decode.Packet{c.syn(fromLow), odd(c.data(fromLow, 0, "hello"), a)}, a, 0},
		"later data":             {[]*decode.Packet{c.syn(fromLow), c.data(fromLow, 0, "hello"), odd(c.data(fromHigh, 0, "hello"), a)}, 0, a},
		"a copy":                 {[]*decode.Packet{c.syn(fromLow), c.data(fromLow, 0, "hello"), odd(c.data(fromLow, 0, "hello"), a)}, 0, a},
		"beyond a hole":          {[]*decode.Packet{c.syn(fromLow), c.data(fromLow, 0, "hello"), odd(c.data(fromLow, 50, "x"), a)}, 0, a},
		"FIN":                    {[]*decode.Packet{c.syn(fromLow), c.data(fromLow, 0, "hello"), odd(c.fin(fromLow, 5), a)}, 0, a},
		"of both":                {[]*decode.Packet{odd(c.syn(fromLow), a), c.data(fromLow, 0, "hello"), odd(c.data(fromHigh, 0, "x"), b)}, a, b},
		"of the one before":      {[]*decode.Packet{odd(c.syn(fromLow), a), odd(c.rst(fromHigh, 0), a), c.packet(fromLow, decode.SYN, 9000, ""), c.packet(fromLow, decode.ACK, 9001, "hello")}, 0, 0},
		"of the one that is new": {[]*decode.Packet{c.syn(fromLow), c.rst(fromHigh, 0), odd(c.packet(fromLow, decode.SYN, 9000, ""), a), c.packet(fromLow, decode.ACK, 9001, "hello")}, a, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var h opened
			table := NewTable(&h, Options{MaxFlows: 16})
			push(table, tt.packets...)
			if len(h.all) != 1 || h.all[0].opener.Odd != tt.opener || h.all[0].odd != tt.want {
				t.Errorf("%d connections; %+v", len(h.all), h.all[0])
			}
		})
	}
}

// TestAccuse: anomalies without a segment reach the connection that they name, in its own
// network, before it is followed and after. They begin no connection.
func TestAccuse(t *testing.T) {
	c := conn{isn: [2]uint32{100, 200}}
	other := conn{isn: [2]uint32{7100, 7200}, port: 1}
	var h opened
	table := NewTable(&h, Options{MaxFlows: 64})
	accuse := func(p *decode.Packet, a decode.Anomaly) { table.Accuse(odd(p, a)) }
	accuse(c.packet(fromLow, 0, 0, ""), decode.FragmentOverlap)
	if got := table.Stats(); got.Flows != 0 {
		t.Fatalf("%d connections of no segment", got.Flows)
	}
	push(table, c.syn(fromLow), other.syn(fromLow))
	accuse(c.packet(fromHigh, 0, 0, ""), decode.FragmentTiny)
	push(table, c.data(fromLow, 0, "hello"), other.data(fromLow, 0, "hello"))
	accuse(c.packet(fromLow, 0, 0, ""), decode.FragmentConflict)
	if len(h.all) != 2 || h.all[0].opener.Odd != decode.FragmentTiny || h.all[0].odd != decode.FragmentConflict || h.all[1].opener.Odd|h.all[1].odd != 0 {
		t.Errorf("%+v", h.all)
	}

	// More networks with the same addresses and ports than maxTwins.
	h = opened{}
	table = NewTable(&h, Options{MaxFlows: 64})
	const networks = maxTwins + 3
	for id := range uint32(networks) {
		c.isn = [2]uint32{100 + id<<24, 200 + id<<24}
		push(table, in(id, c.syn(fromLow), c.syn(fromHigh), c.data(fromLow, 0, "hello"))...)
	}
	if len(h.all) != networks {
		t.Fatalf("%d connections", len(h.all))
	}
	for id := range h.all {
		accuse(in(uint32(id), c.packet(fromLow, 0, 0, ""))[0], decode.FragmentConflict)
		for i, r := range h.all {
			if (r.odd != 0) != (i <= id) {
				t.Fatalf("network %d: connection %d was told %b", id, i, r.odd)
			}
		}
	}
}
