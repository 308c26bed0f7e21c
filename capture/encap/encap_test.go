package encap

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture/testing/wrap"
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

// Each tunnel in UDP is opened up to the packet in it, with its bytes as they were sent.
// With the packet's first byte changed it is no tunnel, or one that proves itself by its
// header.
func TestOpeners(t *testing.T) {
	ends := wrap.Ends{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2")}
	v4 := wrap.UDP(netip.MustParseAddrPort("10.0.0.1:9"), netip.MustParseAddrPort("10.0.0.2:9"), []byte("x"))
	v6 := wrap.UDP(netip.MustParseAddrPort("[2001::1]:9"), netip.MustParseAddrPort("[2001:db8::2]:9"), []byte("x"))
	frame := wrap.Ethernet(v4)
	for _, test := range []struct {
		datagram []byte
		layer    string // "": what is carried is the encapsulation itself
		inner    Inner
		within   []byte
		certain  bool // by its header alone
	}{
		{wrap.VXLAN(ends, 7, frame), "vxlan:7", InnerEthernet, frame, true},
		{wrap.VXLANGPE(ends, 7, v6), "vxlan:7", InnerIPv6, v6, false},
		{wrap.VXLANNSH(ends, 7, 8, v4), "vxlan:7", InnerNSH, v4, false},
		{wrap.GENEVE(ends, 7, frame), "geneve:7", InnerEthernet, frame, true},
		{wrap.GENEVEIP(ends, 7, v4), "geneve:7", InnerIPv4, v4, false},
		{wrap.GTPU(ends, 7, v4), "gtpu:7", InnerIP, v4, false},
		{wrap.LISP(ends, 7, v6), "lisp:7", InnerIP, v6, false},
		{wrap.LISPGPE(ends, 7, frame), "lisp:7", InnerEthernet, frame, false},
		{wrap.GUE(ends, v4), "gue", InnerIP, v4, false},
		{wrap.Teredo(ends, v6), "teredo", InnerIPv6, v6, false},
		{wrap.L2TP(ends, 7, v4), "l2tp:7", InnerPPP, v4, false},
		{wrap.CAPWAP(ends, frame), "capwap", InnerEthernet, frame, false},
		{wrap.TZSP(ends, frame), "tzsp", InnerEthernet, frame, false},
		{wrap.HPERM(ends, frame), "hperm", InnerEthernet, frame, false},
		{wrap.JMirror(ends, 7, v4), "jmirror:7", InnerIP, v4, false},
		{wrap.MPLSInUDP(ends, v4, 7, 8), "", InnerMPLS, v4, false},
		{wrap.GREInUDP(ends, 7, v6), "", InnerGRE, v6, false},
	} {
		payload := test.datagram[28:]
		open, port := NewPorts(nil).Opener(49152, binary.BigEndian.Uint16(test.datagram[22:]))
		tunnel, ok := open(payload, len(payload))
		layer := ""
		if tunnel.Layer.Kind != 0 {
			layer = tunnel.Layer.String()
		}
		rest := string(payload[tunnel.Header:])
		if !ok || layer != test.layer || tunnel.Inner != test.inner || !strings.HasSuffix(rest, string(test.within)) ||
			test.inner <= InnerEthernet && rest != string(test.within) {
			t.Errorf("port %d: %v, %+v, want %q", port, ok, tunnel, test.layer)
		}
		at := len(payload) - len(test.within)
		if len(test.within) == len(frame) {
			at += 12 // the EtherType
		}
		payload[at] = 0xe0
		if _, ok := open(payload, len(payload)); ok != test.certain {
			t.Errorf("port %d, %q: with junk in it %v", port, layer, ok)
		}
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
