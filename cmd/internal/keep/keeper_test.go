package keep

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/pcap"
	"tlsfloor/classify"
)

// file is a Writer that notes what was written.
type file struct {
	content    []byte
	interfaces []string
	packets    int
}

func (w *file) Interface(link capture.LinkType, name string) uint32 {
	w.interfaces = append(w.interfaces, fmt.Sprint(name, " ", uint16(link)))
	w.content = pcap.AppendInterface(w.content, link, name)
	return uint32(len(w.interfaces) - 1)
}

func (w *file) Write(blocks []byte, packets int) {
	w.content = append(w.content, blocks...)
	w.packets += packets
}

// has reports whether a frame with this text was written.
func (w *file) has(text string) bool { return bytes.Contains(w.content, []byte("<"+text+">")) }

// network sends frames to a Keeper. Their text is between angle brackets.
type network struct {
	*Keeper
	file *file
	now  int64
}

func newNetwork(memory int64) *network {
	w := new(file)
	return &network{New(w, memory), w, 1e18}
}

// Segment tells the time, as the sensor does.
func (n *network) Segment(f *capture.Frame, p *decode.Packet, parts []uint32, s flow.Standing, begun bool) {
	n.At(p.Time, p.Time)
	n.Keeper.Segment(f, p, parts, s, begun)
}

var server = netip.MustParseAddrPort("192.0.2.10:443")

func clientOf(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 40000)
}

func (n *network) frame(text string, size int) *capture.Frame {
	n.now += 1e5
	data := append([]byte("<"+text+">"), make([]byte, size)...)
	return &capture.Frame{Time: n.now, Data: data, Length: len(data), Link: capture.LinkEthernet, Source: "eth0"}
}

func (n *network) packet(from, to netip.AddrPort, flags uint8) *decode.Packet {
	return &decode.Packet{
		Time: n.now, Src: from.Addr().As16(), Dst: to.Addr().As16(), SrcPort: from.Port(), DstPort: to.Port(),
		Proto: decode.TCP, Flags: flags,
	}
}

// client sends a segment of the nth client, after which its connection stands so.
func (n *network) client(i int, text string, flags uint8, s flow.Standing) {
	f := n.frame(text, 0)
	n.Segment(f, n.packet(clientOf(i), server, flags), nil, s, true)
}

// server sends a segment to the nth client.
func (n *network) server(i int, text string, flags uint8, s flow.Standing) {
	f := n.frame(text, 0)
	n.Segment(f, n.packet(server, clientOf(i), flags), nil, s, true)
}

// flag flags the flow of the nth client.
func (n *network) flag(i int) { n.Flag(n.finding(i)) }

func (n *network) finding(i int) *classify.Finding {
	f := &classify.Finding{Verdict: classify.Violation, Reason: "it is old", Flagged: true, Host: "sqs.example", HostSource: classify.NameSNI}
	f.Client, f.Server, f.Time = clientOf(i), server, n.now
	return f
}

func (n *network) check(t *testing.T, written, notWritten string, want Stats) {
	t.Helper()
	for _, text := range strings.Fields(written) {
		if !n.file.has(text) {
			t.Errorf("%s was not written", text)
		}
	}
	for _, text := range strings.Fields(notWritten) {
		if n.file.has(text) {
			t.Errorf("%s was written", text)
		}
	}
	if got := n.Stats(); got != want || n.file.packets != int(want.Packets) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The frames of a flagged flow are written, before and after the verdict, and those of
// others are given back.
func TestFlaggedIsWritten(t *testing.T) {
	n := newNetwork(1 << 20)
	for i, name := range []string{"a", "b"} {
		n.client(i, name+"-syn", decode.SYN, flow.Opened)
		n.server(i, name+"-synack", decode.SYN|decode.ACK, flow.Opened)
		n.Bare(n.frame(name+"-ack", 0), n.packet(clientOf(i), server, decode.ACK), nil)
		n.client(i, name+"-hello", decode.ACK, flow.Waiting)
	}
	hello := n.now
	n.server(0, "a-answer", decode.ACK, flow.Decided)
	found := n.finding(1)
	found.Time = hello
	n.Flag(found)
	n.server(1, "b-answer", decode.ACK, flow.Decided)
	n.client(0, "a-data", decode.ACK, flow.Decided)
	n.client(1, "b-data", decode.ACK, flow.Decided)
	n.check(t, "b-syn b-synack b-ack b-hello b-answer b-data", "a-syn a-hello a-answer a-data", Stats{Flows: 1, Packets: 6})
	if n.store.inUse != 0 || len(n.flows.index) != 1 {
		t.Errorf("%d blocks in use, %d flows", n.store.inUse, len(n.flows.index))
	}
	at := bytes.Index(n.file.content, []byte("tlsfloor: violation: it is old; client 10.0.0.1:40000; server 192.0.2.10:443, sqs.example by sni; community_id 1:"))
	before, after := bytes.Index(n.file.content, []byte("<b-hello>")), bytes.Index(n.file.content, []byte("<b-answer>"))
	if at < before || at > after || strings.Join(n.file.interfaces, " ") != "eth0 1" {
		t.Errorf("the comment of the hello at %d is at %d, not between %d and %d; %v", hello, at, before, after, n.file.interfaces)
	}
}

// After the verdict, maxTail bytes are written, and nothing after the end of the flow.
func TestTailIsBounded(t *testing.T) {
	n := newNetwork(1 << 20)
	n.client(0, "syn", decode.SYN, flow.Opened)
	n.flag(0)
	for i := range 100 {
		n.Segment(n.frame(fmt.Sprint("data", i), 1400), n.packet(server, clientOf(0), decode.ACK), nil, flow.Decided, true)
	}
	if last := maxTail / 1400; !n.file.has(fmt.Sprint("data", last)) || n.file.has(fmt.Sprint("data", last+1)) {
		t.Errorf("%d packets were written", n.file.packets)
	}

	n = newNetwork(1 << 20)
	n.client(0, "syn", decode.SYN, flow.Opened)
	n.flag(0)
	n.client(0, "fin", decode.FIN, flow.Decided)
	n.server(0, "finback", decode.FIN, flow.Decided)
	n.Bare(n.frame("lastack", 0), n.packet(clientOf(0), server, decode.ACK), nil)
	n.now += 20e9
	for i := range 5 { // the clock accepts a long step when others agree
		n.client(1, fmt.Sprint("other", i), decode.ACK, flow.Decided)
	}
	n.Bare(n.frame("later", 0), n.packet(clientOf(0), server, decode.ACK), nil)
	n.check(t, "syn fin finback lastack", "later", Stats{Flows: 1, Packets: 4})
}

// The next connection with the same ports is another flow.
func TestPortsAreUsedAgain(t *testing.T) {
	n := newNetwork(1 << 20)
	n.client(0, "syn", decode.SYN, flow.Opened)
	n.client(0, "hello", decode.ACK, flow.Waiting)
	n.flag(0)
	n.client(0, "again", decode.SYN, flow.Opened)
	n.client(0, "newhello", decode.ACK, flow.Waiting)
	n.server(0, "newanswer", decode.ACK, flow.Decided)
	n.check(t, "syn hello", "again newhello newanswer", Stats{Flows: 1, Packets: 2})
}

// A flow that its first packet flags gets its comment there.
func TestFlaggedByItsFirstPacket(t *testing.T) {
	n := newNetwork(1 << 20)
	f := n.frame("all", 0)
	n.flag(0)
	n.Segment(f, n.packet(clientOf(0), server, decode.ACK), nil, flow.Decided, false)
	n.check(t, "all", "", Stats{Flows: 1, Packets: 1})
	if !bytes.Contains(n.file.content, []byte("it is old")) || bytes.Contains(n.file.content, []byte(notWhole)) {
		t.Error("no comment, or a wrong one")
	}
}

// A flood of connections takes no more than the memory, and costs the handshake that
// waits for an answer last. What was given up is counted when it is flagged.
func TestFloodIsBoundedAndCounted(t *testing.T) {
	const memory = 8 << 20
	n := newNetwork(memory)
	before := heap()
	n.client(0, "victim-syn", decode.SYN, flow.Opened)
	n.client(0, "victim-hello", decode.ACK, flow.Waiting)
	for i := 1; i <= 100_000; i++ {
		n.client(i, "syn", decode.SYN, flow.Opened)
		n.Segment(n.frame("half a hello", 400), n.packet(clientOf(i), server, decode.ACK), nil, flow.Followed, true)
	}
	if used := heap() - before; used > memory {
		t.Errorf("%d bytes for %d", used, memory)
	}
	n.flag(0)
	n.check(t, "victim-syn victim-hello", "", Stats{Flows: 1, Packets: 2})

	for i := 1; i <= 100_000; i++ {
		n.client(i, "syn", decode.SYN, flow.Opened)
		n.client(i, "hello", decode.ACK, flow.Waiting)
	}
	n.client(1, "more", decode.ACK, flow.Waiting)
	n.flag(1)                                     // goes on
	n.flag(2)                                     // is silent
	n.client(3, "cut", decode.ACK, flow.Followed) // no SYN was captured, and no tag may be left
	n.flag(3)
	if s := n.Stats(); s.Flows != 4 || s.NotWhole != 4 { // the first one, too: it was given up before its end
		t.Errorf("%+v", s)
	}
	if used := heap() - before; used > memory {
		t.Errorf("%d bytes for %d", used, memory)
	}
	if bytes.Count(n.file.content, []byte(notWhole)) != 2 || !n.file.has("more") {
		t.Error("the comments do not say what is missing")
	}
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A flood of flagged flows gives up the packets behind the verdict, and counts that.
func TestFloodOfFlagged(t *testing.T) {
	n := newNetwork(1 << 20)
	for i := range 10_000 {
		n.client(i, "hello", decode.SYN, flow.Waiting)
		n.flag(i)
	}
	room := len(n.flows.records) - 1
	if s := n.Stats(); s.Flows != 10_000 || int(s.NotWhole) != 10_000-room || s.Packets != 10_000 {
		t.Errorf("%+v, room for %d", s, room)
	}
	n.client(0, "late", decode.ACK, flow.Decided)
	n.client(9_999, "last", decode.ACK, flow.Decided)
	n.check(t, "last", "late", Stats{Flows: 10_000, NotWhole: uint64(10_000 - room), Packets: 10_001})
}

// A connection that never ends before its verdict is held up to maxHeld.
func TestEndlessFlow(t *testing.T) {
	n := newNetwork(4 << 20)
	n.client(0, "syn", decode.SYN, flow.Opened)
	for range 10_000 {
		n.Segment(n.frame("data", 1400), n.packet(server, clientOf(0), decode.ACK), nil, flow.Followed, true)
	}
	if held := int(n.store.inUse) * blockSize; held > maxHeld+maxHeld/4 {
		t.Errorf("%d bytes are held", held)
	}
	n.flag(0)
	if s := n.Stats(); s.NotWhole != 1 || !bytes.Contains(n.file.content, []byte(notWhole)) {
		t.Errorf("%+v", s)
	}
}

// Fragments wait for their datagram, and go with it. Those that never complete one are
// bounded.
func TestFragments(t *testing.T) {
	n := newNetwork(1 << 20)
	n.client(0, "syn", decode.SYN, flow.Opened)
	n.Fragment(n.frame("first", 0), []uint32{1})
	n.Fragment(n.frame("outer", 0), []uint32{2})
	n.Fragment(n.frame("inner", 0), []uint32{2, 3}) // 2 is complete with this frame
	n.Fragment(n.frame("second", 0), []uint32{1})
	n.Segment(n.frame("last", 0), n.packet(clientOf(0), server, decode.ACK), []uint32{1}, flow.Waiting, true)
	n.flag(0)
	n.Segment(n.frame("end", 0), n.packet(clientOf(0), server, decode.ACK), []uint32{3}, flow.Decided, true)
	n.check(t, "syn first second last outer inner end", "", Stats{Flows: 1, Packets: 7})

	n = newNetwork(1 << 20)
	for i := range uint32(100_000) {
		n.Fragment(n.frame("flood", 1400), []uint32{i + 10})
		n.Fragment(n.frame("whole", 1400), []uint32{i + 1_000_000})
		n.Drop([]uint32{i + 1_000_000})
	}
	if len(n.datagrams.lists) > maxDatagrams || len(n.datagrams.order) > 4*maxDatagrams || n.store.inUse > n.store.most {
		t.Errorf("%d datagrams, %d in order, %d blocks", len(n.datagrams.lists), len(n.datagrams.order), n.store.inUse)
	}
	n.client(0, "syn", decode.SYN, flow.Opened)
	n.Segment(n.frame("rest", 0), n.packet(clientOf(0), server, decode.ACK), []uint32{10}, flow.Waiting, true)
	n.flag(0)
	if s := n.Stats(); s.NotWhole != 1 {
		t.Errorf("%+v", s)
	}
}

// Sources that are many share one that has no name.
func TestSourcesAreBounded(t *testing.T) {
	n := newNetwork(4 << 20)
	for i := range 2 * maxSources {
		f := n.frame("x", 0)
		f.Source = fmt.Sprint("file", i)
		n.Segment(f, n.packet(clientOf(i), server, decode.SYN), nil, flow.Opened, true)
		n.flag(i)
	}
	if len(n.file.interfaces) != maxSources+1 || n.file.interfaces[maxSources] != " 1" {
		t.Errorf("%d interfaces, the last %v", len(n.file.interfaces), n.file.interfaces[maxSources:])
	}
}

// After a fault nothing is held, and keeping goes on.
func TestClear(t *testing.T) {
	n := newNetwork(1 << 20)
	n.client(0, "before", decode.SYN, flow.Opened)
	n.flag(0)
	n.client(1, "lost", decode.SYN, flow.Opened)
	n.Clear()
	n.client(2, "after", decode.SYN, flow.Opened)
	n.flag(2)
	n.check(t, "before after", "lost", Stats{Flows: 2, Packets: 2})
	if len(n.file.interfaces) != 1 {
		t.Errorf("%v", n.file.interfaces)
	}
}

// Packets of decided connections allocate nothing, and neither do those of connections
// that are held and given back.
func TestNothingIsAllocated(t *testing.T) {
	n := newNetwork(4 << 20)
	f := n.frame("data", 1400)
	syn, data := n.packet(clientOf(0), server, decode.SYN), n.packet(clientOf(0), server, decode.ACK)
	turn := func() {
		n.Segment(f, syn, nil, flow.Opened, true)
		n.Segment(f, data, nil, flow.Waiting, true)
		n.Segment(f, data, nil, flow.Decided, true)
		n.Segment(f, data, nil, flow.Decided, true)
		n.Bare(f, data, nil)
	}
	turn()
	if allocs := testing.AllocsPerRun(100, turn); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
