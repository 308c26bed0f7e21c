package decode

import "strconv"

var layerNames = [...]string{
	LayerVLAN: "vlan", LayerMPLS: "mpls", LayerPPPoE: "pppoe", LayerGRE: "gre",
	LayerNVGRE: "nvgre", LayerERSPAN: "erspan", LayerIPIP: "ipip", Layer6in4: "6in4",
	LayerTeredo: "teredo", LayerVXLAN: "vxlan", LayerGENEVE: "geneve", LayerGTPU: "gtpu",
	LayerCiscoMeta: "cmd", LayerPPTP: "pptp", LayerL2TP: "l2tp", LayerPBB: "pbb",
}

// NumLayerKinds is one more than the highest LayerKind.
const NumLayerKinds = len(layerNames)

// String returns the encapsulation's name, as in an event's "tunnels".
func (k LayerKind) String() string { return layerNames[k] }

// AppendText appends the layer as an event's "tunnels" writes it: the name,
// and after a colon the number in decimal where there is one: "vxlan:77".
func (l Layer) AppendText(dst []byte) []byte {
	dst = append(dst, l.Kind.String()...)
	if l.HasID {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(l.ID), 10)
	}
	return dst
}

// String returns what AppendText appends.
func (l Layer) String() string { return string(l.AppendText(nil)) }

// separates says that the layer's ID is the same in both directions of a
// connection and names a network of its own. A VLAN id of 0 is a priority tag,
// not a VLAN (IEEE 802.1Q, 9.6): its layer has no ID. A GENEVE VNI of 0 is what
// gateway load balancers put on every flow, and some unwrap one direction
// before the capture sees it.
func (l Layer) separates() bool {
	switch l.Kind {
	case LayerVLAN, LayerVXLAN, LayerNVGRE, LayerPBB:
		return l.HasID
	case LayerGENEVE:
		return l.ID != 0
	}
	return false
}

// reset is written out because the compiler makes two stores of it, and a copy
// by way of the stack of an assignment of Network{}.
func (n *Network) reset() { n[0], n[1], n[2], n[3] = 0, 0, 0, 0 }

// add puts the nth id into the Network. The kind in the top byte keeps VLAN 5
// and VNI 5 apart.
func (n *Network) add(nth int, l Layer) {
	id := uint32(l.Kind)<<24 | l.ID
	if last := len(n) - 1; nth <= last {
		n[nth] = id
	} else {
		n[last] = fold(n[last], id)
	}
}

// fold mixes two numbers so that their order matters (a multiply-xorshift
// round). Two networks that differ only beyond the fourth id share a value by
// chance once in four billion.
func fold(a, b uint32) uint32 {
	h := (a ^ b>>16) * 0x85ebca6b
	h = (h ^ h>>13 ^ b) * 0xc2b2ae35
	return h ^ h>>16
}
