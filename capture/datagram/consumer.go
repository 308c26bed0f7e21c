package datagram

import (
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
)

// Handler decides which conversations are followed.
type Handler interface {
	// Open is called with a datagram that may begin a conversation. It returns the
	// Consumer that follows it, or nil if none does. The Consumer must follow no other
	// conversation, but may be one whose conversation is over. Its Datagram is called
	// with the same datagram next. p must not be kept.
	Open(p *decode.Packet, d flow.Dir, before Before) Consumer
}

// Before is what a Table knows of the conversation that had the addresses and ports of a
// datagram before it. A hello that comes again must not count twice.
type Before struct {
	Known bool
	Said  flow.Digest // what Table.Same was told; 0: nothing
}

// Consumer follows one conversation.
type Consumer interface {
	// Datagram gets a datagram of direction d, and returns how far the conversation has
	// come. p must not be kept.
	Datagram(p *decode.Packet, d flow.Dir) Standing
	// Held returns how many bytes of memory the Consumer takes. They count towards
	// Options.MaxBytes.
	Held() int
	// Said identifies what the two ends have said so far.
	Said() flow.Digest
	// End is called when the conversation is over, or no longer followed. It is the last
	// call, and is left out if Datagram returned Settled.
	End(c flow.Cause)
}

// Standing is how far a conversation has come.
type Standing uint8

// The standings.
const (
	Settled Standing = iota // no more is needed
	Over                    // the datagram belongs to the next conversation with these ends: Open it
	Begun                   // the hello is not whole
	Waiting                 // an answer is expected
)
