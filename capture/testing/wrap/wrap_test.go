package wrap_test

import (
	"bytes"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"tlsfloor/capture/testing/wrap"
)

var (
	outer4 = wrap.Ends{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2")}
	outer6 = wrap.Ends{Src: netip.MustParseAddr("2001:db8:1::1"), Dst: netip.MustParseAddr("2001:db8:1::2")}
)

func segment(src, dst string) []byte {
	return wrap.TCP(wrap.Segment{
		Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort(dst),
		Seq: 0xfedcba98, Ack: 1, Flags: 0x10, Options: []byte{1, 1, 1, 0},
	}, []byte("odd"))
}

// wrapped is a frame, and the protocols that tshark finds in it.
type wrapped struct {
	frame     []byte
	protocols string
}

func everyWrapper() []wrapped {
	v4 := segment("10.0.0.5:40312", "10.0.0.6:9")
	v6 := segment("[2001:0:cb00:7101::1]:40312", "[2001:db8::6]:9")
	frame, ip := wrap.Ethernet(v4), wrap.Ethernet
	list := []wrapped{
		{frame, "eth:ethertype:ip:tcp"},
		{ip(v6), "eth:ethertype:ipv6:tcp"},
		{wrap.SNAP(v4), "eth:llc:ip:tcp"},
		{wrap.VLAN(frame, 5), "eth:ethertype:vlan:ethertype:ip:tcp"},
		{wrap.QinQ(frame, 5, 6), "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype:ip:tcp"},
		{wrap.CiscoMeta(frame, 15), "eth:ethertype:cmd:ethertype:ip:tcp"},
		{wrap.MPLS(frame, 100), "eth:ethertype:mpls:ip:tcp"},
		{wrap.MPLS(ip(v6), 100, 200), "eth:ethertype:mpls:ipv6:tcp"},
		{wrap.MPLSEthernet(frame, 300), "eth:ethertype:mpls:eth:ethertype:ip:tcp"},
		{wrap.PPPoE(frame, 7), "eth:ethertype:pppoes:ppp:ip:tcp"},
		{wrap.PPPoE(ip(v6), 7), "eth:ethertype:pppoes:ppp:ipv6:tcp"},
		{wrap.PBB(frame, 70000), "eth:ethertype:ieee8021ah:ethertype:ip:tcp"},
		{ip(wrap.IPIP(outer4, v4)), "eth:ethertype:ip:ip:tcp"},
		{ip(wrap.IPIP(outer6, v4)), "eth:ethertype:ipv6:ip:tcp"},
		{ip(wrap.IPIP(outer4, v6)), "eth:ethertype:ip:ipv6:tcp"},
		{ip(wrap.GRE(outer4, v4)), "eth:ethertype:ip:gre:ip:tcp"},
		{ip(wrap.GREKeyed(outer6, 9, v6)), "eth:ethertype:ipv6:gre:ipv6:tcp"},
		{ip(wrap.GREBridge(outer4, frame)), "eth:ethertype:ip:gre:eth:ethertype:ip:tcp"},
		{ip(wrap.NVGRE(outer4, 5000, frame)), "eth:ethertype:ip:gre:eth:ethertype:ip:tcp"},
		{ip(wrap.ERSPAN1(outer4, frame)), "eth:ethertype:ip:gre:erspan:eth:ethertype:ip:tcp"},
		{ip(wrap.ERSPAN2(outer4, 10, frame)), "eth:ethertype:ip:gre:erspan:eth:ethertype:ip:tcp"},
		{ip(wrap.ERSPAN3(outer4, 10, frame)), "eth:ethertype:ip:gre:erspan:eth:ethertype:ip:tcp"},
		{ip(wrap.PPTP(outer4, 7, v4)), "eth:ethertype:ip:gre:ppp:ip:tcp"},
		{ip(wrap.VXLAN(outer4, 7, frame)), "eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp"},
		{ip(wrap.VXLAN(outer6, 7, frame)), "eth:ethertype:ipv6:udp:vxlan:eth:ethertype:ip:tcp"},
		{ip(wrap.GENEVE(outer4, 7, frame)), "eth:ethertype:ip:udp:geneve:eth:ethertype:ip:tcp"},
		{ip(wrap.GENEVEIP(outer4, 7, v4)), "eth:ethertype:ip:udp:geneve:ip:tcp"},
		{ip(wrap.GTPU(outer4, 7, v4)), "eth:ethertype:ip:udp:gtp:ip:tcp"},
		{ip(wrap.Teredo(outer4, v6)), "eth:ethertype:ip:udp:teredo:ipv6:tcp"},
		{ip(wrap.L2TP(outer4, 7, v4)), "eth:ethertype:ip:udp:l2tp:ppp:ip:tcp"},
		{wrap.Tag(frame, 0x9100, 5), "eth:ethertype:vlan:ethertype:ip:tcp"},
		{wrap.VNTag(frame, 5), "eth:ethertype:vntag:ethertype:ip:tcp"},
		{wrap.ETag(frame, 5), "eth:ethertype:etag:ethertype:ip:tcp"},
		{wrap.TTag(frame), "eth:ethertype:hbbak:ethertype:ip:tcp"},
		{wrap.Arista(frame), "eth:ethertype:avsp:ethertype:ip:tcp"},
		{wrap.RTag(frame), "eth:ethertype:ieee8021cb:ethertype:ip:tcp"},
		{wrap.HSR(frame), "eth:ethertype:hsr:ip:tcp"},
		{wrap.MACsec(frame), "eth:ethertype:macsec:ethertype:ip:tcp"},
		{wrap.FabricPath(frame), "eth:cfp:eth:ethertype:ip:tcp"},
		{wrap.TRILL(frame), "eth:ethertype:trill:eth:ethertype:ip:tcp"},
		{wrap.ISL(frame, 5), "eth:eth:ethertype:ip:tcp"},
		{wrap.NSH(frame, 5), "eth:ethertype:nsh:ip:tcp"},
		{wrap.NSH(ip(v6), 5), "eth:ethertype:nsh:ipv6:tcp"},
		{wrap.NSHEthernet(frame, 5), "eth:ethertype:nsh:eth:ethertype:ip:tcp"},
		{ip(wrap.VXLANGPE(outer4, 7, v6)), "eth:ethertype:ip:udp:ipv6:tcp"},
		{ip(wrap.VXLANNSH(outer4, 7, 8, v4)), "eth:ethertype:ip:udp:nsh:ip:tcp"},
		{ip(wrap.LISP(outer4, 7, v4)), "eth:ethertype:ip:udp:lisp-data:ip:tcp"},
		{ip(wrap.LISPGPE(outer4, 7, frame)), "eth:ethertype:ip:udp:lisp-data"},
		{ip(wrap.TZSP(outer4, frame)), "eth:ethertype:ip:udp:tzsp:eth:ethertype:ip:tcp"},
		{ip(wrap.HPERM(outer4, frame)), "eth:ethertype:ip:udp:hp_erm:eth:ethertype:ip:tcp"},
		{ip(wrap.JMirror(outer4, 7, v4)), "eth:ethertype:ip:udp:jmirror:ip:tcp"},
		{ip(wrap.CAPWAP(outer4, frame)), "eth:ethertype:ip:udp:capwap.data:eth:ethertype:ip:tcp"},
		{ip(wrap.MPLSInUDP(outer4, v4, 7, 8)), "eth:ethertype:ip:udp:mpls:ip:tcp"},
		{ip(wrap.GREInUDP(outer4, 7, v6)), "eth:ethertype:ip:udp:gre:ipv6:tcp"},
		{ip(wrap.GUE(outer4, v4)), "eth:ethertype:ip:udp:data"}, // no dissector
		{ip(wrap.EoIP(outer4, 7, frame)), "eth:ethertype:ip:gre:eth:ethertype:ip:tcp"},
		{ip(wrap.EtherIP(outer4, frame)), "eth:ethertype:ip:etherip:eth:ethertype:ip:tcp"},
	}
	for _, whole := range [][]byte{v4, v6} {
		fragments := wrap.Fragments(whole, 72, 5)
		for _, f := range fragments[:len(fragments)-1] {
			list = append(list, wrapped{ip(f), ""})
		}
		protocols := "eth:ethertype:ip:tcp"
		if len(whole) == len(v6) {
			protocols = "eth:ethertype:ipv6:ipv6.fraghdr:tcp"
		}
		list = append(list, wrapped{ip(fragments[len(fragments)-1]), protocols})
	}
	return list
}

// tshark finds the encapsulations that the wrappers built, and every length and checksum
// right.
func TestIndependentDissector(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	list := everyWrapper()
	lines := dissect(t, list)
	if len(lines) != len(list) {
		t.Fatalf("%d lines for %d frames", len(lines), len(list))
	}
	for i, line := range lines {
		protocols, verdicts, _ := strings.Cut(line, "\t")
		if want := list[i].protocols; want != "" && protocols != want && protocols != want+":data" {
			t.Errorf("frame %d: %s, want %s", i+1, protocols, want)
		}
		if strings.Contains(verdicts, "Malformed") || strings.ContainsAny(verdicts, "02") {
			t.Errorf("frame %d (%s): %q", i+1, protocols, verdicts)
		}
	}
}

// dissect has tshark write a line for each frame: the protocols, and the
// verdicts on checksums (1 is good, 0 bad, 2 unverified).
func dissect(t *testing.T, list []wrapped) []string {
	t.Helper()
	cmd := exec.Command("tshark", "-n", "-r", "-", "-T", "fields",
		"-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-d", "mpls.label==300,pwethcw", // nothing in the packet tells it
		"-d", "udp.port==7932,hp_erm",
		"-e", "frame.protocols", "-e", "ip.checksum.status", "-e", "udp.checksum.status",
		"-e", "tcp.checksum.status", "-e", "_ws.malformed")
	cmd.Stdin = captureFile(t, list)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n")
}

func captureFile(t *testing.T, list []wrapped) *bytes.Buffer {
	t.Helper()
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		info := gopacket.CaptureInfo{CaptureLength: len(f.frame), Length: len(f.frame)}
		if err := w.WritePacket(info, f.frame); err != nil {
			t.Fatal(err)
		}
	}
	return &file
}

// Wrapping does not change its argument, even where the slice has capacity left.
func TestArgumentsAreNotChanged(t *testing.T) {
	packet := segment("10.0.0.5:40312", "10.0.0.6:9")
	frame := append(wrap.Ethernet(packet), make([]byte, 64)...)[:14+len(packet)]
	before := bytes.Clone(frame[:cap(frame)])
	for _, f := range [](func([]byte) []byte){
		func(b []byte) []byte { return wrap.QinQ(b, 1, 2) },
		func(b []byte) []byte { return wrap.MPLS(b, 1) },
		func(b []byte) []byte { return wrap.MPLSEthernet(b, 1) },
		func(b []byte) []byte { return wrap.PPPoE(b, 1) },
		func(b []byte) []byte { return wrap.CiscoMeta(b, 1) },
		func(b []byte) []byte { return wrap.VXLAN(outer4, 1, b) },
		func(b []byte) []byte { return wrap.ERSPAN3(outer4, 1, b) },
	} {
		f(frame)
		if !bytes.Equal(frame[:cap(frame)], before) {
			t.Fatal("changed")
		}
	}
}
