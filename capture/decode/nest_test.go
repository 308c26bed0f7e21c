package decode_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// nest is a packet or frame while it is wrapped, with its layers so far. After
// fragmentation it has several parts.
type nest struct {
	random *rand.Rand
	parts  [][]byte
	frame  bool // parts begin with an Ethernet header, not with an IP header
	bare   bool // nothing is between the Ethernet header and the IP packet
	isl    bool // parts begin with an ISL header, which no tag can follow
	v6     bool // the outermost IP packet is IPv6
	layers []string

	fragments bool // parts are IP fragments
}

// each wraps every part.
func (n *nest) each(wrapper func([]byte) []byte) {
	for i, part := range n.parts {
		n.parts[i] = wrapper(part)
	}
}

// layer notes the layers that a wrapper put on, outermost first.
func (n *nest) layer(names ...string) {
	n.layers = append(names, n.layers...)
}

func name(kind string, id uint32) string { return fmt.Sprintf("%s:%d", kind, id) }

func (n *nest) toFrame() {
	if !n.frame {
		n.each(wrap.Ethernet)
		n.frame, n.bare = true, true
	}
}

func (n *nest) ends() wrap.Ends {
	n.v6 = n.random.IntN(2) == 0
	n.frame, n.isl, n.fragments = false, false, false
	if n.v6 {
		return outer6
	}
	return outer4
}

// wrapAgain puts one encapsulation around n, chosen among those that fit.
func (n *nest) wrapAgain() {
	if n.frame || n.random.IntN(2) == 0 {
		n.toFrame()
		n.wrapFrame()
		return
	}
	n.wrapPacket()
}

// frameWrapper puts one encapsulation around a frame.
type frameWrapper struct {
	layers func(id uint32) []string
	wrap   func(frame []byte, id uint32) []byte
}

func named(kind string) func(uint32) []string { return func(uint32) []string { return []string{kind} } }

func numbered(kind string) func(uint32) []string {
	return func(id uint32) []string { return []string{name(kind, id)} }
}

func plainly(wrapper func([]byte) []byte) func([]byte, uint32) []byte {
	return func(b []byte, _ uint32) []byte { return wrapper(b) }
}

// frameWrappers make a frame of a frame.
var frameWrappers = []frameWrapper{
	{numbered("vlan"), func(b []byte, id uint32) []byte { return wrap.VLAN(b, uint16(id)) }},
	{numbered("vlan"), func(b []byte, id uint32) []byte { return wrap.Tag(b, 0x9200, uint16(id)) }},
	{
		func(id uint32) []string { return []string{name("vlan", id), "vlan:7"} },
		func(b []byte, id uint32) []byte { return wrap.QinQ(b, uint16(id), 7) },
	},
	{named("cmd"), func(b []byte, id uint32) []byte { return wrap.CiscoMeta(b, uint16(id)) }},
	{numbered("mpls"), func(b []byte, id uint32) []byte { return wrap.MPLSEthernet(b, id) }},
	{numbered("pbb"), wrap.PBB},
	{numbered("nsh"), wrap.NSHEthernet},
	{numbered("vntag"), func(b []byte, id uint32) []byte { return wrap.VNTag(b, uint16(id)) }},
	{numbered("etag"), func(b []byte, id uint32) []byte { return wrap.ETag(b, uint16(id)) }},
	{named("ttag"), plainly(wrap.TTag)},
	{named("arista"), plainly(wrap.Arista)},
	{named("rtag"), plainly(wrap.RTag)},
	{named("hsr"), plainly(wrap.HSR)},
	{named("macsec"), plainly(wrap.MACsec)},
	{named("fabricpath"), plainly(wrap.FabricPath)},
	{named("trill"), plainly(wrap.TRILL)},
}

// frameTunnel puts a frame into an IP packet. Its ids are taken modulo mask+1.
type frameTunnel struct {
	kind string
	mask uint32 // 0: it has no id
	wrap func(wrap.Ends, uint32, []byte) []byte
}

var frameTunnels = []frameTunnel{
	{"vxlan", 0xffffff, wrap.VXLAN},
	{"geneve", 0xffffff, wrap.GENEVE},
	{"nvgre", 0xffffff, wrap.NVGRE},
	{"lisp", 0xffffff, wrap.LISPGPE},
	{"erspan", 0x3ff, func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.ERSPAN2(e, uint16(id), b) }},
	{"erspan", 0x3ff, func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.ERSPAN3(e, uint16(id), b) }},
	{"eoip", 0xffff, func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.EoIP(e, uint16(id), b) }},
	{"gre", 0, withoutID(wrap.GREBridge)},
	{"etherip", 0, withoutID(wrap.EtherIP)},
	{"tzsp", 0, withoutID(wrap.TZSP)},
	{"hperm", 0, withoutID(wrap.HPERM)},
	{"capwap", 0, withoutID(wrap.CAPWAP)},
}

func withoutID(wrapper func(wrap.Ends, []byte) []byte) func(wrap.Ends, uint32, []byte) []byte {
	return func(e wrap.Ends, _ uint32, b []byte) []byte { return wrapper(e, b) }
}

func (n *nest) wrapFrame() {
	r := n.random
	id := r.Uint32N(1<<12-2) + 1
	i := r.IntN(len(frameWrappers) + len(frameTunnels) + 4)
	if n.isl {
		i = len(frameWrappers) + i%len(frameTunnels)
	}
	switch {
	case i < len(frameWrappers):
		w := frameWrappers[i]
		n.each(func(b []byte) []byte { return w.wrap(b, id) })
		n.layer(w.layers(id)...)
	case i < len(frameWrappers)+len(frameTunnels):
		n.wrapFrameInIP(frameTunnels[i-len(frameWrappers)], id)
	case i == len(frameWrappers)+len(frameTunnels):
		n.each(func(b []byte) []byte { return wrap.ISL(b, uint16(id)) })
		n.layer(name("vlan", id))
		n.isl = true
	default:
		n.wrapBare(id)
		return
	}
	n.bare = false
}

// wrapBare wraps what has to follow an Ethernet header directly.
func (n *nest) wrapBare(id uint32) {
	if !n.bare {
		return
	}
	switch n.random.IntN(3) {
	case 0:
		n.each(func(b []byte) []byte { return wrap.MPLS(b, 3, id) })
		n.layer(name("mpls", id))
	case 1:
		n.each(func(b []byte) []byte { return wrap.NSH(b, id) })
		n.layer(name("nsh", id))
	default:
		n.each(func(b []byte) []byte { return wrap.PPPoE(b, uint16(id)) })
		n.layer(name("pppoe", id))
	}
	n.bare = false
}

func (n *nest) wrapFrameInIP(tunnel frameTunnel, id uint32) {
	e := n.ends()
	id &= tunnel.mask
	n.each(func(b []byte) []byte { return tunnel.wrap(e, id, b) })
	if tunnel.mask == 0 {
		n.layer(tunnel.kind)
	} else {
		n.layer(name(tunnel.kind, id))
	}
}

// packetTunnel puts a packet into another. mask is as in frameTunnel.
type packetTunnel struct {
	kind string
	mask uint32
	wrap func(wrap.Ends, uint32, []byte) []byte
}

var packetTunnels = []packetTunnel{
	{"ipip", 0, withoutID(wrap.IPIP)},
	{"gre", 0, withoutID(wrap.GRE)},
	{"gue", 0, withoutID(wrap.GUE)},
	{"gre", 0xffff, wrap.GREKeyed},
	{"gre", 0xffff, wrap.GREInUDP},
	{"gtpu", 0xffff, wrap.GTPU},
	{"geneve", 0xffff, wrap.GENEVEIP},
	{"vxlan", 0xffff, wrap.VXLANGPE},
	{"lisp", 0xffff, wrap.LISP},
	{"jmirror", 0xffff, wrap.JMirror},
	{"mpls", 0xffff, func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.MPLSInUDP(e, b, 5, id) }},
	{"l2tp", 0xffff, func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.L2TP(e, uint16(id), b) }},
}

func (n *nest) wrapPacket() {
	id := n.random.Uint32N(1 << 16)
	inner6 := n.v6
	if !n.fragments && n.random.IntN(5) == 0 {
		n.fragment(id)
		return
	}
	tunnel, e := packetTunnels[n.random.IntN(len(packetTunnels))], n.ends()
	n.each(func(b []byte) []byte { return tunnel.wrap(e, id, b) })
	switch {
	case tunnel.kind == "ipip" && inner6 && !n.v6:
		n.layer("6in4")
	case tunnel.mask == 0:
		n.layer(tunnel.kind)
	default:
		n.layer(name(tunnel.kind, id))
	}
}

// fragment cuts each part that is long enough, and shuffles.
func (n *nest) fragment(id uint32) {
	var cut [][]byte
	for i, part := range n.parts {
		cut = append(cut, wrap.Fragments(part, max(200, len(part)/3), id+uint32(i))...)
	}
	n.random.Shuffle(len(cut), func(i, j int) { cut[i], cut[j] = cut[j], cut[i] })
	n.parts, n.fragments = cut, true
}

// A segment in any nest of encapsulations decodes to itself, and to the layers
// around it.
func TestAnyNest(t *testing.T) {
	const rounds = 20000
	longest := 0
	for seed := range uint64(rounds) {
		random := rand.New(rand.NewPCG(seed, 1))
		src, dst := addr4a, addr4b
		if seed%2 == 1 {
			src, dst = addr6a, addr6b
		}
		payload := strings.Repeat("=", random.IntN(1400))
		n := nest{random: random, parts: [][]byte{segment(src, dst, payload)}, v6: src.Addr().Is6()}
		if seed%8 == 7 {
			n.parts[0], src, n.v6 = wrap.Teredo(outer4, segment(addrTeredo, dst, payload)), addrTeredo, false
			n.layer("teredo")
		}
		for range random.IntN(4) + 1 {
			n.wrapAgain()
		}
		n.toFrame()
		longest = max(longest, len(n.layers))
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) { checkNest(t, &n, src, dst, payload) })
		if !ok {
			t.Fatalf("%v in %d parts", n.layers, len(n.parts))
		}
	}
	if longest < 5 {
		t.Errorf("at most %d layers: the test does not nest", longest)
	}
}

func checkNest(t *testing.T, n *nest, src, dst netip.AddrPort, payload string) {
	d := decode.New(decode.Options{})
	var p decode.Packet
	var r decode.Result
	for i, part := range n.parts {
		f := frameOf(capture.LinkEthernet, part)
		if r = d.Decode(&f, &p); r != decode.Foreign && i != len(n.parts)-1 {
			t.Errorf("part %d: %v", i, r)
		}
	}
	wantSegment(t, &p, r, src, dst, payload)
	if got := layers(&p); got != strings.Join(n.layers, " ") || p.Anomalies != 0 {
		t.Errorf("layers %q, anomalies %b", got, p.Anomalies)
	}
}
