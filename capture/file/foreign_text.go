package file

import (
	"bytes"
	"regexp"

	"tlsfloor/capture"
)

// texts are what programs print about packets. Each expression is anchored to
// the beginning of a text whose byte order mark and blanks were removed.
var texts = []struct {
	*regexp.Regexp
	what, todo string
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

// pcapHex are the magic numbers of classic captures as they lie in files.
const pcapHex = "d4c3b2a1|a1b2c3d4|4d3cb2a1|a1b23c4d"

// spaced allows blanks between the bytes.
func spaced(hex string) string {
	return regexp.MustCompile(`([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})`).ReplaceAllString(hex, "$1 *$2 *$3 *$4")
}

// maxText is how much of a text is looked at.
const maxText = 1024

// textOf says which program's text begins so; nil: no known one's.
func textOf(head []byte) error {
	head = bytes.TrimPrefix(head[:min(len(head), maxText)], []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n")
	for _, t := range texts {
		if t.Match(head) {
			return &foreignError{capture.ErrNotCapture, t.what, t.todo}
		}
	}
	return nil
}
