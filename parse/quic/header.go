package quic

import "encoding/binary"

// packetType is the type of a packet with a long header, numbered as in v1.
type packetType uint8

const (
	initial packetType = iota
	zeroRTT
	handshakePacket
	retry
)

const (
	// MaxID is the longest connection id, in bytes (RFC 9000, 17.2).
	MaxID = 20
	// minInitial is the size of a client's datagram with an Initial packet, in bytes, at
	// least (RFC 9000, 14.1).
	minInitial = 1200

	longHeader = 0x80 // of a packet's first byte: it has a long header
	fixedBit   = 0x40 // the same: it is QUIC, unless both ends agreed to send any value (RFC 9287)
)

// header is a long header (RFC 9000, 17.2).
type header struct {
	version    Version
	read       construction // unread: only version, dcid and scid are valid, and end is that of the datagram
	kind       packetType
	dcid, scid []byte // views
	number     int    // where the packet number begins
	end        int    // of the packet in the datagram
	cut        bool   // the capture has only its beginning
}

// parse reads the header at the beginning of b, which has a first byte with longHeader.
// The datagram is missing bytes longer than what was captured.
func (h *header) parse(b []byte, missing int) bool {
	r := reader{b: b, at: 1}
	h.version = Version(r.uint32())
	h.read = h.version.construction()
	h.dcid, h.scid = r.ids(h.read)
	h.cut, h.end = missing > 0, len(b)
	if h.read == unread || r.short {
		return !r.short
	}
	if h.kind = typeOf(b[0], h.read); h.kind == retry {
		return true
	}
	if h.kind == initial {
		r.skip(r.varint()) // the token
	}
	length := r.varint()
	h.number = r.at
	left := len(b) - r.at
	if h.cut = length > uint64(left); r.short || h.cut && length > uint64(left+missing) {
		return false
	}
	if !h.cut {
		h.end = r.at + int(length)
	}
	return true
}

// typeOf is the type in a packet's first byte.
func typeOf(first byte, c construction) packetType {
	t := packetType(first >> 4 & 3)
	if c == ofV2 {
		t = (t - 1) & 3 // RFC 9369, 3.2
	}
	return t
}

// reader reads the fields of a header or a frame.
type reader struct {
	b     []byte
	at    int
	short bool // b ended too early: what was read is zero
}

// take returns the next n bytes: a view.
func (r *reader) take(n uint64) []byte {
	if r.short || n > uint64(len(r.b)-r.at) {
		r.short = true
		return nil
	}
	b := r.b[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) skip(n uint64) { r.take(n) }

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// ids reads the connection ids of the receiver and of the sender. Up to draft 21 one byte has
// both lengths.
func (r *reader) ids(c construction) (to, from []byte) {
	if c != ofDraft17 && c != ofDraft21 {
		return r.id(), r.id()
	}
	lengths := r.byte()
	return r.take(oldLength(lengths >> 4)), r.take(oldLength(lengths & 0xf))
}

// oldLength is the length in four bits, of which 0 is none, and 1 is four bytes.
func oldLength(n byte) uint64 {
	if n == 0 {
		return 0
	}
	return uint64(n) + 3
}

// id reads a connection id, with its length in front.
func (r *reader) id() []byte {
	n := r.byte()
	if n > MaxID {
		r.short = true
	}
	return r.take(uint64(n))
}

// varint reads a number of 1, 2, 4 or 8 bytes (RFC 9000, 16).
func (r *reader) varint() uint64 {
	first := r.byte()
	n := uint64(first & 0x3f)
	for _, b := range r.take(1<<(first>>6) - 1) {
		n = n<<8 | uint64(b)
	}
	if r.short {
		return 0
	}
	return n
}
