package spool

import (
	"encoding/binary"
	"hash/crc32"
)

// A frame is the length of a record and its CRC-32C, both 32 bits big-endian,
// and the record.
const frameHeader = 8

// MaxRecord bounds a record, in bytes. A length beyond it is damage.
const maxRecord = 16 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendFrame appends the frame of a record, which is given in parts.
func AppendFrame(dst []byte, parts ...[]byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, frameHeader)...)
	for _, part := range parts {
		dst = append(dst, part...)
	}
	record := dst[start+frameHeader:]
	binary.BigEndian.PutUint32(dst[start:], uint32(len(record)))
	binary.BigEndian.PutUint32(dst[start+4:], checksum(record))
	return dst
}

// checksum is of a record with its length, so that a run of zeros is no frame.
func checksum(record []byte) uint32 {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(record)))
	return crc32.Update(crc32.Checksum(length[:], castagnoli), castagnoli, record)
}

// readFrame takes the frame at the front of text. The record is a view into
// it. Without a whole and sound frame there, ok is false and size is the bytes
// that the whole would have; 0: what is there is damaged.
func readFrame(text []byte) (record []byte, size int, ok bool) {
	if len(text) < frameHeader {
		return nil, frameHeader, false
	}
	n := int64(binary.BigEndian.Uint32(text))
	if n > maxRecord {
		return nil, 0, false
	}
	size = frameHeader + int(n)
	if len(text) < size {
		return nil, size, false
	}
	record = text[frameHeader:size]
	if binary.BigEndian.Uint32(text[4:]) != checksum(record) {
		return nil, 0, false
	}
	return record, size, true
}
