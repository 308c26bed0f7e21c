package encap

import (
	"slices"
	"strings"
	"testing"
)

// Every kind has a name of its own, and those that say nothing about the network are
// exactly the tags, labels and sessions of a link.
func TestKinds(t *testing.T) {
	ofLink := strings.Fields("mpls pppoe cmd vntag etag fabricpath trill macsec ttag arista rtag hsr")
	seen := map[string]bool{"": true}
	for k := Kind(1); int(k) < NumKinds; k++ {
		if seen[k.String()] {
			t.Errorf("kind %d is called %q as another is, or has no name", k, k)
		}
		seen[k.String()] = true
		if k.OfLink() != slices.Contains(ofLink, k.String()) {
			t.Errorf("%v of a link: %v", k, k.OfLink())
		}
	}
}

func TestLayerNetwork(t *testing.T) {
	for _, test := range []struct {
		layer Layer
		text  string
		id    uint32
		ok    bool
	}{
		{Layer{Kind: VLAN, ID: 5, HasID: true}, "vlan:5", 5, true},
		{Layer{Kind: VLAN}, "vlan", 0, false}, // a priority tag
		{Layer{Kind: PBB, ID: 7, HasID: true}, "pbb:7", 7, true},
		{Layer{Kind: VXLAN, ID: 77, HasID: true, Tunnel: true}, "vxlan:77", 77, true},
		{Layer{Kind: LISP, Tunnel: true}, "lisp", 0, true},
		{Layer{Kind: GTPU, ID: 9, HasID: true, Tunnel: true}, "gtpu:9", 0, true}, // differs by direction
		{Layer{Kind: MPLS, ID: 3, HasID: true}, "mpls:3", 0, false},
		{Layer{Kind: MPLS, ID: 3, HasID: true, Tunnel: true}, "mpls:3", 0, true},
		{Layer{Kind: NSH, ID: 4, HasID: true}, "nsh:4", 0, true},
		{Layer{Kind: HSR}, "hsr", 0, false},
	} {
		if id, ok := test.layer.Network(); id != test.id || ok != test.ok {
			t.Errorf("%v: network %d, %v", test.layer, id, ok)
		}
		if got := test.layer.String(); got != test.text {
			t.Errorf("%q, want %q", got, test.text)
		}
	}
}

// Which of the two ports decides, and what is known of it.
func TestPorts(t *testing.T) {
	p := NewPorts([]uint16{5000})
	const client = 40000
	for _, test := range []struct {
		src, dst uint16
		port     uint16
		opens    bool
	}{
		{client, portVXLAN, portVXLAN, true},
		{portVXLAN, client, portVXLAN, false}, // only the source: answers have the port as destination
		{client, 5000, 5000, true},
		{client, portGTPU, portGTPU, true},
		{portGTPU, client, portGTPU, true},
		{client, portWireGuard, portWireGuard, false},
		{portOpenVPN, client, portOpenVPN, false},
	} {
		open, port := p.Opener(test.src, test.dst)
		if port != test.port || (open != nil) != test.opens {
			t.Errorf("%d to %d: port %d, opener %v", test.src, test.dst, port, open != nil)
		}
		if !p.Has(test.port) || test.port != 5000 && PortName(test.port) == "" {
			t.Errorf("%d is not known", test.port)
		}
	}
	if p.Has(client) || p.Has(53) || PortName(client) != "" {
		t.Error("a port of no tunnel is known")
	}
}

// No bytes make an opener read, or point, beyond what was captured.
func FuzzOpeners(f *testing.F) {
	ports := []uint16{
		portVXLAN, portGENEVE, portLISP, portGREInUDP, portMPLSUDP, portGUE, portTZSP, portHPERM, portJMirror,
		portGTPU, portTeredo, portL2TP, portCAPWAP,
	}
	f.Add([]byte("\x08\x00\x00\x00\x00\x00\x4d\x00\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x06"), uint16(0))
	f.Add([]byte("\x30\xff\x00\x14\x00\x00\x00\x07\x45\x00\x00\x14\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02"), uint16(0))
	f.Add([]byte("\x00\x02\x00\x07\x00\x01\xff\x03\x00\x21\x45\x00\x00\x14\x00\x00\x00\x00\x40\x06\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02"), uint16(9))
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		wire := len(b) + int(cut)
		p := NewPorts(nil)
		check := func(tunnel Tunnel, ok bool) {
			if ok && (tunnel.Header < 0 || tunnel.Header > len(b) || tunnel.Length > wire ||
				tunnel.Length != 0 && tunnel.Length < tunnel.Header || tunnel.Inner == 0) {
				t.Errorf("%+v in %d of %d bytes", tunnel, len(b), wire)
			}
		}
		for _, port := range ports {
			open, _ := p.Opener(1, port)
			check(open(b, wire))
		}
		check(StrayTeredo(b, wire))
		check(L2TPOverIP(b, wire))
		IsWireGuard(b, wire)
		BareIP(b, wire)
		if h, ok := ParseNSH(b); ok && (h.Length < 8 || h.Length > len(b)) {
			t.Errorf("%+v in %d bytes", h, len(b))
		}
		for port := range portNames {
			IsUnreadTunnel(port, b, wire)
			if len(b) >= TunnelHeaderBytes {
				HasTunnelHeader(port, b, cut > 0)
			}
		}
	})
}
