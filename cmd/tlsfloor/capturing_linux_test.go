package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/netip"

	"tlsfloor/capture/testing/wrap"
)

// capturing writes a capture with a microsecond between frames.
type capturing struct {
	*bufio.Writer
	at uint64 // microseconds since the epoch
}

const captureStart = 1_700_000_000_000_000

func newCapturing(w io.Writer) *capturing {
	c := &capturing{bufio.NewWriterSize(w, 256<<10), captureStart}
	header := []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 262144, 1}
	for _, n := range header {
		_ = binary.Write(c, binary.LittleEndian, n) // Flush returns the error
	}
	return c
}

func (c *capturing) add(frame []byte) {
	var h [16]byte
	binary.LittleEndian.PutUint32(h[:], uint32(c.at/1e6))
	binary.LittleEndian.PutUint32(h[4:], uint32(c.at%1e6))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(frame)))
	c.at++
	_, _ = c.Write(h[:])
	_, _ = c.Write(frame)
}

func (c *capturing) segment(src, dst netip.AddrPort, flags uint8, seq uint32, payload []byte) {
	c.add(wrap.Ethernet(wrap.TCP(wrap.Segment{Src: src, Dst: dst, Flags: flags, Seq: seq}, payload)))
}
