package flow

import (
	"encoding/binary"
	"math/bits"

	"tlsfloor/capture/decode"
)

// ShardOf says which of n tables, numbered from 0, has the packet's
// connection: the same for both directions, in whatever networks they are seen.
//
// It is a fixed function, so that a capture is shared out in the same way each
// time it is read. Who knows it can have all his connections in one shard; they
// cost what they would cost a single table, and the slots of the tables are
// still chosen by a secret seed.
func ShardOf(p *decode.Packet, n int) int {
	ends := endHash(&p.Src, p.SrcPort) + endHash(&p.Dst, p.DstPort)
	high, _ := bits.Mul64(mix(ends^k0, k1), uint64(n))
	return int(high)
}

// Odd constants with about as many ones as zeros (the fraction of square roots).
const (
	k0 = 0x6a09e667f3bcc909
	k1 = 0xbb67ae8584caa73b
	k2 = 0x3c6ef372fe94f82b
)

func endHash(a *decode.Addr, port uint16) uint64 {
	return mix(binary.LittleEndian.Uint64(a[:8])^uint64(port)^k1, binary.LittleEndian.Uint64(a[8:])^k2)
}
