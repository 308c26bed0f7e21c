package file

import (
	"encoding/binary"
	"io"
	"math/bits"

	"tlsfloor/capture"
)

// A variant is a kind of classic capture with a magic number of its own.
type variant struct {
	magic uint32 // also occurs in the other byte order
	// unit is the length of a unit of the fraction of a second, in ns.
	unit int64
	// extra is how many bytes the file header is longer.
	extra int
	// records are the lengths that a record's header may have, the usual one
	// first: some programs changed it and kept the magic number.
	records []int
}

// What is known of them is libpcap's sf-pcap.c, wiretap's libpcap.c and
// netsniff-ng's pcap_io.h.
var variants = []variant{
	// 24 bytes: a patch of 1999, in Red Hat 6.1; 20: Nokia's IPSO.
	{0xa1b2c3d4, 1000, 0, []int{16, 24, 20}},
	{magicNanoseconds, 1, 0, []int{16}},
	// Alexey Kuznetzov's patched libpcap; 28: an earlier patch, in SuSE 6.3.
	{0xa1b2cd34, 1000, 0, []int{24, 28}},
	// netsniff-ng, with interface, protocol and packet type.
	{0xa1e2cb12, 1, 0, []int{24}},
	// Ixia's "lcap", by software and by hardware; the length of all records
	// ends the file header.
	{0x1c0001ab, 1000, 4, []int{16}},
	{0x1c0001ac, 1, 4, []int{16}},
}

const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
	magicModified     = 0xa1b2cd34
)

const reservedLinkBits = 0x03ff0000

// variantOf returns the variant with this magic number; nil: none.
func variantOf(magic uint32) *variant {
	for i := range variants {
		if variants[i].magic == magic {
			return &variants[i]
		}
	}
	return nil
}

// pcapMagic reports whether head, of four bytes or more, begins a classic
// capture.
func pcapMagic(head []byte) bool {
	magic := binary.LittleEndian.Uint32(head)
	return variantOf(magic) != nil || variantOf(bits.ReverseBytes32(magic)) != nil
}

// fileHeader is the header of a classic capture.
type fileHeader struct {
	variant      *variant
	bigEndian    bool
	major, minor uint16
	zone         int32 // seconds, as good as always 0
	accuracy     uint32
	link         uint32
}

// readFileHeader reads the header at the beginning of b, for which pcapMagic
// is true.
func readFileHeader(b []byte) (h fileHeader) {
	var order binary.ByteOrder = binary.LittleEndian
	if h.variant = variantOf(order.Uint32(b)); h.variant == nil {
		h.bigEndian, order = true, binary.BigEndian
		h.variant = variantOf(order.Uint32(b))
	}
	h.major, h.minor = order.Uint16(b[4:]), order.Uint16(b[6:])
	h.zone, h.accuracy = int32(order.Uint32(b[8:])), order.Uint32(b[12:])
	h.link = order.Uint32(b[20:])
	return h
}

// knownVersion: 543.0 is DG/UX's.
func knownVersion(major, minor uint16) bool {
	return major == 2 && minor <= 4 || major == 543 && minor == 0
}

// aixLinks gives the link type for the interface type (RFC 1573, ifType) that
// AIX writes in its place, as libpcap maps them on AIX (pcap-bpf.c).
var aixLinks = map[uint32]capture.LinkType{
	6:  capture.LinkEthernet,
	7:  capture.LinkEthernet, // IEEE 802.3
	9:  6,                    // token ring: IEEE802_5
	15: 10,                   // FDDI
	24: capture.LinkNull,     // loopback
}

// aixLink recognises AIX's tcpdump by its version, which libpcap left behind
// before its link types had these numbers. Its fractions are nanoseconds.
func (h *fileHeader) aixLink() (capture.LinkType, bool) {
	if h.variant.magic != magicMicroseconds || h.major != 2 || h.minor != 2 {
		return 0, false
	}
	link, ok := aixLinks[h.link]
	return link, ok
}

// lookAhead finds out, by the records that are to come, what the file header
// leaves open: how long their headers are, and whether they hold nanoseconds.
func (r *pcapReader) lookAhead(v *variant) {
	ahead := r.w.peek(maxAhead)
	usual := r.walk(ahead, v.records[0])
	for _, length := range v.records[1:] {
		if other := r.walk(ahead, length); !usual.whole && other.whole && other.records > 1 {
			r.headerLen, usual = length, other
		}
	}
	if usual.fraction > r.maxFraction {
		r.overflow(usual.fraction)
	}
}

// trail is what a walk over records found.
type trail struct {
	records  int
	whole    bool   // every header makes sense
	fraction uint32 // the largest of a second
}

// walk goes over the records that begin in ahead, should their headers have
// this length.
func (r *pcapReader) walk(ahead []byte, headerLen int) (t trail) {
	for t.records < maxWalk && len(ahead) >= headerLen && !beginsFile(ahead) {
		h := readHeader(ahead[:16])
		if r.foreign {
			h = r.convert(h)
		}
		if h.seconds == 0 || h.fraction >= nanoseconds || h.captured == 0 || h.captured > min(h.length, maxCaptured) || h.length > maxWire {
			return t
		}
		t.records++
		t.fraction = max(t.fraction, h.fraction)
		ahead = ahead[min(headerLen+int(h.captured), len(ahead)):]
	}
	t.whole = true
	return t
}

// maxWalk is how many records a walk goes over.
const maxWalk = 64

// maxWire is more than any frame has on the wire, in bytes.
const maxWire = 128 << 20

// maxZone bounds the time zone in a header, in seconds.
const maxZone = 24 * 60 * 60

// beginsFile reports whether b, of 16 bytes or more, begins another capture
// where a record or a block could be.
//
// Read as a record, a classic header is one of no bytes, neither captured nor
// on the wire, or, with a time zone, of more than there can be; a section's
// byte-order magic is a length, one or the other, of 439 MB or more. Read as a block, a
// classic header has a length that is no multiple of 4, or too large, but for
// one case: 131,076, of a type for local use, in big-endian.
func beginsFile(b []byte) bool {
	if pcapngMagic(b) {
		_, ok := sectionOrder(b[blockHeaderLen:])
		return ok
	}
	if !pcapMagic(b) {
		return false
	}
	if len(b) < pcapHeaderLen {
		b = append(b[:len(b):len(b)], make([]byte, pcapHeaderLen-len(b))...)
	}
	h := readFileHeader(b)
	return knownVersion(h.major, h.minor) && h.accuracy == 0 && h.zone >= -maxZone && h.zone <= 0 &&
		h.link&reservedLinkBits == 0
}

// fileBegins is beginsFile for what the window holds next. After errIdle it is
// called again.
func (w *window) fileBegins() (bool, error) {
	if w.buffered() >= magicLen && !pcapMagic(w.buf[w.pos:]) && !pcapngMagic(w.buf[w.pos:]) {
		return false, nil
	}
	if err := w.fill(pcapHeaderLen); err != nil && (err != io.EOF || w.buffered() < 16) {
		return false, err
	}
	return beginsFile(w.buf[w.pos:w.end]), nil
}
