package pcap

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"tlsfloor/capture"
)

// Options of the blocks that are written (draft-ietf-opsawg-pcapng, 3.5, 4.1 and 4.2).
const (
	optionComment       = 1
	optionInterfaceName = 2
	optionApplication   = 4
)

// MaxText bounds a comment or a name in a capture, in bytes.
const MaxText = 1 << 10

// writtenSnaplen is the snapshot length of all interfaces that are written: libpcap
// refuses a file whose interfaces have different ones.
const writtenSnaplen = MaxCaptured

// AppendSection appends the header of a pcapng section: what a capture begins with. A
// file may have several, so a section may also be appended to a capture. application is
// the program that writes it.
func AppendSection(dst []byte, application string) []byte {
	dst, at := beginBlock(dst, blockSection)
	dst = binary.LittleEndian.AppendUint32(dst, byteOrderMagic)
	dst = binary.LittleEndian.AppendUint16(dst, 1)              // major version
	dst = binary.LittleEndian.AppendUint16(dst, 0)              // minor version
	dst = binary.LittleEndian.AppendUint64(dst, math.MaxUint64) // length of the section: not known
	return endBlock(appendText(dst, optionApplication, application), at)
}

// AppendInterface appends the description of an interface. The first one of a section
// is number 0. Its times have nanoseconds.
func AppendInterface(dst []byte, link capture.LinkType, name string) []byte {
	dst, at := beginBlock(dst, blockInterface)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(link))
	dst = append(dst, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, writtenSnaplen)
	dst = appendText(dst, optionInterfaceName, name)
	return endBlock(appendOption(dst, optionTSResol, []byte{9}), at)
}

// AppendPacket appends a frame of an interface of this section, with a comment unless
// that is empty. A time before 1970, which the format does not have, becomes 1970. Of a
// frame longer than MaxCaptured, which no Reader returns, only the beginning is written.
func AppendPacket(dst []byte, iface uint32, f *capture.Frame, comment string) []byte {
	data := f.Data[:min(len(f.Data), MaxCaptured)]
	at := uint64(max(f.Time, 0))
	dst, begin := beginBlock(dst, blockEnhanced)
	dst = binary.LittleEndian.AppendUint32(dst, iface)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(at>>32))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(at))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(min(max(f.Length, len(data)), maxWire)))
	dst = pad(append(dst, data...), len(data))
	return endBlock(appendText(dst, optionComment, comment), begin)
}

// beginBlock appends the header of a block, which begins at dst[at:].
func beginBlock(dst []byte, kind uint32) (_ []byte, at int) {
	at = len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, kind)
	return append(dst, 0, 0, 0, 0), at // the length: see endBlock
}

// endBlock ends the list of options of the block that begins at dst[at:], and the block.
func endBlock(dst []byte, at int) []byte {
	dst = append(dst, optionEnd, 0, 0, 0)
	length := uint32(len(dst) - at + blockTrailerLen)
	binary.LittleEndian.PutUint32(dst[at+4:], length)
	return binary.LittleEndian.AppendUint32(dst, length)
}

// appendText appends an option with a text, unless that is empty.
func appendText(dst []byte, code uint16, text string) []byte {
	if text = Text(text); text == "" {
		return dst
	}
	return appendOption(dst, code, []byte(text))
}

// appendOption appends an option.
func appendOption(dst []byte, code uint16, value []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, code)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(value)))
	return pad(append(dst, value...), len(value))
}

// pad appends zeros after a value of n bytes, up to a multiple of four.
func pad(dst []byte, n int) []byte { return append(dst, 0, 0, 0)[:len(dst)+(-n&3)] }

// Text returns what is written of a comment or a name: valid UTF-8 of at most MaxText
// bytes, with a question mark for everything that is not printable. Comments hold names
// from the network, and tshark writes them to a terminal.
func Text(s string) string {
	cut := s[:min(len(s), 4*MaxText)] // what is longer need not be read
	clean := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, cut)
	if len(clean) <= MaxText {
		return clean
	}
	end := MaxText
	for !utf8.RuneStart(clean[end]) {
		end--
	}
	return clean[:end]
}

// Whole returns the length of a pcapng capture that this package wrote, up to its last
// whole block, in bytes: a process that was killed may have left a part of one. ok is
// false if it is no such capture, or something else follows.
func Whole(r io.Reader) (length int64, ok bool) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		head, err := in.Peek(blockHeaderLen)
		if err != nil {
			return length, length > 0
		}
		kind, n := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		known := kind == blockEnhanced || kind == blockInterface || kind == blockSection
		if length == 0 && kind != blockSection || !known || n < minBlockLen || n > maxBlock || n%4 != 0 {
			return 0, false
		}
		if _, err := in.Discard(int(n)); err != nil {
			return length, length > 0
		}
		length += int64(n)
	}
}
