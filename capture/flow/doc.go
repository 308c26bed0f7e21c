// Package flow turns TCP segments into the first bytes of each direction of each
// connection, in order, and gives them to the Consumer that follows the connection.
//
// It is no TCP stack. A handshake is decided by the first few kilobytes, so a
// connection is followed only until its Consumer needs no more; each later packet
// costs one look-up. Every buffer and the memory as a whole have bounds, and all time
// is the packets' own.
package flow
