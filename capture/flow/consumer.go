package flow

import "tlsfloor/capture/decode"

// Handler decides which connections are followed.
type Handler interface {
	// Open is called with the first segment of a connection that carries bytes. It
	// returns the Consumer that follows the connection, or nil if none does. dir is p's
	// direction, and p must not be kept. The Consumer must follow no other connection,
	// but may be one whose connection is over.
	Open(p *decode.Packet, dir Dir, o Opener) Consumer
	// Greets reports whether a segment's bytes can only be the beginning of a connection
	// that is worth following. It is called when they are far from those of the
	// connection that had the addresses and ports until now.
	Greets(data []byte) bool
}

// Opener tells how a connection was opened.
type Opener struct {
	Dir     Dir     // of the end that opened it, if Known
	Known   bool    // a SYN or a SYN-ACK was seen
	Greeted [2]bool // by direction: its SYN or SYN-ACK was seen
	// Forgotten: no opening was seen, but the table knew the connection before, and
	// forgot it because it was silent or the table was full.
	Forgotten bool
	Odd       decode.Anomaly // of the fragments of its packets so far
}

// Consumer follows one connection. The bytes and packets that it is given must not be
// kept. A type becomes a Consumer by embedding a Stream, in which the table keeps its
// own state of the connection.
type Consumer interface {
	stream() *Stream
	// Start is called when a direction's beginning was not captured. It reports whether
	// the direction can be read from data on. The next segments are tried, too, up to a
	// bound.
	Start(dir Dir, data []byte) bool
	// Data gets a direction's bytes in order, from the first that it did not consume
	// before. It returns how many it has consumed, and how many bytes, from the first
	// not consumed, the next call has to have at least (0: one more than now). If it
	// needs more than MaxBuffered, it must return Ignore or Settled.
	Data(dir Dir, data []byte) (consumed, need int, i Interest)
	// Lost is called when bytes of the direction are missing from the capture. If bytes
	// follow, Start is called again.
	Lost(dir Dir) Interest
	// Held returns how many bytes of memory the consumer takes, its Stream included. They
	// count towards Options.MaxBytes.
	Held() int
	// Conflict is called when the direction sent the same bytes twice, with different
	// content. The first to arrive were kept.
	Conflict(dir Dir)
	// Odd is called when fragments of a packet have anomalies: before the packet's bytes
	// are given to the Consumer, and also if it has none.
	Odd(a decode.Anomaly)
	// Dropped is called when bytes of the direction are not kept, because too many wait
	// for earlier ones, or (far) because they are farther from those expected than any
	// receiver's window reaches.
	Dropped(dir Dir, far bool)
	// Midway reports whether the bytes given so far end inside a message.
	Midway(dir Dir) bool
	// Begins is called with the segment that holds the first bytes of a direction, before
	// these are given to the Consumer, if there are tags or tunnels around it. It is
	// called again with segments that bring nothing new: they may have been captured at
	// another place.
	Begins(p *decode.Packet, dir Dir)
	// Said identifies what the two ends have said so far.
	Said() Digest
	// End is called when the connection is over, or no longer followed. It is the last
	// call, and is left out if the consumer returned Settled.
	End(c Cause)
}

// Interest is what a Consumer still needs.
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
	Idle                   // no packet came until the timeout
	Replaced               // a new connection took its addresses and ports
	Evicted                // the table was full
	Exhausted              // the consumer needs no more
	Finished               // the capture ended
)
