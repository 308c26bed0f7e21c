package sensor

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/encap"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/cmd/internal/session"
)

// dnsExchange is a question and its answer, as packets.
func dnsExchange(t testing.TB, client netip.Addr, name string, addrs ...netip.Addr) [2][]byte {
	t.Helper()
	from, to := netip.AddrPortFrom(client, 40053), netip.MustParseAddrPort("10.0.0.2:53")
	question := dnsmessage.Question{Name: dnsmessage.MustNewName(name + "."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
	msg := dnsmessage.Message{Header: dnsmessage.Header{ID: 9}, Questions: []dnsmessage.Question{question}}
	asked, err := msg.Pack()
	if err != nil {
		t.Fatal(err)
	}
	msg.Response = true
	for _, a := range addrs {
		msg.Answers = append(msg.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   &dnsmessage.AResource{A: a.As4()},
		})
	}
	answered, err := msg.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return [2][]byte{wrap.UDP(from, to, asked), wrap.UDP(to, from, answered)}
}

// namelessCapture is a recorded connection without a name, after the DNS exchange that
// names it: dynamodb.us-west-2.amazonaws.com.
const namelessCapture = "openssl-tls10-anonymous.pcap"

// packetsOf returns the innermost packets of frames, and the number of those before the
// first segment.
func packetsOf(t *testing.T, frames []capture.Frame) (packets [][]byte, datagrams int) {
	t.Helper()
	decoder := decode.New(decode.Options{})
	for i := range frames {
		var p decode.Packet
		result := decoder.Decode(&frames[i], &p)
		src, dst := netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort)
		switch result {
		case decode.Segment:
			packets = append(packets, wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: p.Seq, Ack: p.Ack, Flags: p.Flags}, p.Payload))
		case decode.Datagram:
			packets = append(packets, wrap.UDP(src, dst, p.Payload))
			datagrams = len(packets)
		}
	}
	return packets, datagrams
}

// hostsIn runs frames through a sensor, and returns the hosts in its findings.
func hostsIn(t *testing.T, frames []capture.Frame) (hosts []string) {
	t.Helper()
	s := newSensor(t, func(f *classify.Finding) { hosts = append(hosts, f.Host) })
	for i := range frames {
		frames[i].Time = 1_700_000_000e9 + int64(i)*1e6
		s.Process(&frames[i])
	}
	s.table.Flush()
	return hosts
}

// A DNS answer in a tunnel or with a tag names nothing outside of it, and one outside
// names nothing inside.
func TestNamesStayInTheirTunnel(t *testing.T) {
	packets, datagrams := packetsOf(t, read(t, namelessCapture))
	forged := dnsExchange(t, netip.MustParseAddr("10.0.0.5"), "www.example.org", netip.MustParseAddr("192.0.2.10"))
	capturedIn := func(connection, stranger layer) (frames []capture.Frame) {
		for i, p := range packets {
			if i == datagrams {
				frames = append(frames, wrapIn(0, forged[0], []layer{stranger}), wrapIn(0, forged[1], []layer{stranger}))
			}
			frames = append(frames, wrapIn(0, p, []layer{connection}))
		}
		return frames
	}
	nothing := innermost[0]
	link := map[string]bool{"none": true, "mpls": true, "pppoe": true, "cisco metadata": true, "pseudowire": true}
	for _, l := range slices.Concat(layers, innermost, []layer{
		{"l2tp", func(_, p []byte) []byte { return wrap.Ethernet(wrap.L2TP(ends, 5, p)) }},
		{"pptp", func(_, p []byte) []byte { return wrap.Ethernet(wrap.PPTP(ends, 5, p)) }},
		{"pbb", func(f, _ []byte) []byte { return wrap.PBB(f, 5) }},
		{"mpls in udp", func(_, p []byte) []byte { return wrap.Ethernet(wrap.MPLSInUDP(ends, p, 5)) }},
		{"vxlan 0", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.VXLAN(ends, 0, f)) }},
	}) {
		want := "dynamodb.us-west-2.amazonaws.com"
		if link[l.name] {
			want = "www.example.org" // one network: the last answer counts
		}
		for _, c := range [][2]layer{{nothing, l}, {l, nothing}} {
			hosts := hostsIn(t, capturedIn(c[0], c[1]))
			if len(hosts) != 1 || hosts[0] != want {
				t.Errorf("a connection in %s, a stranger's DNS in %s: found %q, want %q", c[0].name, c[1].name, hosts, want)
			}
		}
	}
}

// withOtherRandom changes the random of a ClientHello: otherwise the connection would
// count as the same one seen twice.
func withOtherRandom(packet []byte) []byte {
	packet = slices.Clone(packet)
	if at := bytes.Index(packet, []byte("\x16\x03\x01")); at > 0 && at+12 < len(packet) && packet[at+5] == 1 {
		packet[at+11] ^= 1
	}
	return packet
}

// Names of two mirrored networks that use the same addresses are kept apart.
func TestTwinsKeepTheirNames(t *testing.T) {
	packets, datagrams := packetsOf(t, read(t, namelessCapture))
	other := dnsExchange(t, netip.MustParseAddr("10.0.0.5"), "www.example.org", netip.MustParseAddr("192.0.2.10"))
	for _, twins := range [][2]layer{
		{{"", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.VXLAN(ends, 77, f)) }}, {"", func(f, _ []byte) []byte { return wrap.Ethernet(wrap.VXLAN(ends, 78, f)) }}},
		{{"", func(f, _ []byte) []byte { return wrap.VLAN(f, 12) }}, {"", func(f, _ []byte) []byte { return wrap.VLAN(f, 13) }}},
	} {
		var frames []capture.Frame
		for _, p := range packets[:datagrams] {
			frames = append(frames, wrapIn(0, p, twins[:1]))
		}
		for _, p := range other {
			frames = append(frames, wrapIn(0, p, twins[1:]))
		}
		for _, p := range packets[datagrams:] {
			frames = append(frames, wrapIn(0, p, twins[:1]), wrapIn(0, withOtherRandom(p), twins[1:]))
		}
		hosts := hostsIn(t, frames)
		slices.Sort(hosts)
		if want := []string{"dynamodb.us-west-2.amazonaws.com", "www.example.org"}; !slices.Equal(hosts, want) {
			t.Errorf("found %q, want %q", hosts, want)
		}
	}
}

// Every kind of tunnel and tag makes a network of its own, except labels, tags and
// sessions of a link.
func TestNetworkOfEveryKind(t *testing.T) {
	seen := map[names.Network]encap.Kind{{}: 0}
	for k := range encap.NumKinds - 1 {
		kind := encap.Kind(k + 1)
		n := session.NetworkOf([]encap.Layer{{Kind: kind, ID: 5, HasID: true}})
		if other, ok := seen[n]; ok != kind.OfLink() {
			t.Errorf("%s: the network of %d", kind, other)
		}
		seen[n] = kind
	}
}
