package decode

import "strconv"

var layerNames = [...]string{
	LayerVLAN: "vlan", LayerMPLS: "mpls", LayerPPPoE: "pppoe", LayerGRE: "gre",
	LayerNVGRE: "nvgre", LayerERSPAN: "erspan", LayerIPIP: "ipip", Layer6in4: "6in4",
	LayerTeredo: "teredo", LayerVXLAN: "vxlan", LayerGENEVE: "geneve", LayerGTPU: "gtpu",
	LayerCiscoMeta: "cmd", LayerPPTP: "pptp", LayerL2TP: "l2tp", LayerPBB: "pbb",
	LayerNSH: "nsh", LayerLISP: "lisp", LayerGUE: "gue", LayerEtherIP: "etherip", LayerEoIP: "eoip",
	LayerCAPWAP: "capwap", LayerTZSP: "tzsp", LayerHPERM: "hperm", LayerJMirror: "jmirror",
	LayerVNTag: "vntag", LayerETag: "etag", LayerFabricPath: "fabricpath", LayerTRILL: "trill",
	LayerMACsec: "macsec", LayerTTag: "ttag", LayerArista: "arista", LayerRTag: "rtag", LayerHSR: "hsr",
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

// OfLink reports whether an encapsulation belongs to a link, and not to a network
// or a tunnel: a tag, label or session that may differ between the two directions
// of a connection, and that nobody can send from beyond the link. MPLS that an IP
// packet carries is a tunnel all the same: see Layer.Tunnel.
func (k LayerKind) OfLink() bool {
	switch k {
	case LayerMPLS, LayerPPPoE, LayerCiscoMeta, LayerVNTag, LayerETag, LayerFabricPath, LayerTRILL, LayerMACsec,
		LayerTTag, LayerArista, LayerRTag, LayerHSR:
		return true
	}
	return false
}

// path is what the layer adds to a Network; ok is false where it adds nothing. A
// tunnel counts even if it has no number, or one that differs between the
// directions: whoever sends one datagram to a tunnel's port must not be able to put
// bytes into connections outside the tunnel. A VLAN id of 0 is a priority tag, not a
// VLAN (IEEE 802.1Q, 9.6), and its layer has no ID.
func (l Layer) path() (id uint32, ok bool) {
	switch l.Kind {
	case LayerVLAN, LayerPBB:
		return l.ID, l.HasID
	case LayerVXLAN, LayerGENEVE, LayerNVGRE, LayerLISP:
		return l.ID, true
	}
	return 0, l.Tunnel || !l.Kind.OfLink()
}

// reset is written out because the compiler makes two stores of it, and a copy
// by way of the stack of an assignment of Network{}.
func (n *Network) reset() { n[0], n[1], n[2], n[3] = 0, 0, 0, 0 }

// add puts the nth layer of a path into the Network. The kind in the top byte
// keeps VLAN 5 and VNI 5 apart.
func (n *Network) add(nth int, k LayerKind, id uint32) {
	id |= uint32(k) << 24
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
