package decode_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/file"
)

const corpusDir = "../../../shared/corpus"

var wholeCorpus = flag.Bool("corpus.all", false, "compare with tshark over every capture, not a selection (minutes)")

// tcpSegment is what both programs print of a frame's innermost TCP segment.
type tcpSegment struct {
	src, dst netip.AddrPort
	seq      uint32
	length   int
}

func (s tcpSegment) String() string {
	return fmt.Sprintf("%v > %v seq %d len %d", s.src, s.dst, s.seq, s.length)
}

// TestCorpusAgainstTshark compares, frame by frame, the innermost TCP segments
// of public captures with what tshark finds.
func TestCorpusAgainstTshark(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	names := corpusNames(t)
	if !*wholeCorpus {
		names = selection(t, names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compare(t, name)
		})
	}
}

func corpusNames(t *testing.T) []string {
	entries, err := os.ReadDir(filepath.Join(corpusDir, "pcap"))
	if err != nil {
		t.Skipf("the corpus of captures is not here: %v", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// selection returns two captures for each link type and encapsulation, none of them
// broken on purpose.
func selection(t *testing.T, names []string) []string {
	data, err := os.ReadFile(filepath.Join(corpusDir, "pcaps.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var chosen []string
	seen := map[string]int{}
	for line := range strings.Lines(string(data)) {
		var c struct {
			Name     string `json:"pcap"`
			Features []string
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(c.Features, "fuzz_or_malformed") || !slices.Contains(names, c.Name) {
			continue
		}
		wanted := false
		for _, f := range c.Features {
			if strings.HasPrefix(f, "enc:") || strings.HasPrefix(f, "link:") {
				seen[f]++
				wanted = wanted || seen[f] <= 2
			}
		}
		if wanted {
			chosen = append(chosen, c.Name)
		}
	}
	return chosen
}

// explained lists all captures in which the two differ, and why. A capture in the list
// that no longer differs is a failure, too.
var explained = []struct{ pattern, why string }{
	{"arkime__pcap_80211http.pcap", "802.11 is not decoded"},
	{"ndpi__capwap_data.pcapng", "CAPWAP carries 802.11, which is not decoded"},
	{"zeek__tunnels_gre-aruba-amsdu.pcap", "Aruba's GRE carries 802.11, which is not decoded"},
	{"*arcnet-rfc*-arp-icmp-http.pcap", "ARCNET is not decoded"},
	{"zeek__llc.pcap", "FDDI is not decoded"},
	{"zeek__dns-inverse-query.pcap", "FDDI is not decoded"},
	{"tcpdump__ipoib.pcap", "IP over InfiniBand is not decoded"},
	{"tcpdump__bgp-aigp.pcap", "Juniper's link header is not decoded"},
	{"libpcap__filter_AH-IPcomp-*.pcap", "IPComp: compressed packets are not inflated"},
	{"pcapplusplus__Tests_ExamplesTest_pcap_examples_tcp-reassembly.pcap", "a packet quoted in sFlow is no flow's segment"},
	{"suricata__filestore-5408_input.pcap", "a packet quoted in sFlow is no flow's segment"},
	{"ndpi__ip_fragmented_garbage.pcap", "TCP headers of eight and of sixteen bytes"},
	{"tcpreplay__test*.rewrite_efcs", "the tool cut four bytes off every frame and TCP header, and off its length on the wire"},
	{"tcpreplay__test*.rewrite_layer2", "IPv6 under the EtherType of IPv4: no host takes it"},
	{"tcpreplay__test.rewrite_dltuser", "IPv6 under the EtherType of IPv4: no host takes it"},
	{"suricata__drop-protocol-change_input.pcap", "a TCP header of eight bytes"},
	{"ndpi__kerberos_fuzz.pcapng", "a TCP header of eight bytes"},
	{"*tcp_header_heapoverflow.pcap", "a TCP header of twelve bytes"},
	{"ndpi__fuzz-2006-06-26-2594.pcap", "a TCP header of twelve bytes"},
	{"*bgp-bgp_capabilities_print-oobr-1.pcap", "one fragment of a datagram, which the others never followed"},
	{"ntopng__*bgp-bgp_capabilities_print-oobr-2.pcap", "one fragment of a datagram, which the others never followed"},
	{"*bgp_pmsi_tunnel-oobr.pcap", "one fragment of a datagram, which the others never followed"},
	{"ntopng__*rpki-rtr-oobr.pcap", "one fragment of a datagram, which the others never followed"},
	{"pcapplusplus__*_crash-exception-cast-constructed-record", "tshark stops at a malformed IPv4 option"},
	{"suricata__firewall_tcp-session-decode-malformed-ipv4_input.pcap", "tshark stops at a malformed IPv4 option"},
	{"pcapplusplus__*FuzzTarget-5755755617189888", "a frame that claims to be 3.6 GB long"},
}

func explanation(name string) string {
	for _, e := range explained {
		if ok, _ := filepath.Match(e.pattern, name); ok {
			return e.why
		}
	}
	return ""
}

func compare(t *testing.T, name string) {
	path := filepath.Join(corpusDir, "pcap", name)
	theirs := tsharkSegments(t, path)
	ours, frames := decodedSegments(path)
	differences := differences(ours, theirs, frames)
	t.Logf("%d frames, %d segments here, %d there, %d differ", frames, len(ours), len(theirs), len(differences))
	why := explanation(name)
	if why != "" && len(differences) == 0 {
		t.Errorf("explained (%s), but nothing differs", why)
	}
	for _, d := range differences {
		if why == "" {
			t.Error(d)
		}
	}
}

func differences(ours, theirs map[int]tcpSegment, frames int) (list []string) {
	for number := 1; number <= frames; number++ {
		a, inOurs := ours[number]
		b, inTheirs := theirs[number]
		switch {
		case a == b && inOurs == inTheirs:
		case !inTheirs:
			list = append(list, fmt.Sprintf("frame %d: %v, nothing in tshark", number, a))
		case !inOurs:
			list = append(list, fmt.Sprintf("frame %d: nothing, %v in tshark", number, b))
		default:
			list = append(list, fmt.Sprintf("frame %d: %v, %v in tshark", number, a, b))
		}
	}
	return list
}

// decodedSegments decodes a capture, as far as it can be read.
func decodedSegments(path string) (segments map[int]tcpSegment, frames int) {
	segments = map[int]tcpSegment{}
	source, err := file.Open([]string{path}, file.Options{})
	if err != nil {
		return segments, 0
	}
	defer source.Close()
	d := decode.New(decode.Options{})
	var f capture.Frame
	var p decode.Packet
	for source.Next(&f) == nil {
		frames++
		if d.Decode(&f, &p) == decode.Segment {
			segments[frames] = tcpSegment{
				netip.AddrPortFrom(p.Src.Netip(p.V6), p.SrcPort), netip.AddrPortFrom(p.Dst.Netip(p.V6), p.DstPort),
				p.Seq, len(p.Payload) + p.Missing,
			}
		}
	}
	return segments, frames
}

// tsharkSegments runs tshark over a capture.
func tsharkSegments(t *testing.T, path string) map[int]tcpSegment {
	t.Helper()
	cmd := exec.Command("tshark", "-n", "-r", path, "-Y", "tcp", "-T", "fields", "-E", "occurrence=l",
		"-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tcp.analyze_sequence_numbers:FALSE",
		"-o", "ip.defragment:TRUE", "-o", "ipv6.defragment:TRUE",
		"-e", "frame.number", "-e", "frame.protocols", "-e", "ip.src", "-e", "ip.dst", "-e", "ipv6.src", "-e", "ipv6.dst",
		"-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.seq_raw", "-e", "tcp.len")
	out, _ := cmd.Output() // a capture cut short is an error at its end
	segments := map[int]tcpSegment{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		number, s, err := tsharkSegment(strings.Split(lines.Text(), "\t"))
		if err == nil {
			segments[number] = s
		}
	}
	return segments
}

func tsharkSegment(fields []string) (number int, s tcpSegment, err error) {
	number, err = strconv.Atoi(fields[0])
	protocols := strings.Split(fields[1], ":")
	if err != nil || slices.Contains(protocols, "icmp") || slices.Contains(protocols, "icmpv6") {
		return 0, s, fmt.Errorf("not a flow's segment")
	}
	src, dst := fields[2], fields[3]
	if innermost(protocols) == "ipv6" {
		src, dst = fields[4], fields[5]
	}
	s.src, err = addrPort(src, fields[6])
	if err == nil {
		s.dst, err = addrPort(dst, fields[7])
	}
	seq, _ := strconv.ParseUint(fields[8], 10, 32)
	s.seq = uint32(seq)
	s.length, _ = strconv.Atoi(fields[9])
	return number, s, err
}

// innermost is the IP version around the last TCP header.
func innermost(protocols []string) string {
	version := ""
	for i, p := range protocols {
		if (p == "ip" || p == "ipv6") && slices.Contains(protocols[i:], "tcp") {
			version = p
		}
	}
	return version
}

func addrPort(addr, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(a, uint16(n)), err
}
