package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"tlsfloor/capture"
	"tlsfloor/capture/compress"
)

var (
	// ErrArchive: several files in one, or data that is compressed twice or in a way
	// that is not read. It may hold captures.
	ErrArchive = errors.New("archive")
	// ErrUnknown is a capture.ErrNotCapture for content that is not text either: it
	// may be a capture in a format that is not known.
	ErrUnknown = fmt.Errorf("%w", capture.ErrNotCapture)
)

// Identify says what content is that begins with head and is no capture that is
// read. The error is a capture.ErrUnsupported, ErrArchive, ErrUnknown or
// capture.ErrNotCapture. 512 bytes are enough for most formats, 16 KiB for all.
func Identify(head []byte) error {
	if f := find(captureFormats, head); f != nil {
		return &contentError{capture.ErrUnsupported, f.what, f.conversion()}
	}
	if isETL(head) {
		return &contentError{capture.ErrUnsupported, "a Windows event trace (ETL)", "convert it: etl2pcapng IN OUT, or pktmon etl2pcap IN"}
	}
	if f := find(archiveFormats, head); f != nil {
		return &contentError{ErrArchive, f.what, "unpack it first"}
	}
	if f := compress.FormatOf(head); f != nil {
		return &contentError{ErrArchive, f.Name() + " data inside other compressed data", "unpack it first"}
	}
	if err := identifyText(head); err != nil {
		return err
	}
	if !isText(head) {
		return ErrUnknown
	}
	return capture.ErrNotCapture
}

// contentError is about content that was recognised.
type contentError struct {
	kind error // capture.ErrUnsupported, ErrArchive or capture.ErrNotCapture
	what string
	// advice says how to get a capture that is read; it may be empty.
	advice string
}

func (e *contentError) Error() string {
	text := e.what
	if e.kind == capture.ErrUnsupported {
		text = fmt.Sprintf("%v: %s", capture.ErrUnsupported, e.what)
	}
	if e.advice == "" {
		return text
	}
	return text + "; " + e.advice
}

func (e *contentError) Unwrap() error { return e.kind }

// maxText is how much of a text is looked at, in bytes.
const maxText = 1024

// identifyText returns an error for text that a known program wrote, or nil.
func identifyText(head []byte) error {
	head = bytes.TrimPrefix(head[:min(len(head), maxText)], []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n")
	for _, t := range textFormats {
		if t.Match(head) {
			return &contentError{capture.ErrNotCapture, t.what, t.advice}
		}
	}
	return nil
}

// isText reports whether head is UTF-8 without control characters. A character
// that is cut off at the end of head does not count against it.
func isText(head []byte) bool {
	head = head[:min(len(head), maxText)]
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && len(head) >= utf8.UTFMax || r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
		head = head[size:]
	}
	return true
}

// format is a kind of content that is recognised by its beginning.
type format struct {
	what string
	// prefix is how it begins; recognise decides where that is not enough.
	prefix    string
	recognise func(head []byte) bool
	// noLink: editcap needs to be told the link type of a capture in this format.
	noLink bool
}

const (
	editcapPcap     = "convert it: editcap -F pcap IN OUT"
	editcapEthernet = "convert it: editcap -F pcap -T ether IN OUT"
)

func (f *format) conversion() string {
	if f.noLink {
		return editcapEthernet
	}
	return editcapPcap
}

func (f *format) matches(head []byte) bool {
	if f.recognise != nil {
		return f.recognise(head)
	}
	return bytes.HasPrefix(head, []byte(f.prefix))
}

func find(formats []format, head []byte) *format {
	for i := range formats {
		if formats[i].matches(head) {
			return &formats[i]
		}
	}
	return nil
}

// captureFormats are the formats of other capture programs that wiretap reads, and
// therefore editcap. The magic numbers are from wiretap.
var captureFormats = []format{
	{what: "Shomiti or Finisar Surveyor (snoop version 3 or later)", recognise: isShomiti},
	{what: "snoop (RFC 1761)", prefix: "snoop\x00\x00\x00"},
	{what: "Microsoft Network Monitor 1.x", prefix: "RTSS"},
	{what: "Microsoft Network Monitor 2.x", prefix: "GMBU"},
	{what: "Sniffer (DOS)", prefix: "TRSNIFF data    \x1a"},
	{what: "NetXRay, or Sniffer for Windows", prefix: "XCP\x00"},
	{what: "NetXRay 1.0", prefix: "VL\x00\x00"},
	{what: "Tektronix K12 (rf5)", prefix: "\x00\x00\x02\x00\x12\x05\x00\x10"},
	{what: "Tektronix K12 text", prefix: "+---------+---------------+----------+", noLink: true},
	{what: "EtherPeek, AiroPeek or OmniPeek", prefix: "\x7fver"},
	{what: "HP-UX nettl", prefix: "TR\x00d\x00\x00\x00\x00\x00\x00\x00\x80", noLink: true},
	{what: "HP-UX 9 nettl", prefix: "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x07\xd0\x00", noLink: true},
	{what: "AIX iptrace 1.0", prefix: "iptrace 1.0"},
	{what: "AIX iptrace 2.0", prefix: "iptrace 2.0"},
	{what: "Visual Networks", prefix: "\x05VNF"},
	{what: "Network Instruments Observer", prefix: "ObserverPktBufferVersion="},
	{what: "InfoVista 5View", recognise: is5View},
	{what: "Citrix NetScaler trace", recognise: isNetScaler},
	{what: "Bluetooth HCI log (btsnoop)", prefix: "btsnoop\x00"},
	{what: "EyeSDN trace", prefix: "EyeSDN"},
	{what: "Toshiba router trace", prefix: "T O S H I B A", noLink: true},
	{what: "Novell LANalyzer", recognise: isLANalyzer},
	{what: "EtherPeek or AiroPeek (classic)", recognise: isPeekClassic},
	{what: "TamoSoft CommView NCF", recognise: isCommView, noLink: true},
	{what: "TamoSoft CommView NCFX", recognise: isCommViewX, noLink: true},
	{what: "Endace ERF", recognise: isERF, noLink: true},
}

// archiveFormats are archives, and compression formats that are not read.
var archiveFormats = []format{
	{what: "a zip archive", prefix: "PK\x03\x04"},
	{what: "a zip archive", prefix: "PK\x05\x06"}, // empty
	{what: "a zip archive", prefix: "PK\x07\x08"}, // in parts
	{what: "a tar archive", recognise: isTar},
	{what: "a 7z archive", prefix: "7z\xbc\xaf\x27\x1c"},
	{what: "a rar archive", prefix: "Rar!\x1a\x07"},
	{what: "a cpio archive", prefix: "07070"},
	{what: "an ar archive", prefix: "!<arch>\n"},
	{what: "a cabinet archive", prefix: "MSCF\x00\x00\x00\x00"},
	{what: "compress (.Z) data", prefix: "\x1f\x9d"},
	{what: "lzip data", prefix: "LZIP\x01"},
	{what: "lzop data", prefix: "\x89LZO\x00\r\n\x1a\n"},
	{what: "lzma data", prefix: "\x5d\x00\x00\x80\x00"},
	{what: "snappy data", prefix: "\xff\x06\x00\x00sNaPpY"},
}

// textFormats are what programs print about packets. Each expression matches at the
// beginning of a text, without its byte order mark and leading blanks.
var textFormats = []struct {
	*regexp.Regexp
	what, advice string
}{
	{regexp.MustCompile(`^((\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d|\d{9,10})\.\d{6,9} (IP6?|ARP,|[0-9a-f]{2}(:[0-9a-f]{2}){5}|\S+ +(In|Out|B|M|P) )`),
		"text that tcpdump printed", "the packets are in what tcpdump -w FILE writes"},
	{regexp.MustCompile(`^(tcpdump: |reading from file |listening on )`),
		"text that tcpdump printed", "the packets are in what tcpdump -w FILE writes"},
	{regexp.MustCompile(`^(\d+ +)\d+\.\d+ +\S+ +(→|->) +\S+ `),
		"text that tshark printed", "the packets are in what tshark -w FILE writes"},
	{regexp.MustCompile(`^Frame \d+: \d+ bytes on wire`),
		"text that tshark printed", "the packets are in what tshark -w FILE writes"},
	{regexp.MustCompile(`^(<\?xml[^>]*>\s*(<(\?|!)[^>]*>\s*)*)?<(pdml|psml)\b`),
		"XML that tshark printed", "the packets are in what tshark -w FILE writes"},
	{regexp.MustCompile(`^\[\s*\{\s*"_index"\s*:\s*"packets-`),
		"JSON that tshark printed", "the packets are in what tshark -w FILE writes"},
	{regexp.MustCompile(`^\{\s*"(index|timestamp)"\s*:\s*[^\n]*"?(_index|layers)"?`),
		"JSON that tshark printed", "the packets are in what tshark -w FILE writes"},
	{regexp.MustCompile(`(?i)^(0+:? +)?(` + spaced(pcapHex) + `)`),
		"a hex dump of a pcap file", "turn it back: xxd -r IN OUT, or xxd -r -p when it has no offsets"},
	{regexp.MustCompile(`(?i)^(0+:? +)?0a *0d *0d *0a`),
		"a hex dump of a pcapng file", "turn it back: xxd -r IN OUT, or xxd -r -p when it has no offsets"},
	{regexp.MustCompile(`(?i)^0{7} +(c3d4 +a1b2|b2a1 +d4c3|3c4d +a1b2|b2a1 +4d3c) `),
		"a dump of a pcap file as 16-bit words", "hexdump -C or xxd would keep the order of the bytes"},
	{regexp.MustCompile(`(?i)^0{4,}:? +([0-9a-f]{2} ){6,}`),
		"a hex dump of packets", "turn it back: text2pcap IN OUT"},
	{regexp.MustCompile(`^(1MOyo|obLD1|TTyyo|obI8T|Cg0NC)`), // the magic numbers
		"a capture in base64", "decode it: base64 -d IN > OUT"},
	{regexp.MustCompile(`^version https://git-lfs\.github\.com/spec/`),
		"a pointer of Git LFS", "fetch the file itself: git lfs pull"},
	{regexp.MustCompile(`(?i)^<(!doctype )?html\b`),
		"an HTML page", ""},
	{regexp.MustCompile(`^(\[\s*)?\{\s*"[^"]{1,64}"\s*:`),
		"JSON", ""},
}

// pcapHex are the magic numbers of classic captures, as the bytes in a file.
const pcapHex = "d4c3b2a1|a1b2c3d4|4d3cb2a1|a1b23c4d"

// spaced returns an expression that allows blanks between the bytes.
func spaced(hex string) string {
	return regexp.MustCompile(`([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})`).ReplaceAllString(hex, "$1 *$2 *$3 *$4")
}
