package sensor

import (
	"hash/maphash"

	"tlsfloor/capture/decode"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/quic"
)

const (
	// maxMoves bounds the connections of QUIC whose ids are remembered, with the addresses
	// at which they came first, and those that have moved. Each takes some 100 bytes.
	maxMoves = 4096
	// minIDs is how many bytes the ids of both ends have to have together, and minID how
	// many one of them, with the other end in its place: fewer are no evidence.
	minIDs = 8
	minID  = 4
)

// moves gives the datagrams of a QUIC connection that changes its addresses during its
// handshake those that it had first: behind a NAT that forgets it, or when the capture has
// both sides of the NAT. Its connection ids show that. Later changes (RFC 9000, 9) need
// nothing: they concern packets that nobody reads.
type moves struct {
	seed  maphash.Seed
	ids   cache.Cache[uint64, udpEnds]  // by a hash of the ids in a packet of a direction
	moved cache.Cache[udpEnds, udpEnds] // by the addresses that the connection has now
	room  [3 + 16 + 2*quic.MaxID]byte   // of what is hashed
}

// udpEnds are the ends of a datagram: source and destination.
type udpEnds struct {
	src, dst         decode.Addr
	srcPort, dstPort uint16
	v6               bool
}

func newMoves() *moves {
	return &moves{seed: maphash.MakeSeed(), ids: cache.New[uint64, udpEnds](maxMoves), moved: cache.New[udpEnds, udpEnds](maxMoves)}
}

func endsOfDatagram(p *decode.Packet) udpEnds {
	return udpEnds{p.Src, p.Dst, p.SrcPort, p.DstPort, p.V6}
}

func (e udpEnds) reversed() udpEnds { return udpEnds{e.dst, e.src, e.dstPort, e.srcPort, e.v6} }

// follow gives p, a datagram, the addresses of its connection.
func (m *moves) follow(p *decode.Packet) {
	to, from, ok := quic.IDs(p.Payload)
	if !ok || len(to)+len(from) < minIDs {
		return
	}
	ends := endsOfDatagram(p)
	if first, known := m.moved.Get(ends); known {
		first.set(p)
		return
	}
	first, known := m.find(to, from, ends)
	if !known || !ends.movedFrom(first) {
		m.ids.Put(m.single(from, ends.dst, ends.dstPort), ends)
		first = ends
	}
	m.ids.Put(m.pair(to, from), first)
	m.ids.Put(m.pair(from, to), first.reversed())
	if first != ends {
		m.moved.Put(ends, first)
		m.moved.Put(ends.reversed(), first.reversed())
		first.set(p)
	}
}

// find returns the addresses of the connection of a packet with these ids. An end that
// changes its address may have been told another id of the other end before, in packets
// that cannot be read. What answers a datagram has not moved.
func (m *moves) find(to, from []byte, ends udpEnds) (first udpEnds, known bool) {
	var asked udpEnds
	if len(to) >= minID {
		asked, known = m.ids.Get(m.single(to, ends.src, ends.srcPort))
	}
	if known && asked.reversed() == ends {
		return ends, true
	}
	if first, other := m.ids.Get(m.pair(to, from)); other {
		return first, true
	}
	if len(from) >= minID {
		if first, other := m.ids.Get(m.single(from, ends.dst, ends.dstPort)); other {
			return first, true
		}
	}
	return asked.reversed(), known
}

// movedFrom reports whether a datagram with the ends e can be of a connection that had the
// ends first: only the end that sends it may have moved. Otherwise a client could use the
// same ids with several servers, and all its connections would count as the first one.
func (e udpEnds) movedFrom(first udpEnds) bool {
	return e.dst == first.dst && e.dstPort == first.dstPort
}

// set gives a datagram these ends.
func (e udpEnds) set(p *decode.Packet) {
	p.Src, p.Dst, p.SrcPort, p.DstPort, p.V6 = e.src, e.dst, e.srcPort, e.dstPort, e.v6
}

// pair is a hash of the ids in a packet.
func (m *moves) pair(to, from []byte) uint64 {
	b := append(append(m.room[:0], byte(len(to))), to...)
	return maphash.Bytes(m.seed, append(b, from...))
}

// single is a hash of the id of an end, and of the address of the other one.
func (m *moves) single(id []byte, other decode.Addr, port uint16) uint64 {
	b := append(append(m.room[:0], quic.MaxID+1, byte(port>>8), byte(port)), other[:]...)
	return maphash.Bytes(m.seed, append(b, id...))
}
