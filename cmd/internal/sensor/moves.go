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
	ids   cache.Cache[uint64, opening]  // by a hash of the ids in a packet of a direction, or of the ends
	moved cache.Cache[udpEnds, udpEnds] // by the addresses that the connection has now
	room  [3 + 16 + 2*quic.MaxID]byte   // of what is hashed
}

// udpEnds are the ends of a datagram: source and destination.
type udpEnds struct {
	src, dst         decode.Addr
	srcPort, dstPort uint16
	v6               bool
	lane             uint16 // see moves.laneOf; 0 in what was not looked up
}

// opening is the first packet of a connection.
type opening struct {
	udpEnds
	version quic.Version // of the last connection between two ends: see moves.laneOf
	named   bool         // the same: the id of its sender is long enough to be found
}

func newMoves() *moves {
	return &moves{seed: maphash.MakeSeed(), ids: cache.New[uint64, opening](maxMoves), moved: cache.New[udpEnds, udpEnds](maxMoves)}
}

func endsOfDatagram(p *decode.Packet) udpEnds {
	return udpEnds{p.Src, p.Dst, p.SrcPort, p.DstPort, p.V6, 0}
}

func (e udpEnds) reversed() udpEnds { return udpEnds{e.dst, e.src, e.dstPort, e.srcPort, e.v6, e.lane} }

// follow gives p, a datagram, the addresses of its connection. A browser's own id is
// empty: what a server with a short one answers has no evidence but its addresses.
func (m *moves) follow(p *decode.Packet) {
	p.Lane = 0
	to, from, ok := quic.IDs(p.Payload)
	if !ok {
		return
	}
	ends := endsOfDatagram(p)
	first, known := m.find(to, from, ends)
	if moved, ok := m.moved.Get(ends); ok && (moved == first || !known && (len(to) < minID || len(from) < minID)) {
		moved.set(p)
		return
	}
	if len(to)+len(from) < minIDs {
		return
	}
	if !known || !ends.movedFrom(first) {
		first = ends
		first.lane = m.laneOf(ends, p.Payload, from)
		m.put(m.single(from, ends.dst, ends.dstPort), first)
		m.put(m.single(to, ends.src, ends.srcPort), first.reversed()) // the server's packet may come first
	}
	m.put(m.pair(to, from), first)
	m.put(m.pair(from, to), first.reversed())
	first.set(p)
	if !first.at(ends) {
		m.moved.Put(ends, first)
		m.moved.Put(ends.reversed(), first.reversed())
	}
}

// laneOf returns the lane of a connection that begins with a datagram: 0, or another one if
// there was a connection between its ends. A client may have several at once, and what
// somebody else sends in its name must not end the one that it has. A client without an id,
// and one that begins again in another version, has one connection.
//
// It is remembered no longer than the ids, so that no answer gets a lane of its own because
// there were too many packets in between.
func (m *moves) laneOf(ends udpEnds, datagram, from []byte) uint16 {
	now := opening{version: quic.VersionOf(datagram), named: len(from) >= minID}
	if last, ok := m.ids.Get(m.between(ends.reversed())); ok && !last.named {
		return last.lane // an answer
	} else if ok {
		now.lane = last.lane + 1
	}
	here := m.between(ends)
	if last, ok := m.ids.Get(here); ok {
		now.lane = last.lane
		if last.named && now.named && last.version == now.version {
			now.lane++
		}
	}
	m.ids.Put(here, now)
	return now.lane
}

func (m *moves) put(key uint64, first udpEnds) { m.ids.Put(key, opening{udpEnds: first}) }

// find returns the addresses of the connection of a packet with these ids. An end that
// changes its address may have been told another id of the other end before, in packets
// that cannot be read. What answers a datagram has not moved.
func (m *moves) find(to, from []byte, ends udpEnds) (first udpEnds, known bool) {
	var asked opening
	if len(to) >= minID {
		asked, known = m.ids.Get(m.single(to, ends.src, ends.srcPort))
	}
	if known && asked.reversed().at(ends) {
		return asked.reversed(), true
	}
	if len(from) >= minID {
		if first, other := m.ids.Get(m.single(from, ends.dst, ends.dstPort)); other {
			return first.udpEnds, true
		}
	}
	if first, other := m.ids.Get(m.pair(to, from)); other {
		return first.udpEnds, true
	}
	return asked.reversed(), known
}

// movedFrom reports whether a datagram with the ends e can be of a connection that had the
// ends first: only the end that sends it may have moved. Otherwise a client could use the
// same ids with several servers, and all its connections would count as the first one.
func (e udpEnds) movedFrom(first udpEnds) bool {
	return e.dst == first.dst && e.dstPort == first.dstPort
}

// at reports whether the two are the same, whatever the lanes are.
func (e udpEnds) at(o udpEnds) bool {
	e.lane = o.lane
	return e == o
}

// set gives a datagram these ends.
func (e udpEnds) set(p *decode.Packet) {
	p.Src, p.Dst, p.SrcPort, p.DstPort, p.V6, p.Lane = e.src, e.dst, e.srcPort, e.dstPort, e.v6, e.lane
}

// between is a hash of the ends of a datagram.
func (m *moves) between(e udpEnds) uint64 {
	return maphash.Comparable(m.seed, e)
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
