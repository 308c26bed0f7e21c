package datagram

import (
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/flow"
)

// script is a Handler and the Consumer of all its conversations. The first byte of a
// datagram is what Datagram returns.
type script struct {
	opened, ended []string // what the conversations were called by their first datagram
	causes        []flow.Cause
	befores       []Before
	got           int
	table         *Table
}

type follower struct {
	s    *script
	name string
	said flow.Digest
}

func (s *script) Open(p *decode.Packet, d flow.Dir, b Before) Consumer {
	s.befores = append(s.befores, b)
	if len(p.Payload) < 2 {
		return nil
	}
	s.opened = append(s.opened, string(p.Payload[1:]))
	return &follower{s: s, name: string(p.Payload[1:]), said: flow.Digest{Client: uint32(p.Payload[1])}}
}

func (f *follower) Datagram(p *decode.Packet, _ flow.Dir) Standing {
	f.s.got++
	return Standing(p.Payload[0] & 3)
}
func (f *follower) Held() int         { return 1000 }
func (f *follower) Said() flow.Digest { return f.said }
func (f *follower) End(c flow.Cause) {
	f.s.ended, f.s.causes = append(f.s.ended, f.name), append(f.s.causes, c)
	f.s.table.Same(f.said)
}

func newScript(o Options) (*script, *Table) {
	s := &script{}
	s.table = NewTable(s, o)
	return s, s.table
}

// packet is a datagram from port from to port to, in milliseconds after a start.
func packet(ms int64, from, to uint16, payload string) *decode.Packet {
	return &decode.Packet{
		Time: 1e18 + ms*1e6, SrcPort: from, DstPort: to, Proto: decode.UDP, Payload: []byte(payload),
		Src: decode.Addr{15: 1}, Dst: decode.Addr{15: 1},
	}
}

func inVLAN(id uint32, p *decode.Packet) *decode.Packet {
	p.NumLayers, p.Network[0] = 1, uint32(encap.VLAN)<<24|id
	return p
}

const (
	settles = "\x00"
	over    = "\x01"
	begins  = "\x02"
	waits   = "\x03"
)

func TestForeignCostsNothing(t *testing.T) {
	s, table := newScript(Options{})
	p := packet(0, 1, 2, waits+"a")
	if n := testing.AllocsPerRun(100, func() { table.Push(p, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if st := table.Stats(); len(s.opened) != 0 || st.Open != 0 || st.Datagrams != 101 {
		t.Errorf("%v, %+v", s.opened, st)
	}
}

func TestBothDirectionsAreOneConversation(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	table.Push(packet(1, 2, 1, waits+"x"), true)
	table.Push(packet(2, 1, 2, waits+"y"), false)
	if len(s.opened) != 1 || s.got != 3 {
		t.Errorf("%q, %d datagrams", s.opened, s.got)
	}
	if table.queues[answered].length != 1 {
		t.Error("not answered")
	}
}

func TestSettledIsRemembered(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	table.Push(packet(1, 2, 1, settles), false)
	table.Push(packet(2, 1, 2, "z"), true) // the Handler does not follow it
	if b := s.befores[len(s.befores)-1]; !b.Known || s.got != 2 || len(s.ended) != 0 {
		t.Errorf("%+v, %d datagrams, ended %q", b, s.got, s.ended)
	}
	table.Push(packet(3, 1, 2, waits+"b"), true)
	if len(s.opened) != 2 || table.Stats().Open != 1 || table.Stats().Bytes != 1000 {
		t.Errorf("%q, %+v", s.opened, table.Stats())
	}
}

func TestNextConversationReplaces(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	table.Push(packet(1, 1, 2, over+"b"), true) // its Consumer says Over again, which must not loop
	if len(s.opened) != 2 || len(s.ended) != 2 || s.causes[0] != flow.Replaced {
		t.Errorf("opened %q, ended %q %v", s.opened, s.ended, s.causes)
	}
	if b := s.befores[1]; b.Said.Client != 'a' {
		t.Errorf("before: %+v", b)
	}
}

func TestNetworksApart(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	table.Push(inVLAN(5, packet(1, 1, 2, waits+"b")), true)
	table.Push(inVLAN(5, packet(2, 2, 1, waits)), false)
	table.Push(packet(3, 2, 1, waits), false)
	if len(s.opened) != 2 || s.got != 4 || table.queues[answered].length != 2 {
		t.Errorf("%q, %d, %d answered", s.opened, s.got, table.queues[answered].length)
	}
	table.Push(packet(4, 1, 2, settles), false)
	table.Push(inVLAN(5, packet(5, 1, 2, settles)), false)
	if table.queues[settled].length != 2 {
		t.Error("one of the two got both datagrams")
	}
}

func TestOtherTagForTheAnswer(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(inVLAN(5, packet(0, 1, 2, waits+"a")), true)
	table.Push(inVLAN(6, packet(1, 2, 1, settles)), false)
	if len(s.opened) != 1 || table.queues[settled].length != 1 {
		t.Errorf("%q", s.opened)
	}
}

func TestGuarantorsApart(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	p := packet(1, 2, 1, settles)
	p.Word = decode.SourceWord
	table.Push(p, false)
	if s.got != 1 {
		t.Error("a tunnel's sender answers a conversation outside of it")
	}
}

func TestCopiesAreReportedOnce(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	table.Push(inVLAN(5, packet(0, 1, 2, waits+"a")), true)
	if len(s.opened) != 2 {
		t.Fatalf("%q", s.opened)
	}
	table.asked = table.index[endsOf(packet(0, 1, 2, ""))]
	reported, copies := table.Same(flow.Digest{Client: 'a'})
	if reported || len(copies) != 1 {
		t.Errorf("%v, %d copies", reported, len(copies))
	}
	table.asked = table.entries[table.asked].twin
	if reported, _ = table.Same(flow.Digest{Client: 'a'}); !reported {
		t.Error("reported twice")
	}
	table.asked = none
}

func endsOf(p *decode.Packet) flow.Ends {
	e, _ := flow.EndsOf(p)
	return e
}

func TestTwinsAreBounded(t *testing.T) {
	_, table := newScript(Options{})
	for id := range uint32(3 * maxTwins) {
		table.Push(inVLAN(id+1, packet(int64(id), 1, 2, waits+"a")), true)
	}
	if n := table.Stats().Open; n != maxTwins {
		t.Errorf("%d entries", n)
	}
}

func TestTimeouts(t *testing.T) {
	for _, test := range []struct {
		say   string
		after int64
		open  int
	}{
		{begins + "a", 39_000, 1}, {begins + "a", 42_000, 0},
		{waits + "a", 80_000, 1}, {waits + "a", 92_000, 0},
		{settles + "a", 55_000, 1}, {settles + "a", 62_000, 0},
	} {
		s, table := newScript(Options{})
		table.Push(packet(0, 1, 2, test.say), true)
		for ms := int64(0); ms <= test.after; ms += 1000 {
			table.Tick(1e18 + ms*1e6)
		}
		if n := table.Stats().Open; n != test.open {
			t.Errorf("%q: %d open after %d ms", test.say, n, test.after)
		}
		if test.open == 0 && test.say[0] > 1 && (len(s.causes) != 1 || s.causes[0] != flow.Idle) {
			t.Errorf("%q: %v", test.say, s.causes)
		}
	}
}

// TestFollowedForATime checks that a conversation ends although its datagrams do not.
func TestFollowedForATime(t *testing.T) {
	s, table := newScript(Options{})
	for ms := int64(0); ms < 300_000; ms += 1000 {
		table.Push(packet(ms, 1, 2, waits+"a"), ms == 0)
	}
	if len(s.ended) != 1 || table.Stats().Open != 1 {
		t.Errorf("ended %q, %d open", s.ended, table.Stats().Open)
	}
}

func TestEvictionOrder(t *testing.T) {
	s, table := newScript(Options{MaxConversations: 3})
	table.Push(packet(0, 1, 2, waits+"answered"), true)
	table.Push(packet(1, 2, 1, waits), false)
	table.Push(packet(2, 3, 2, waits+"whole"), true)
	for i := range int64(1000) {
		table.Push(packet(3+i, uint16(100+i), 2, begins+"flood"), true)
	}
	table.Push(packet(2000, 3, 2, settles), false)
	table.Push(packet(2001, 2, 1, settles), false)
	for _, name := range s.ended {
		if name != "flood" {
			t.Errorf("%s was given up for the flood", name)
		}
	}
	if n := table.queues[settled].length; n != 2 {
		t.Errorf("%d settled", n)
	}
}

func TestBytesAreBounded(t *testing.T) {
	s, table := newScript(Options{MaxBytes: 10_000})
	for i := range int64(100) {
		table.Push(packet(i, uint16(100+i), 2, waits+"a"), true)
	}
	if st := table.Stats(); st.Bytes > 10_000 || st.Open != 100 || len(s.ended) != 90 || st.EvictedSum() != 90 {
		t.Errorf("%+v, %d ended", st, len(s.ended))
	}
}

func TestForget(t *testing.T) {
	s, table := newScript(Options{})
	table.Push(packet(0, 1, 2, waits+"a"), true)
	if table.Forget() {
		t.Error("nothing was asked")
	}
	table.asked = 0
	if !table.Forget() || table.Stats().Open != 0 || table.Stats().Bytes != 0 || len(s.ended) != 0 {
		t.Errorf("%+v", table.Stats())
	}
	table.asked = opening
	if !table.Forget() {
		t.Error("a panic in Open costs the table")
	}
}

func TestFlush(t *testing.T) {
	s, table := newScript(Options{})
	for i := range int64(10) {
		table.Push(packet(i, uint16(100+i), 2, waits+"a"), true)
	}
	table.Flush()
	if st := table.Stats(); st.Open != 0 || st.Bytes != 0 || len(s.ended) != 10 || len(table.index) != 0 {
		t.Errorf("%+v, %d ended", st, len(s.ended))
	}
}
