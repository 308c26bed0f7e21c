package wrap

import "encoding/binary"

// EtherTypes of tags.
const (
	etherTRILL      = 0x22f3
	etherMACsec     = 0x88e5
	etherFabricPath = 0x8903
	etherVNTag      = 0x8926
	etherHSR        = 0x892f
	etherETag       = 0x893f
	etherTTag       = 0x8988
	etherArista     = 0xd28b
	etherRTag       = 0xf1c1
)

// Tag puts a VLAN tag of the given EtherType after the frame's addresses, such as 0x9100,
// which was used before 802.1ad.
func Tag(frame []byte, etherType, id uint16) []byte { return tag(frame, etherType, id) }

// VNTag puts Cisco's VN-Tag into the frame, as from the adapter's interface.
func VNTag(frame []byte, vif uint16) []byte {
	return insertTag(frame, etherVNTag, binary.BigEndian.AppendUint32(nil, uint32(vif&0xfff)))
}

// ETag puts the tag of IEEE 802.1BR into the frame, with a 12-bit E-CID.
func ETag(frame []byte, ecid uint16) []byte {
	return insertTag(frame, etherETag, []byte{0, 0, byte(ecid >> 8 & 0xf), byte(ecid), 0, 0})
}

// TTag puts Cisco's timestamp tag into the frame.
func TTag(frame []byte) []byte { return insertTag(frame, etherTTag, []byte{0, 1, 2, 3, 4, 5}) }

// Arista puts a 64-bit timestamp of an Arista switch into the frame.
func Arista(frame []byte) []byte {
	return insertTag(frame, etherArista, []byte{0, 1, 0, 0x10, 0x66, 0, 0, 0, 0, 0, 0, 1})
}

// RTag puts the redundancy tag of IEEE 802.1CB into the frame.
func RTag(frame []byte) []byte { return insertTag(frame, etherRTag, []byte{0, 0, 0, 9}) }

// HSR puts the tag of IEC 62439-3 into the frame.
func HSR(frame []byte) []byte {
	size := len(frame) - addresses + 4
	return insertTag(frame, etherHSR, []byte{byte(size >> 8 & 0xf), byte(size), 0, 9})
}

// MACsec puts the tag of IEEE 802.1AE into the frame, and a check value after it, without
// encryption.
func MACsec(frame []byte) []byte {
	tag := []byte{0x20, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0, 1}
	if secured := len(frame) - addresses; secured < 48 {
		tag[1] = byte(secured)
	}
	return append(insertTag(frame, etherMACsec, tag), make([]byte, 16)...)
}

func insertTag(frame []byte, etherType uint16, tag []byte) []byte {
	return insert(frame, append(binary.BigEndian.AppendUint16(nil, etherType), tag...))
}

// FabricPath puts a frame into one between switches of Cisco FabricPath, with a
// frame check sequence.
func FabricPath(inner []byte) []byte {
	b := frame(etherFabricPath, append([]byte{0, 0x60}, inner...))
	return append(b, 0, 0, 0, 0)
}

// TRILL puts a frame into one between RBridges (RFC 6325), with an option.
func TRILL(inner []byte) []byte {
	return frame(etherTRILL, append([]byte{0, 0x4a, 0, 1, 0, 2, 0, 0, 0, 0}, inner...))
}

// ISL puts a frame into one of Cisco's Inter-Switch Link.
func ISL(inner []byte, vlan uint16) []byte {
	b := []byte{1, 0, 0x0c, 0, 0, 0, 2, 0, 0, 0, 0, 1}
	b = binary.BigEndian.AppendUint16(b, uint16(len(inner)+4+12))
	b = append(b, 0xaa, 0xaa, 3, 2, 0, 0)
	b = binary.BigEndian.AppendUint16(b, vlan<<1)
	b = append(append(b, 0, 0, 0, 0), inner...)
	return append(b, 0, 0, 0, 0) // checksum
}
