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

// position is how far items are committed. Its file has two slots, written in turn, so
// that a write that is cut short leaves the other one intact.
type position struct {
	file       *os.File
	generation uint64
	segment    uint64
	offset     int64
}

// slotSize is three numbers of 64 bits (generation, segment, offset) and a CRC-32C, in
// bytes.
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
	p.readSlot(slots[:slotSize])
	p.readSlot(slots[slotSize:])
	// Both slots are written now, because they must have room when the disk is full.
	return p, errors.Join(p.set(p.segment, p.offset), p.set(p.segment, p.offset))
}

// readSlot takes a slot if its checksum is right and it is not older than the other.
func (p *position) readSlot(slot []byte) {
	sum := binary.BigEndian.Uint32(slot[24:])
	turn := binary.BigEndian.Uint64(slot)
	if sum != crc32.Checksum(slot[:24], castagnoli) || turn < p.generation {
		return
	}
	p.generation = turn
	p.segment = binary.BigEndian.Uint64(slot[8:])
	p.offset = int64(binary.BigEndian.Uint64(slot[16:]) &^ (1 << 63))
}

func (p *position) set(segment uint64, offset int64) error {
	p.generation++
	p.segment, p.offset = segment, offset
	slot := binary.BigEndian.AppendUint64(nil, p.generation)
	slot = binary.BigEndian.AppendUint64(slot, segment)
	slot = binary.BigEndian.AppendUint64(slot, uint64(offset))
	slot = binary.BigEndian.AppendUint32(slot, crc32.Checksum(slot, castagnoli))
	_, err := p.file.WriteAt(slot, int64(p.generation%2)*slotSize)
	return err
}
