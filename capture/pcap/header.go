package pcap

import (
	"encoding/binary"
	"io"
	"math/bits"

	"tlsfloor/capture"
)

const classicHeaderLen = 24 // bytes, of most variants

// variant is a kind of classic capture with its own magic number.
type variant struct {
	magic uint32 // in either byte order
	// unit is the unit of a record's fraction of a second, in nanoseconds.
	unit int64
	// extra is how many bytes the file header has after the usual ones.
	extra int
	// records are the lengths that a record's header may have, the usual one first:
	// some programs changed the length and kept the magic number.
	records []int
}

// The sources are libpcap's sf-pcap.c, wiretap's libpcap.c and netsniff-ng's
// pcap_io.h.
var variants = []variant{
	// Record headers of 24 bytes: a patch of 1999, in Red Hat 6.1; of 20: Nokia's
	// IPSO.
	{magicMicroseconds, 1000, 0, []int{16, 24, 20}},
	{magicNanoseconds, 1, 0, []int{16}},
	// Alexey Kuznetzov's patched libpcap; of 28: an earlier patch, in SuSE 6.3.
	{0xa1b2cd34, 1000, 0, []int{24, 28}},
	// netsniff-ng, with interface, protocol and packet type.
	{0xa1e2cb12, 1, 0, []int{24}},
	// Ixia's "lcap", with times of software and of hardware. The file header ends
	// with the length of all records.
	{0x1c0001ab, 1000, 4, []int{16}},
	{0x1c0001ac, 1, 4, []int{16}},
}

const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
)

// reservedLinkBits have to be zero in the header's last field.
const reservedLinkBits = 0x03ff0000

// maxZone bounds the time zone in a header, in seconds.
const maxZone = 24 * 60 * 60

// isClassic reports whether head, of MagicLen bytes or more, begins a classic
// capture.
func isClassic(head []byte) bool {
	magic := binary.LittleEndian.Uint32(head)
	return variantOf(magic) != nil || variantOf(bits.ReverseBytes32(magic)) != nil
}

// variantOf returns the variant with this magic number, or nil.
func variantOf(magic uint32) *variant {
	for i := range variants {
		if variants[i].magic == magic {
			return &variants[i]
		}
	}
	return nil
}

// fileHeader is the header of a classic capture.
type fileHeader struct {
	variant      *variant
	bigEndian    bool
	major, minor uint16
	zone         int32 // seconds; nearly always 0
	accuracy     uint32
	link         uint32
}

// readFileHeader reads the header at the beginning of b, for which isClassic is
// true.
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

// knownVersion reports whether a version is read. 543.0 is that of DG/UX.
func knownVersion(major, minor uint16) bool {
	return major == 2 && minor <= 4 || major == 543 && minor == 0
}

// aixLinks maps the interface types (RFC 1573, ifType) that AIX writes in place of
// link types, as libpcap does on AIX (pcap-bpf.c).
var aixLinks = map[uint32]capture.LinkType{
	6:  capture.LinkEthernet,
	7:  capture.LinkEthernet, // IEEE 802.3
	9:  6,                    // token ring: IEEE802_5
	15: 10,                   // FDDI
	24: capture.LinkNull,     // loopback
}

// aixLink recognises the tcpdump of AIX, whose fractions are nanoseconds, by its
// version: libpcap stopped writing it before link types had these numbers.
func (h *fileHeader) aixLink() (capture.LinkType, bool) {
	if h.variant.magic != magicMicroseconds || h.major != 2 || h.minor != 2 {
		return 0, false
	}
	link, ok := aixLinks[h.link]
	return link, ok
}

// lookAhead learns from the records that follow what the file header does not say:
// the length of their headers, and whether they hold nanoseconds.
func (r *classicReader) lookAhead(v *variant) {
	ahead := r.b.Peek(MaxAhead)
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

// maxWalk is how many records walk reads.
const maxWalk = 64

// trail is the result of a walk over records.
type trail struct {
	records  int
	whole    bool   // every header is plausible
	fraction uint32 // the largest fraction of a second
}

// walk reads the records that begin in ahead as if their headers had this length.
func (r *classicReader) walk(ahead []byte, headerLen int) (t trail) {
	for t.records < maxWalk && len(ahead) >= headerLen && !beginsFile(ahead) {
		h := readHeader(ahead[:16])
		if r.convert {
			h = r.converted(h)
		}
		if h.seconds == 0 || h.fraction >= nanoseconds || h.captured == 0 || h.captured > min(h.length, MaxCaptured) || h.length > maxWire {
			return t
		}
		t.records++
		t.fraction = max(t.fraction, h.fraction)
		ahead = ahead[min(headerLen+int(h.captured), len(ahead)):]
	}
	t.whole = true
	return t
}

// beginsFile reports whether b, of 16 bytes or more, begins another capture
// where a record or a block could be.
//
// Read as a record, a classic header has no bytes, neither captured nor on the
// wire, or, with a time zone, more than possible; a section's byte-order magic
// gives one of the two lengths, of 439 MB or more. Read as a block, a classic header
// has a length that is no multiple of 4, or too large, with one exception: 131,076,
// of a type for local use, in big-endian.
func beginsFile(b []byte) bool {
	if isNg(b) {
		_, ok := sectionOrder(b[blockHeaderLen:])
		return ok
	}
	if !isClassic(b) {
		return false
	}
	if len(b) < classicHeaderLen {
		b = append(b[:len(b):len(b)], make([]byte, classicHeaderLen-len(b))...)
	}
	h := readFileHeader(b)
	return knownVersion(h.major, h.minor) && h.accuracy == 0 && h.zone >= -maxZone && h.zone <= 0 &&
		h.link&reservedLinkBits == 0
}

// fileBegins is beginsFile for the next bytes of the input. After ErrIdle it may be
// called again.
func (b *Buffer) fileBegins() (bool, error) {
	if b.Buffered() >= MagicLen && !Begins(b.buf[b.pos:]) {
		return false, nil
	}
	if err := b.Fill(classicHeaderLen); err != nil && (err != io.EOF || b.Buffered() < 16) {
		return false, err
	}
	return beginsFile(b.Bytes()), nil
}
