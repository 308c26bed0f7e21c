package captures

import (
	"bytes"
	"encoding/binary"
)

// Join puts parts one after the other.
func Join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// ByteOrders are the byte orders that captures are written in.
var ByteOrders = []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}

// Magic numbers of classic captures: with microseconds, with nanoseconds, and of
// the patched libpcap of the 1990s, whose record headers are longer.
const (
	MagicMicroseconds = 0xa1b2c3d4
	MagicNanoseconds  = 0xa1b23c4d
	MagicModified     = 0xa1b2cd34
)

// PcapHeaderLen is the length of a classic capture's header, in bytes.
const PcapHeaderLen = 24

// Types of pcapng blocks.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockObsolete  = 2
	blockSimple    = 3
	blockEnhanced  = 6
)

// PcapHeader is the header of a classic capture of version 2.4.
func PcapHeader(order binary.AppendByteOrder, magic uint32, link uint32) []byte {
	return PcapHeaderVersion(order, magic, 2, 4, link)
}

// PcapHeaderVersion is the header of a classic capture of any version.
func PcapHeaderVersion(order binary.AppendByteOrder, magic uint32, major, minor uint16, link uint32) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, major)
	b = order.AppendUint16(b, minor)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 65535)
	return order.AppendUint32(b, link)
}

// PcapRecord is a record of a classic capture. The magic number gives the unit of
// fraction; length is that on the wire.
func PcapRecord(order binary.AppendByteOrder, seconds, fraction uint32, data []byte, length int) []byte {
	b := order.AppendUint32(nil, seconds)
	b = order.AppendUint32(b, fraction)
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(length))
	return append(b, data...)
}

// PcapRecordWireFirst is PcapRecord with the length on the wire first, as before version 2.3.
func PcapRecordWireFirst(order binary.AppendByteOrder, seconds, fraction uint32, data []byte, length int) []byte {
	b := order.AppendUint32(nil, seconds)
	b = order.AppendUint32(b, fraction)
	b = order.AppendUint32(b, uint32(length))
	b = order.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// NgBlock wraps a body, which it pads, into a pcapng block.
func NgBlock(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	length := uint32(len(body) + 12)
	b := order.AppendUint32(nil, kind)
	b = order.AppendUint32(b, length)
	b = append(b, body...)
	return order.AppendUint32(b, length)
}

// NgSection is a Section Header Block of unknown length.
func NgSection(order binary.AppendByteOrder, major, minor uint16) []byte {
	b := order.AppendUint32(nil, 0x1a2b3c4d)
	b = order.AppendUint16(b, major)
	b = order.AppendUint16(b, minor)
	return NgBlock(order, blockSection, order.AppendUint64(b, ^uint64(0)))
}

// NgInterface is an Interface Description Block.
func NgInterface(order binary.AppendByteOrder, link uint16, snaplen uint32, options ...[]byte) []byte {
	b := order.AppendUint16(nil, link)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, snaplen)
	return NgBlock(order, blockInterface, append(b, bytes.Join(options, nil)...))
}

// NgOption is an option of a block, padded.
func NgOption(order binary.AppendByteOrder, code uint16, value []byte) []byte {
	b := order.AppendUint16(nil, code)
	b = order.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

// NgEnhanced is an Enhanced Packet Block, of a time in units of its interface.
func NgEnhanced(order binary.AppendByteOrder, id uint32, units uint64, data []byte, length int) []byte {
	b := order.AppendUint32(nil, id)
	b = order.AppendUint32(b, uint32(units>>32))
	b = order.AppendUint32(b, uint32(units))
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(length))
	return NgBlock(order, blockEnhanced, append(b, data...))
}

// NgObsolete is a Packet Block, which Enhanced Packet Blocks replaced.
func NgObsolete(order binary.AppendByteOrder, id uint16, units uint64, data []byte, length int) []byte {
	b := order.AppendUint16(nil, id)
	b = order.AppendUint16(b, 0xffff) // drops: not known
	b = order.AppendUint32(b, uint32(units>>32))
	b = order.AppendUint32(b, uint32(units))
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(length))
	return NgBlock(order, blockObsolete, append(b, data...))
}

// NgSimple is a Simple Packet Block.
func NgSimple(order binary.AppendByteOrder, data []byte, length int) []byte {
	return NgBlock(order, blockSimple, append(order.AppendUint32(nil, uint32(length)), data...))
}

// ERF returns a capture as Endace's cards write it: a time in units of 2 to the power
// of -32 seconds, type Ethernet, flags, lengths, and two bytes before each frame.
func ERF(frames int) (content []byte) {
	for i := range frames {
		data := bytes.Repeat([]byte{byte(i)}, 60)
		b := binary.LittleEndian.AppendUint64(nil, uint64(1_772_366_400+i)<<32)
		b = append(b, 2, 4)
		b = binary.BigEndian.AppendUint16(b, uint16(18+len(data)))
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
		content = append(append(content, append(b, 0, 0)...), data...)
	}
	return content
}
