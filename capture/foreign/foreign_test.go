package foreign

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// formats maps the formats that editcap writes to the names in the errors.
var formats = map[string]string{
	"snoop":          "snoop (RFC 1761)",
	"netmon1":        "Microsoft Network Monitor 1.x",
	"netmon2":        "Microsoft Network Monitor 2.x",
	"ngsniffer":      "Sniffer (DOS)",
	"ngwsniffer_1_1": "NetXRay, or Sniffer for Windows",
	"ngwsniffer_2_0": "NetXRay, or Sniffer for Windows",
	"lanalyzer":      "Novell LANalyzer",
	"k12text":        "Tektronix K12 text",
	"nettl":          "HP-UX nettl",
	"visual":         "Visual Networks",
	"observer":       "Network Instruments Observer",
	"5views":         "InfoVista 5View",
	"commview-ncf":   "TamoSoft CommView NCF",
	"commview-ncfx":  "TamoSoft CommView NCFX",
}

func TestFormatsOfEditcap(t *testing.T) {
	for format, name := range formats {
		head, err := os.ReadFile("testdata/" + format + ".head")
		check(t, err)
		wantForeign(t, head, name, advice(format))
	}
}

// advice is the advice in the error about a capture in a format of editcap.
func advice(format string) string {
	switch format {
	case "k12text", "nettl", "commview-ncf", "commview-ncfx":
		return editcapEthernet
	}
	return editcapPcap
}

// identify passes on as much of content as the source does.
func identify(content []byte) error { return Identify(content[:min(len(content), 16<<10)]) }

func wantForeign(t *testing.T, content []byte, name, advice string) {
	t.Helper()
	err := identify(content)
	want := "unsupported capture format: " + name + "; " + advice
	if !errors.Is(err, capture.ErrUnsupported) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestForeignHeaders: formats that editcap reads but does not write.
func TestForeignHeaders(t *testing.T) {
	be, le := binary.BigEndian, binary.LittleEndian
	etl := make([]byte, 256)
	le.PutUint32(etl, 65536)
	le.PutUint32(etl[4:], 4096)
	le.PutUint32(etl[72:], 0xc0020002)
	if err := identify(etl); !errors.Is(err, capture.ErrUnsupported) || !strings.HasSuffix(err.Error(), "a Windows event trace (ETL); convert it: etl2pcapng IN OUT, or pktmon etl2pcap IN") {
		t.Errorf("ETL: %v", err)
	}
	peek := make([]byte, 200)
	peek[0] = 6
	be.PutUint32(peek[2:], 200)
	be.PutUint32(peek[6:], 3)
	tests := map[string][]byte{
		"Shomiti or Finisar Surveyor (snoop version 3 or later)": []byte("snoop\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x04"),
		"NetXRay 1.0":                     []byte("VL\x00\x00 and so on"),
		"Tektronix K12 (rf5)":             []byte("\x00\x00\x02\x00\x12\x05\x00\x10\x00\x00\x10\x00"),
		"EtherPeek, AiroPeek or OmniPeek": []byte("\x7fver\x30\x00\x00\x00<?xml"),
		"EtherPeek or AiroPeek (classic)": peek,
		"AIX iptrace 1.0":                 []byte("iptrace 1.0\x00\x00"),
		"AIX iptrace 2.0":                 []byte("iptrace 2.0\x00\x00"),
		"Citrix NetScaler trace":          []byte("\x01\x01\x20\x00NetScaler Performance Data\x00\x00"),
		"Bluetooth HCI log (btsnoop)":     []byte("btsnoop\x00\x00\x00\x00\x01\x00\x00\x03\xea"),
	}
	for name, content := range tests {
		wantForeign(t, content, name, editcapPcap)
	}
	wantForeign(t, []byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x07\xd0\x00/tmp"), "HP-UX 9 nettl", editcapEthernet)
}

func TestERF(t *testing.T) {
	for _, n := range []int{1, 2, 3, 100} {
		wantForeign(t, captures.ERF(n), "Endace ERF", editcapEthernet)
	}
	wantForeign(t, captures.ERF(3)[:200], "Endace ERF", editcapEthernet)
	tests := map[string]func([]byte){
		"type 0":         func(b []byte) { b[8] = 0 },
		"unknown type":   func(b []byte) { b[78+8] = 99 },
		"short length":   func(b []byte) { b[10], b[11] = 0, 15 },
		"two years off":  func(b []byte) { b[78+7] ^= 4 },
		"no wire length": func(b []byte) { b[14], b[15] = 0, 0 },
	}
	for name, spoil := range tests {
		content := captures.ERF(3)
		spoil(content)
		if isERF(content) {
			t.Errorf("%s: still taken for ERF", name)
		}
	}
}

// TestNoiseIsNoFormat: noise, zeros and text are not recognised as a format without a
// magic number.
func TestNoiseIsNoFormat(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 82))
	content := make([]byte, 1024)
	for range 20_000 {
		for i := range content {
			content[i] = byte(r.Uint32())
		}
		if err := identify(content); !errors.Is(err, capture.ErrNotCapture) {
			t.Fatalf("noise is %v: %x", err, content[:64])
		}
	}
	for c := range 256 {
		same := bytes.Repeat([]byte{byte(c)}, 1024)
		if err := identify(same); !errors.Is(err, capture.ErrNotCapture) {
			t.Errorf("1024 bytes of %#x are %v", c, err)
		}
	}
	for _, text := range []string{"", "x", "These are notes, not packets.", strings.Repeat("a, b, c\n", 200)} {
		if err := identify([]byte(text)); !errors.Is(err, capture.ErrNotCapture) {
			t.Errorf("%.20q is %v", text, err)
		}
	}
}

func TestArchives(t *testing.T) {
	content := captures.Pcap(t, captures.RandomFrames(rand.New(rand.NewPCG(83, 84)), 3))
	tarred := captures.Tar(t, tar.FormatUSTAR, content)
	old := captures.Tar(t, tar.FormatUSTAR, content)
	copy(old[257:265], make([]byte, 8))
	copy(old[148:156], checksum(old[:512]))
	tests := map[string][]byte{
		"a zip archive; unpack it first":                          captures.Zip(t, content),
		"a tar archive; unpack it first":                          tarred,
		"a 7z archive; unpack it first":                           []byte("7z\xbc\xaf\x27\x1c\x00\x04"),
		"a rar archive; unpack it first":                          []byte("Rar!\x1a\x07\x01\x00"),
		"a cpio archive; unpack it first":                         []byte("070701000000"),
		"compress (.Z) data; unpack it first":                     []byte("\x1f\x9d\x90\x00"),
		"gzip data inside other compressed data; unpack it first": captures.Compressors["gzip"](t, content),
		"lzma data; unpack it first":                              []byte("\x5d\x00\x00\x80\x00\xff\xff\xff\xff"),
		"a cabinet archive; unpack it first":                      []byte("MSCF\x00\x00\x00\x00\x10"),
		"an ar archive; unpack it first":                          []byte("!<arch>\ndebian-binary"),
		"lzip data; unpack it first":                              []byte("LZIP\x01\x0c"),
		"lzop data; unpack it first":                              []byte("\x89LZO\x00\r\n\x1a\n"),
		"snappy data; unpack it first":                            []byte("\xff\x06\x00\x00sNaPpY"),
	}
	for want, content := range tests {
		wantNamed(t, content, ErrArchive, want)
	}
	wantNamed(t, old, ErrArchive, "a tar archive; unpack it first")
}

func wantNamed(t *testing.T, content []byte, kind error, want string) {
	t.Helper()
	err := identify(content)
	if !errors.Is(err, kind) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// checksum returns the checksum of a tar header, in the form that the header has it.
func checksum(header []byte) []byte {
	sum := 8 * int(' ')
	for i, c := range header {
		if i < 148 || i >= 156 {
			sum += int(c)
		}
	}
	b := []byte("000000\x00 ")
	for i := 5; i >= 0; i-- {
		b[i] = '0' + byte(sum&7)
		sum >>= 3
	}
	return b
}

const (
	tcpdumpText = "text that tcpdump printed; the packets are in what tcpdump -w FILE writes"
	tsharkText  = "text that tshark printed; the packets are in what tshark -w FILE writes"
	tsharkXML   = "XML that tshark printed; the packets are in what tshark -w FILE writes"
	tsharkJSON  = "JSON that tshark printed; the packets are in what tshark -w FILE writes"
	hexOfPcap   = "a hex dump of a pcap file; turn it back: xxd -r IN OUT, or xxd -r -p when it has no offsets"
)

// TestPrinted: text that tcpdump 4.99 and tshark 4.0 print, and dumps of captures.
func TestPrinted(t *testing.T) {
	content := captures.Pcap(t, captures.RandomFrames(rand.New(rand.NewPCG(85, 86)), 1))
	tests := map[string][]string{
		tcpdumpText: {
			"00:17:31.237017 IP6 :: > ff02::16: HBH ICMP6, multicast listener report v2",
			"00:17:31.401446 ARP, Request who-has 192.0.2.10 tell 10.0.0.5, length 28",
			"2026-11-21 00:17:31.237017 16:45:93:b7:d2:04 > 33:33:00:00:00:16, ethertype IPv6 (0x86dd), length 90",
			"1795220251.237017 IP 10.0.0.5.40000 > 192.0.2.10.443: Flags [S]",
			"00:17:31.237017 eth0  Out IP 10.0.0.5.40000 > 192.0.2.10.443: Flags [S]",
			"reading from file x.pcap, link-type EN10MB (Ethernet)\n00:17:31.237017 IP",
		},
		tsharkText: {
			"    1   0.000000           :: → ff02::16     ICMPv6 90 Multicast Listener Report Message v2",
			"Frame 1: 90 bytes on wire (720 bits), 90 bytes captured (720 bits)",
		},
		tsharkXML: {
			"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"pdml2html.xsl\"?>\n<!-- about it -->\n<pdml version=\"0\">",
			"<?xml version=\"1.0\"?>\n<psml version=\"0\">",
		},
		tsharkJSON: {
			"[\n  {\n    \"_index\": \"packets-2026-11-21\",",
			"{\"index\":{\"_index\":\"packets-2026-11-21\",\"_type\":\"doc\"}}",
		},
		hexOfPcap: {
			"00000000: d4c3 b2a1 0200 0400 0000 0000 0000 0000  ................",
			"00000000  d4 c3 b2 a1 02 00 04 00  00 00 00 00 00 00 00 00  |................|",
			hex.EncodeToString(content),
			"A1B2C3D4000200040000",
		},
		"a hex dump of packets; turn it back: text2pcap IN OUT":                                      {"000000 00 0e b6 00 00 02 00 0e b6 00 00 01 08 00 45 00"},
		"a dump of a pcap file as 16-bit words; hexdump -C or xxd would keep the order of the bytes": {"0000000 c3d4 a1b2 0002 0004 0000 0000 0000 0000"},
		"a capture in base64; decode it: base64 -d IN > OUT":                                         {base64.StdEncoding.EncodeToString(content), base64.StdEncoding.EncodeToString(captures.Pcapng(t, nil))},
		"a pointer of Git LFS; fetch the file itself: git lfs pull":                                  {"version https://git-lfs.github.com/spec/v1\noid sha256:12\n"},
		"an HTML page": {"\n<!DOCTYPE html>\n<html>"},
		"JSON":         {`{"events": []}`},
	}
	for want, texts := range tests {
		for _, text := range texts {
			wantNamed(t, []byte(text), capture.ErrNotCapture, want)
		}
	}
}

// TestPrintedByTcpdump: the same from the installed versions.
func TestPrintedByTcpdump(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	for _, of := range []struct{ command, options, want string }{
		{"tcpdump", "-nn -r", tcpdumpText}, {"tcpdump", "-ttttenn -r", tcpdumpText}, {"tcpdump", "-ttnr", tcpdumpText},
		{"tshark", "-r", tsharkText}, {"tshark", "-V -r", tsharkText}, {"tshark", "-T json -r", tsharkJSON},
		{"tshark", "-T ek -r", tsharkJSON}, {"tshark", "-T pdml -r", tsharkXML}, {"xxd", "", hexOfPcap}, {"xxd", "-p", hexOfPcap},
	} {
		command, err := exec.LookPath(of.command)
		if err != nil {
			t.Logf("%s is not installed", of.command)
			continue
		}
		path, err := filepath.Abs("../../testdata/captures/openssl-tls10-sni.pcap")
		check(t, err)
		text, err := exec.Command(command, append(strings.Fields(of.options), path)...).Output()
		check(t, err)
		wantNamed(t, text, capture.ErrNotCapture, of.want)
	}
}

// FuzzForeign: any content has an error of a known kind, of one line.
func FuzzForeign(f *testing.F) {
	for format := range formats {
		head, err := os.ReadFile("testdata/" + format + ".head")
		check(f, err)
		f.Add(head)
	}
	f.Add(captures.ERF(3))
	f.Add(make([]byte, 512))
	f.Add([]byte("00:17:31.401446 ARP, Request who-has 192.0.2.10 tell 10.0.0.5, length 28"))
	f.Fuzz(func(t *testing.T, head []byte) {
		err := Identify(head)
		known := errors.Is(err, capture.ErrUnsupported) || errors.Is(err, capture.ErrNotCapture) || errors.Is(err, ErrArchive)
		if !known || err.Error() == "" || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%v", err)
		}
	})
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
