package spool

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"tlsfloor/cmd/internal/emit/ownership"
)

// position is how far records are committed, in a file with two slots. They
// are written in turn, so that a write that is cut short leaves the other.
type position struct {
	file    *os.File
	turn    uint64
	segment uint64
	offset  int64
}

// slotSize is three numbers of 64 bits (turn, segment, offset) and a CRC-32C.
const slotSize = 3*8 + 4

func openPosition(folder string) (*position, error) {
	file, err := ownership.Open(filepath.Join(folder, "position"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	var slots [2 * slotSize]byte
	if _, err := file.ReadAt(slots[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, file.Close())
	}
	p := &position{file: file}
	p.read(slots[:slotSize])
	p.read(slots[slotSize:])
	// The file gets its full length now: it is to be written when the disk is
	// full, too.
	return p, errors.Join(p.set(p.segment, p.offset), p.set(p.segment, p.offset))
}

// read takes a slot if it is sound and later than what is known.
func (p *position) read(slot []byte) {
	sum := binary.BigEndian.Uint32(slot[24:])
	turn := binary.BigEndian.Uint64(slot)
	if sum != crc32.Checksum(slot[:24], castagnoli) || turn < p.turn {
		return
	}
	p.turn = turn
	p.segment = binary.BigEndian.Uint64(slot[8:])
	p.offset = int64(binary.BigEndian.Uint64(slot[16:]) &^ (1 << 63))
}

func (p *position) set(segment uint64, offset int64) error {
	p.turn++
	p.segment, p.offset = segment, offset
	slot := binary.BigEndian.AppendUint64(nil, p.turn)
	slot = binary.BigEndian.AppendUint64(slot, segment)
	slot = binary.BigEndian.AppendUint64(slot, uint64(offset))
	slot = binary.BigEndian.AppendUint32(slot, crc32.Checksum(slot, castagnoli))
	_, err := p.file.WriteAt(slot, int64(p.turn%2)*slotSize)
	return err
}
