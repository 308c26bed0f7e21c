package blind

import (
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/live"
	"tlsfloor/capture/testing/wrap"
)

func newRun() *Run { return &Run{Decode: new(decode.Stats)} }

// Each cause has its place in the list, its count and its text.
func TestSpots(t *testing.T) {
	named := func(names ...string) (n Names) {
		for _, name := range names {
			n.Add(name)
		}
		return n
	}
	for _, tt := range []struct {
		want Spot
		text string
		run  func(*Run)
	}{
		{Spot{Cause: belowFloorUnnamed, Count: 3, Top: []Item{{Name: "192.0.2.1", Count: 2}, {Name: "192.0.2.2", Count: 1}}},
			"handshakes below the floor to a destination that nothing names: 192.0.2.1 (2), 192.0.2.2 (1)", func(r *Run) {
				r.Unnamed = Addresses{Total: 3, List: []AddressCount{{Addr: netip.MustParseAddr("192.0.2.1"), Count: 2}, {Addr: netip.MustParseAddr("192.0.2.2"), Count: 1}}}
			}},
		{Spot{Cause: filterMatchedNothing, Count: 1}, "expression that no TCP packet matched", func(r *Run) {
			r.Filtered, r.Source.Filtered = true, 9
		}},
		{Spot{Cause: filterHidTagged, Count: 3, Top: []Item{{Name: "vlan", Count: 2}, {Name: "gre", Count: 1}}},
			"packets that the expression left out because of a VLAN tag or a tunnel: vlan (2), gre (1)", func(r *Run) { r.Hidden = named("gre", "vlan", "vlan") }},
		{Spot{Cause: inputsLeftOut, Count: 1, Top: []Item{{Name: "notes.txt", Count: 1}}}, "input that could not be read: notes.txt", func(r *Run) { r.LeftOut = named("notes.txt") }},
		{Spot{Cause: inputsIncomplete, Count: 2, Top: []Item{{Name: "a.pcap", Count: 1}, {Name: "b.pcap", Count: 1}}},
			"inputs of which only part was read: a.pcap (1), b.pcap (1)", func(r *Run) { r.Incomplete = named("b.pcap", "a.pcap") }},
		{Spot{Cause: interfacesAway, Count: 1}, "outage of an interface", func(r *Run) { r.Away = 1 }},
		{Spot{Cause: packetsWithheld, Count: 2, Top: []Item{{Name: "eth0", Count: 2}}}, "times that an interface's packets were kept from the capture: eth0", func(r *Run) {
			r.Withheld.Add("eth0")
			r.Withheld.Add("eth0")
		}},
		{Spot{Cause: kernelDropped, Count: 5}, "packets dropped by the kernel", func(r *Run) { r.Source.KernelDropped = 5 }},
		{Spot{Cause: interfaceDropped, Count: 5}, "packets dropped by the interface", func(r *Run) { r.Source.InterfaceDropped = 5 }},
		{Spot{Cause: tunnelsNotBelieved, Count: 5, Top: []Item{{Name: "192.0.2.2", Count: 3}, {Name: "2001:db8::1", Count: 2}}},
			"packets in a tunnel whose sender is not believed: 192.0.2.2 (3), 2001:db8::1 (2)", func(r *Run) {
				*r.Decode = tunnelled(t, "192.0.2.2", "2001:db8::1", "192.0.2.2", "2001:db8::1")
				r.Tunnels.Messages = Addresses{Total: 1, List: []AddressCount{{netip.MustParseAddr("192.0.2.2"), 1}}}
			}},
		{Spot{Cause: clientsNotBelieved, Count: 2, Top: []Item{{Name: "192.0.2.1", Count: 2}}},
			"handshakes in a tunnel whose sender is not the client: 192.0.2.1", func(r *Run) {
				r.Tunnels.Clients = Addresses{Total: 2, List: []AddressCount{{netip.MustParseAddr("192.0.2.1"), 2}}}
			}},
		{Spot{Cause: eventsBounded, Count: 1, Top: []Item{{Name: "192.0.2.1", Count: 1}}},
			"flagged event beyond the number that is written for one tunnel's sender in a minute: 192.0.2.1", func(r *Run) {
				r.Tunnels.Bounded = Addresses{Total: 1, List: []AddressCount{{netip.MustParseAddr("192.0.2.1"), 1}}}
			}},
		{Spot{Cause: unreadQUICVersions, Count: 3, Top: []Item{{Name: "0x1a2a3a4a", Count: 2}, {Name: "0x00000009", Count: 1}}},
			"connections in a version of QUIC that is not read: 0x1a2a3a4a (2), 0x00000009 (1)", func(r *Run) {
				r.UnknownQUIC = named("0x1a2a3a4a", "0x00000009")
				more := named("0x1a2a3a4a")
				r.UnknownQUIC.Merge(&more)
			}},
		{Spot{Cause: nestedTooDeep, Count: 1}, "packet in more encapsulations than are read", func(r *Run) { r.Decode.TooDeep = 1 }},
		{Spot{Cause: oneDirection, Count: 1}, "connection of which only one direction was captured", func(r *Run) { r.Unseen.OneDirection = 1 }},
		{Spot{Cause: cutHellos, Count: 3, Top: []Item{{Name: "with name and version", Count: 2}}},
			"handshakes whose hello the snapshot length cut: with name and version (2)",
			func(r *Run) { r.Unseen.CutHellos, r.Unseen.CutJudged = 3, 2 }},
		{Spot{Cause: cutPackets, Count: 7}, "packets of which the snapshot length left no data", func(r *Run) {
			r.Unseen.CutPackets, r.Decode.CutShort, r.Decode.Results[decode.Malformed] = 4, 3, 3
		}},
		{Spot{Cause: longPreambles, Count: 2}, "connections with more bytes before TLS, or in place of an answer, than are read", func(r *Run) { r.Unseen.LongPreambles = 2 }},
		{Spot{Cause: lostBytes, Count: 1}, "handshake with packets missing from the capture", func(r *Run) { r.Unseen.LostBytes = 1 }},
		{Spot{Cause: malformedHellos, Count: 1}, "hello that could not be read", func(r *Run) { r.MalformedHellos = 1 }},
		{Spot{Cause: givenUp, Count: 1}, "handshake given up for lack of memory", func(r *Run) { r.Unseen.GivenUp = 1 }},
		{Spot{Cause: faults, Count: 1}, "packet that led to a fault of tlsfloor's own", func(r *Run) { r.Faults = 1 }},
		{Spot{Cause: incompleteFragments, Count: 2}, "IP packets of which fragments are missing", func(r *Run) { r.Decode.Fragments.Incomplete = 2 }},
		{Spot{Cause: malformedPackets, Count: 2}, "packets whose headers could not be read", func(r *Run) { r.Decode.Results[decode.Malformed] = 2 }},
		{Spot{Cause: openAtStart, Count: 1}, "connection open when the capture began", func(r *Run) { r.Unseen.OpenAtStart = 1 }},
		{Spot{Cause: eventsDropped, Count: 1}, "event that an output did not take", func(r *Run) { r.Dropped = 1 }},
	} {
		t.Run(tt.want.Cause.String(), func(t *testing.T) {
			r := newRun()
			tt.run(r)
			got := r.Spots()
			if len(got) != 1 || !same(got[0], tt.want) {
				t.Fatalf("got %+v, want %+v", got, tt.want)
			}
			if text := got[0].Text(); text != tt.text {
				t.Errorf("%q, want %q", text, tt.text)
			}
		})
	}
}

// tunnelled returns the counts of a decoder that believes no sender, after packets in
// tunnels of these senders.
func tunnelled(t *testing.T, senders ...string) decode.Stats {
	t.Helper()
	d := decode.New(decode.Options{Trust: decode.Trust{Limited: true}})
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.0.0.5:40000"), netip.MustParseAddrPort("192.0.2.10:443")}
	inner := wrap.Ethernet(wrap.TCP(wrap.Segment{Src: ends[0], Dst: ends[1]}, []byte("x")))
	for _, s := range senders {
		e := wrap.Ends{Src: netip.MustParseAddr(s), Dst: netip.MustParseAddr("10.9.9.9")}
		if e.Src.Is6() {
			e.Dst = netip.MustParseAddr("2001:db8::9")
		}
		b := wrap.Ethernet(wrap.VXLAN(e, 7, inner))
		d.Decode(&capture.Frame{Data: b, Length: len(b), Link: capture.LinkEthernet}, new(decode.Packet))
	}
	return d.Stats()
}

func same(a, b Spot) bool {
	return a.Cause == b.Cause && a.Count == b.Count && len(a.Top) == len(b.Top) && (len(a.Top) == 0 || reflect.DeepEqual(a.Top, b.Top))
}

func TestNothingIsBlind(t *testing.T) {
	r := newRun()
	r.Source.Filtered, r.Decode.Results[decode.Foreign] = 100, 50
	if got := r.Spots(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	r.Filtered, r.Decode.Results[decode.Segment] = true, 1 // the expression has let TCP through
	if got := r.Spots(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	r.Conversations, r.Decode.Results[decode.Segment] = 1, 0 // or QUIC
	if got := r.Spots(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	empty := newRun()
	empty.Filtered = true
	if got := empty.Spots(); len(got) > 0 {
		t.Errorf("an empty capture: %+v", got)
	}
	if empty.Live = true; len(empty.Spots()) != 1 {
		t.Error("an interface of which nothing passes the expression")
	}
}

// Protocols that decode does not read are listed by number, with their registered names.
func TestUnread(t *testing.T) {
	d := decode.New(decode.Options{})
	frame := func(link capture.LinkType, b []byte) {
		d.Decode(&capture.Frame{Data: b, Length: len(b), Link: link}, new(decode.Packet))
	}
	ether := func(t uint16, payload ...byte) []byte {
		return append(append(make([]byte, 12), byte(t>>8), byte(t)), payload...)
	}
	esp := append([]byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 50, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, make([]byte, 8)...)
	for range 3 {
		frame(capture.LinkEthernet, ether(0x0800, esp...))
	}
	frame(capture.LinkEthernet, ether(0x88e5, append([]byte{0x0c}, make([]byte, 40)...)...))
	frame(capture.LinkEthernet, ether(0x0806, make([]byte, 28)...)) // ARP hides nothing
	frame(187, make([]byte, 40))
	r, stats := newRun(), d.Stats()
	r.Decode = &stats
	var got []string
	for _, s := range r.Spots() {
		got = append(got, Digits(s.Count)+" "+s.Text())
	}
	want := []string{
		"1 frame of a link type that is not read: 187 BLUETOOTH_HCI_H4",
		"1 frame of an EtherType that is not read, and may carry TCP: 0x88e5 MACsec",
		"3 packets of an IP protocol that is not read, and may carry TCP: 50 ESP",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The list follows the order of the causes, whatever the numbers.
func TestOrder(t *testing.T) {
	r := newRun()
	r.Dropped = 1000
	r.Unseen = Unseen{CutHellos: 1, OpenAtStart: 500, OneDirection: 2}
	r.Unnamed.Total = 1
	var got []string
	for _, s := range r.Spots() {
		got = append(got, s.Cause.String())
	}
	if text := strings.Join(got, " "); text != "below_floor_unnamed one_direction cut_hellos open_at_start events_dropped" {
		t.Error(text)
	}
}

func TestItemsAreBounded(t *testing.T) {
	var n Names
	for i := range 100 {
		n.Add(strings.Repeat("x", i+1))
	}
	r := newRun()
	r.LeftOut = n
	s := r.Spots()[0]
	if s.Count != 100 || len(s.Top) != MaxTop {
		t.Errorf("%d, of which %d by name", s.Count, len(s.Top))
	}
	if !strings.HasSuffix(s.Text(), ", and others") {
		t.Errorf("%q", s.Text())
	}
}

func TestCauses(t *testing.T) {
	names := map[string]bool{}
	for c := range Cause(NumCauses) {
		of := causes[c]
		back, ok := ParseCause(c.String())
		if !ok || back != c || names[c.String()] {
			t.Errorf("%q is read as %v", c.String(), back)
		}
		names[c.String()] = true
		if strings.Count(of.noun, "*") != 1 || !strings.HasSuffix(of.advice, ".") {
			t.Errorf("%v: %+v", c, of)
		}
		for _, text := range []string{of.name, of.noun, of.advice} {
			for _, r := range text {
				if r < ' ' || r > '~' {
					t.Errorf("%v: %q", c, text)
				}
			}
		}
	}
	if _, ok := ParseCause("nonsense"); ok {
		t.Error("nonsense is a cause")
	}
}

// The schema and the page list every cause.
func TestCausesAreDocumented(t *testing.T) {
	var schema struct {
		Defs struct {
			Stats struct {
				Properties struct {
					Blind struct {
						Items struct {
							Properties struct {
								Cause struct {
									Known []string `json:"examples"`
								} `json:"cause"`
							} `json:"properties"`
						} `json:"items"`
					} `json:"blind"`
				} `json:"properties"`
			} `json:"stats"`
		} `json:"$defs"`
	}
	b, err := os.ReadFile("../../../docs/event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/outputs.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for c := range Cause(NumCauses) {
		want = append(want, c.String())
		if !strings.Contains(string(page), "| `"+c.String()+"` |") {
			t.Errorf("docs/outputs.md does not list %v", c)
		}
	}
	if got := schema.Defs.Stats.Properties.Blind.Items.Properties.Cause.Known; !reflect.DeepEqual(got, want) {
		t.Errorf("the schema has %q, want %q", got, want)
	}
}

func TestMerge(t *testing.T) {
	got := Merge(
		Spot{Cause: openAtStart, Count: 1},
		Spot{Cause: unreadProtocols, Count: 3, Top: []Item{{Name: "ESP", Number: 50, Numbered: true, Count: 3}}},
		Spot{Cause: unreadProtocols, Count: 5, Top: []Item{{Name: "GRE", Number: 47, Numbered: true, Count: 4}, {Name: "ESP", Number: 50, Numbered: true, Count: 1}}},
	)
	want := []Spot{
		{Cause: unreadProtocols, Count: 8, Top: []Item{{Name: "GRE", Number: 47, Numbered: true, Count: 4}, {Name: "ESP", Number: 50, Numbered: true, Count: 4}}},
		{Cause: openAtStart, Count: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if Merge() != nil {
		t.Error("nothing is something")
	}
}

// A frame counts as hidden if the packet in it would have matched alone.
func TestFilter(t *testing.T) {
	v4 := wrap.TCP(wrap.Segment{Src: netip.MustParseAddrPort("10.0.0.5:40000"), Dst: netip.MustParseAddrPort("192.0.2.10:443"), Seq: 1, Flags: decode.ACK}, []byte("x"))
	v6 := wrap.TCP(wrap.Segment{Src: netip.MustParseAddrPort("[2001:db8::5]:40000"), Dst: netip.MustParseAddrPort("[2001:db8::a]:443"), Seq: 1, Flags: decode.ACK}, []byte("x"))
	tagged := func(b []byte) []byte {
		out := append([]byte(nil), b[:12]...)
		return append(append(out, 0x81, 0, 0, 7), b[12:]...)
	}
	for _, tt := range []struct {
		expression string
		frame      []byte
		passes     bool
		hidden     uint64
	}{
		{"tcp port 443", wrap.Ethernet(v4), true, 0},
		{"tcp port 443", tagged(wrap.Ethernet(v4)), false, 1},
		{"tcp port 443", tagged(wrap.Ethernet(v6)), false, 1},
		{"tcp port 443", tagged(tagged(wrap.Ethernet(v4))), false, 1},
		{"vlan and tcp port 443", tagged(wrap.Ethernet(v4)), true, 0},
		{"vlan and tcp port 443", wrap.Ethernet(v4), false, 0},
		{"tcp port 8443", tagged(wrap.Ethernet(v4)), false, 0},
		{"host 192.0.2.10", tagged(wrap.Ethernet(v4)), false, 1},
		{"src net 10.0.0.0/8 and dst port 443", tagged(wrap.Ethernet(v4)), false, 1},
	} {
		compile, err := live.Compiler(tt.expression)
		if err != nil {
			t.Fatal(err)
		}
		f := NewFilter(compile, decode.Options{})
		m, err := f.Compile(capture.LinkEthernet, 65535)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Matches(tt.frame, len(tt.frame)); got != tt.passes {
			t.Errorf("%s: %v", tt.expression, got)
		}
		if h := f.Hidden(); h.total != tt.hidden {
			t.Errorf("%s: %d hidden, want %d", tt.expression, h.total, tt.hidden)
		}
	}
}

// The number of frames that are examined is bounded.
func TestFilterIsASample(t *testing.T) {
	compile := func(capture.LinkType, int) (capture.Matcher, error) { return matchNothing{}, nil }
	f := NewFilter(compile, decode.Options{})
	m, _ := f.Compile(capture.LinkEthernet, 65535)
	b := make([]byte, 60)
	for range examined + 640 {
		m.Matches(b, len(b))
	}
	if n := f.decoder.Stats().Results[decode.Foreign] + f.decoder.Stats().Results[decode.Malformed]; n != examined+10 {
		t.Errorf("%d frames were decoded", n)
	}
}

type matchNothing struct{}

func (matchNothing) Matches([]byte, int) bool { return false }
