package flow

import "tlsfloor/capture/decode"

// Handler decides which connections are followed.
type Handler interface {
	// Open is called with the first segment of a connection that carries
	// bytes. It returns who follows the connection, or nil when nobody does.
	// p is borrowed. dir is p's direction. The Consumer must follow no other
	// connection, but may be one whose connection is over.
	Open(p *decode.Packet, dir Dir, o Opener) Consumer
	// Greets reports whether a segment's bytes can only be the beginning of a
	// connection that is worth following. It is asked where they are far from
	// those of the connection that had the addresses and ports until now.
	Greets(data []byte) bool
}

// Opener says which direction the connection was opened in.
type Opener struct {
	Dir   Dir
	Known bool // a SYN or a SYN-ACK was seen
	// Greeted says, by direction, that its SYN or SYN-ACK was seen.
	Greeted [2]bool
	// Forgotten: no opening was seen, but the connection was followed before,
	// and forgotten because it was silent or the table full.
	Forgotten bool
	// Odd is what was odd about the fragments of its packets so far.
	Odd decode.Anomaly
}

// Consumer follows one connection. Bytes it is given are borrowed until it
// returns. A type becomes a Consumer by having a Stream embedded, in which the
// table keeps what it knows of the connection; there is no other way to have the
// method stream.
type Consumer interface {
	stream() *Stream
	// Start is asked where a direction's beginning was not captured: may its
	// bytes be read from data on? Each new segment is tried, a few times.
	Start(dir Dir, data []byte) bool
	// Data is given a direction's bytes in order, beginning with the first it
	// did not consume before. It returns how many it has done with, and the
	// least number of bytes that it needs to see before another call makes
	// sense (0: one more). It must return Ignore or Settled rather than ask
	// for more than MaxBuffered.
	Data(dir Dir, data []byte) (consumed, need int, i Interest)
	// Lost says that bytes of the direction are missing from the capture. If
	// bytes follow, Start is asked again.
	Lost(dir Dir) Interest
	// Held is how many bytes the consumer takes, its Stream included: they count
	// towards the table's bound.
	Held() int
	// Conflict says that the direction sent the same bytes twice, with
	// different content. The first to arrive was kept.
	Conflict(dir Dir)
	// Odd says that fragments of a packet of the connection were odd. It is called
	// before the packet's bytes are given to the Consumer, and for packets that
	// bring none.
	Odd(a decode.Anomaly)
	// Dropped says that bytes of the direction came that are not kept: more wait
	// for others than is kept, or they lie farther from those that are expected than
	// any receiver's window reaches.
	Dropped(dir Dir, far bool)
	// Midway reports whether the bytes given so far end inside of a message.
	Midway(dir Dir) bool
	// Begins is called before the first bytes of a direction are given to the
	// Consumer, with the segment that holds them, if it has tags or tunnels around
	// it; and again with segments that bring nothing new: they may have been seen
	// at another place.
	Begins(p *decode.Packet, dir Dir)
	// Said stands for what the Consumer has heard so far.
	Said() Digest
	// End says that the connection is over, or is no longer followed. It is
	// the last call, and is made unless the consumer returned Settled.
	End(c Cause)
}

// Interest is what a Consumer still wants.
type Interest uint8

// The degrees of interest.
const (
	Listen  Interest = iota // go on
	Ignore                  // no more of this direction
	Settled                 // no more of this connection
)

// Cause is why a connection ended.
type Cause uint8

// The causes.
const (
	Closed    Cause = iota // FIN
	Reset                  // RST
	Idle                   // nothing came for longer than the table waits
	Replaced               // a new connection took its addresses and ports
	Evicted                // the table was full
	Exhausted              // the consumer ignores both directions
	Finished               // the capture ended
)
