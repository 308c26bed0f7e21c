package file

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"tlsfloor/capture"
	"tlsfloor/capture/compress"
)

// A foreignError is content that was recognised and is not read.
type foreignError struct {
	kind error // capture.ErrUnsupported, errArchive or capture.ErrNotCapture
	what string
	// todo is how to come by a capture that is read; it may be empty.
	todo string
}

func (e *foreignError) Error() string {
	text := e.what
	if e.kind == capture.ErrUnsupported {
		text = fmt.Sprintf("%v: %s", capture.ErrUnsupported, e.what)
	}
	if e.todo == "" {
		return text
	}
	return text + "; " + e.todo
}

func (e *foreignError) Unwrap() error { return e.kind }

// errArchive: files packed into one, or packed twice.
var errArchive = errors.New("archive")

// format is content with a name, known by how it begins.
type format struct {
	what string
	// begins is how it begins; recognise decides where that is not enough.
	begins    string
	recognise func(head []byte) bool
	// relabel: to editcap, a capture in this format is of no one link type.
	relabel bool
}

const (
	editcapPcap     = "convert it: editcap -F pcap IN OUT"
	editcapEthernet = "convert it: editcap -F pcap -T ether IN OUT"
)

func (f *format) conversion() string {
	if f.relabel {
		return editcapEthernet
	}
	return editcapPcap
}

func (f *format) matches(head []byte) bool {
	if f.recognise != nil {
		return f.recognise(head)
	}
	return bytes.HasPrefix(head, []byte(f.begins))
}

func find(formats []format, head []byte) *format {
	for i := range formats {
		if formats[i].matches(head) {
			return &formats[i]
		}
	}
	return nil
}

// notRead says what content with this beginning is, which is no capture that
// is read.
func notRead(head []byte) error {
	if f := find(captureFormats, head); f != nil {
		return &foreignError{capture.ErrUnsupported, f.what, f.conversion()}
	}
	if isETL(head) {
		return &foreignError{capture.ErrUnsupported, "a Windows event trace (ETL)", "convert it: etl2pcapng IN OUT, or pktmon etl2pcap IN"}
	}
	if f := find(archiveFormats, head); f != nil {
		return &foreignError{errArchive, f.what, "unpack it first"}
	}
	if c := compress.FormatOf(head); c != nil {
		return &foreignError{errArchive, c.Name() + " data inside other compressed data", "unpack it first"}
	}
	if e := textOf(head); e != nil {
		return e
	}
	if !printable(head) {
		return errUnknown
	}
	return capture.ErrNotCapture
}

// printable reports whether content begins as text does. Anything else that is
// not recognised may be a capture in a format that is not known here.
func printable(head []byte) bool {
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

// captureFormats are the formats of other capture programs that wiretap, and so
// editcap, reads. The magic numbers are wiretap's.
var captureFormats = []format{
	{what: "Shomiti or Finisar Surveyor (snoop version 3 or later)", recognise: isShomiti},
	{what: "snoop (RFC 1761)", begins: "snoop\x00\x00\x00"},
	{what: "Microsoft Network Monitor 1.x", begins: "RTSS"},
	{what: "Microsoft Network Monitor 2.x", begins: "GMBU"},
	{what: "Sniffer (DOS)", begins: "TRSNIFF data    \x1a"},
	{what: "NetXRay, or Sniffer for Windows", begins: "XCP\x00"},
	{what: "NetXRay 1.0", begins: "VL\x00\x00"},
	{what: "Tektronix K12 (rf5)", begins: "\x00\x00\x02\x00\x12\x05\x00\x10"},
	{what: "Tektronix K12 text", begins: "+---------+---------------+----------+", relabel: true},
	{what: "EtherPeek, AiroPeek or OmniPeek", begins: "\x7fver"},
	{what: "HP-UX nettl", begins: "TR\x00d\x00\x00\x00\x00\x00\x00\x00\x80", relabel: true},
	{what: "HP-UX 9 nettl", begins: "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x07\xd0\x00", relabel: true},
	{what: "AIX iptrace 1.0", begins: "iptrace 1.0"},
	{what: "AIX iptrace 2.0", begins: "iptrace 2.0"},
	{what: "Visual Networks", begins: "\x05VNF"},
	{what: "Network Instruments Observer", begins: "ObserverPktBufferVersion="},
	{what: "InfoVista 5View", recognise: is5View},
	{what: "Citrix NetScaler trace", recognise: isNetScaler},
	{what: "Bluetooth HCI log (btsnoop)", begins: "btsnoop\x00"},
	{what: "EyeSDN trace", begins: "EyeSDN"},
	{what: "Toshiba router trace", begins: "T O S H I B A", relabel: true},
	{what: "Novell LANalyzer", recognise: isLANalyzer},
	{what: "EtherPeek or AiroPeek (classic)", recognise: isPeekClassic},
	{what: "TamoSoft CommView NCF", recognise: isCommView, relabel: true},
	{what: "TamoSoft CommView NCFX", recognise: isCommViewX, relabel: true},
	{what: "Endace ERF", recognise: isERF, relabel: true},
}

// archiveFormats hold files, or are compressed in a way that is not read.
var archiveFormats = []format{
	{what: "a zip archive", begins: "PK\x03\x04"},
	{what: "a zip archive", begins: "PK\x05\x06"}, // empty
	{what: "a zip archive", begins: "PK\x07\x08"}, // in parts
	{what: "a tar archive", recognise: isTar},
	{what: "a 7z archive", begins: "7z\xbc\xaf\x27\x1c"},
	{what: "a rar archive", begins: "Rar!\x1a\x07"},
	{what: "a cpio archive", begins: "07070"},
	{what: "an ar archive", begins: "!<arch>\n"},
	{what: "a cabinet archive", begins: "MSCF\x00\x00\x00\x00"},
	{what: "compress (.Z) data", begins: "\x1f\x9d"},
	{what: "lzip data", begins: "LZIP\x01"},
	{what: "lzop data", begins: "\x89LZO\x00\r\n\x1a\n"},
	{what: "lzma data", begins: "\x5d\x00\x00\x80\x00"},
	{what: "snappy data", begins: "\xff\x06\x00\x00sNaPpY"},
}
