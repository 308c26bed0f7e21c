package keep

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
)

// response is a DNS response with addresses for a.example.
func response(addrs ...netip.Addr) []byte {
	name := []byte("\x01a\x07example\x00")
	b := binary.BigEndian.AppendUint16([]byte{0, 1, 0x81, 0x80, 0, 1}, uint16(len(addrs)))
	b = append(append(b, 0, 0, 0, 0), name...)
	b = append(b, 0, 1, 0, 1)
	for _, a := range addrs {
		b = append(append(b, name...), 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		b = append(b, a.AsSlice()...)
	}
	return b
}

// answer sends a response to the nth client.
func (n *network) answer(i int, text string, parts []uint32, addrs ...netip.Addr) {
	f := n.frame(text, 0)
	p := n.packet(netip.MustParseAddrPort("10.9.9.9:53"), clientOf(i), 0)
	p.Proto, p.Payload = decode.UDP, response(addrs...)
	n.Answer(f, p, parts)
}

// flagByName flags the flow of the nth client by a name from DNS.
func (n *network) flagByName(i int) {
	n.client(i, "hello", decode.SYN, flow.Waiting)
	f := n.finding(i)
	f.Host, f.HostSource = "a.example", classify.NameDNS
	n.Flag(f)
}

// The response to the client is written, once; else one to another client.
func TestNameIsWritten(t *testing.T) {
	n := newNetwork(1 << 20)
	n.Fragment(n.frame("mine1", 0), []uint32{1})
	n.answer(1, "mine2", []uint32{1}, server.Addr())
	n.answer(2, "theirs", nil, server.Addr())
	n.answer(1, "another", nil, netip.MustParseAddr("192.0.2.11"))
	n.answer(1, "empty", nil)
	n.flagByName(1)
	n.flagByName(3)
	n.flagByName(1)
	n.check(t, "mine1 mine2 theirs", "another empty", Stats{Flows: 3, Packets: 6})
	if bytes.Count(n.file.content, []byte("this response names 192.0.2.10, the server of the flagged flow from 10.0.0.1:40000: a.example")) != 1 {
		t.Error("no comment")
	}
}

// A flow that its own hello names needs no response.
func TestNameIsNotWritten(t *testing.T) {
	n := newNetwork(1 << 20)
	n.answer(0, "response", nil, server.Addr())
	n.client(0, "hello", decode.SYN, flow.Waiting)
	n.flag(0)
	n.check(t, "hello", "response", Stats{Flows: 1, Packets: 1})
}

// Responses take an eighth of the store at most, and the oldest go first.
func TestAnswersAreBounded(t *testing.T) {
	n := newNetwork(1 << 20)
	before := heap()
	for i := range 100_000 {
		n.answer(i, "response", nil, server.Addr(), netip.AddrFrom4([4]byte{192, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	if a := &n.answers; a.used > a.most || a.size > a.limit || len(a.pairs) > 2*a.limit || n.store.inUse != a.used || len(a.held) < 10 {
		t.Errorf("%d blocks of %d, %d pairs of %d, %d in the map, %d held", a.used, a.most, a.size, a.limit, len(a.pairs), len(a.held))
	}
	if used := heap() - before; used > 1<<20 {
		t.Errorf("%d bytes", used)
	}
	n.answer(7, "last", nil, server.Addr())
	n.flagByName(7)
	n.check(t, "last hello", "response", Stats{Flows: 1, Packets: 2})
}

// Half a response, and what is none, is not held.
func TestWhatIsNoAnswer(t *testing.T) {
	n := newNetwork(1 << 20)
	for _, change := range []func(p *decode.Packet){
		func(p *decode.Packet) { p.Missing = 1 },
		func(p *decode.Packet) { p.Payload = p.Payload[:7] },
		func(p *decode.Packet) { p.Payload[2] = 0 }, // a question
	} {
		n.Fragment(n.frame("part", 0), []uint32{1})
		f := n.frame("response", 0)
		p := n.packet(netip.MustParseAddrPort("10.9.9.9:53"), clientOf(0), 0)
		p.Payload = response(server.Addr())
		change(p)
		n.Answer(f, p, []uint32{1})
	}
	if len(n.answers.held) > 0 || n.store.inUse > 0 {
		t.Errorf("%d are held, %d blocks", len(n.answers.held), n.store.inUse)
	}
}
