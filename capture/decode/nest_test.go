package decode_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/decode/wrap"
)

// nest is a packet or frame being wrapped, with the layers it has so far. After
// fragmentation it is several.
type nest struct {
	random *rand.Rand
	parts  [][]byte
	frame  bool // parts begin with an Ethernet header, not with an IP header
	bare   bool // nothing is between the Ethernet header and the IP packet
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
	n.frame, n.fragments = false, false
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

func (n *nest) wrapFrame() {
	r := n.random
	id := r.Uint32N(1<<12-2) + 1
	switch r.IntN(12) {
	case 0:
		n.each(func(b []byte) []byte { return wrap.VLAN(b, uint16(id)) })
		n.layer(name("vlan", id))
	case 1:
		n.each(func(b []byte) []byte { return wrap.QinQ(b, uint16(id), 7) })
		n.layer(name("vlan", id), "vlan:7")
	case 2:
		n.each(func(b []byte) []byte { return wrap.CiscoMeta(b, uint16(id)) })
		n.layer("cmd")
	case 3:
		n.each(func(b []byte) []byte { return wrap.MPLSEthernet(b, id) })
		n.layer(name("mpls", id))
	case 4:
		n.each(func(b []byte) []byte { return wrap.PBB(b, id) })
		n.layer(name("pbb", id))
	case 5:
		n.wrapFrameInIP("vxlan", wrap.VXLAN, id)
	case 6:
		n.wrapFrameInIP("geneve", wrap.GENEVE, id)
	case 7:
		n.wrapFrameInIP("nvgre", wrap.NVGRE, id)
	case 8:
		n.wrapFrameInIP("erspan", func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.ERSPAN2(e, uint16(id), b) }, id&0x3ff)
	case 9:
		n.wrapFrameInIP("erspan", func(e wrap.Ends, id uint32, b []byte) []byte { return wrap.ERSPAN3(e, uint16(id), b) }, id&0x3ff)
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
	if n.random.IntN(2) == 0 {
		n.each(func(b []byte) []byte { return wrap.MPLS(b, 3, id) })
		n.layer(name("mpls", id))
	} else {
		n.each(func(b []byte) []byte { return wrap.PPPoE(b, uint16(id)) })
		n.layer(name("pppoe", id))
	}
	n.bare = false
}

func (n *nest) wrapFrameInIP(kind string, wrapper func(wrap.Ends, uint32, []byte) []byte, id uint32) {
	e := n.ends()
	n.each(func(b []byte) []byte { return wrapper(e, id, b) })
	n.layer(name(kind, id))
}

func (n *nest) wrapPacket() {
	id := n.random.Uint32N(1 << 16)
	inner6 := n.v6
	if !n.fragments && n.random.IntN(5) == 0 {
		n.fragment(id)
		return
	}
	choice, e := n.random.IntN(6), n.ends()
	n.each(func(b []byte) []byte {
		switch choice {
		case 0:
			return wrap.IPIP(e, b)
		case 1:
			return wrap.GRE(e, b)
		case 2:
			return wrap.GREKeyed(e, id, b)
		case 3:
			return wrap.GTPU(e, id, b)
		case 4:
			return wrap.GENEVEIP(e, id, b)
		default:
			return wrap.L2TP(e, uint16(id), b)
		}
	})
	switch names := []string{"ipip", "gre", "gre", "gtpu", "geneve", "l2tp"}; {
	case choice == 0 && inner6 && !n.v6:
		n.layer("6in4")
	case choice < 2:
		n.layer(names[choice])
	default:
		n.layer(name(names[choice], id))
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
