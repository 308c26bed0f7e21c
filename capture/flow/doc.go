// Package flow turns TCP segments into the first bytes of each direction of
// each connection, in order, and gives them to whoever follows the connection.
//
// It is no TCP stack. A handshake is decided by the first few kilobytes, so a
// flow is followed only until its Consumer has heard enough; from then on its
// later packets cost one look-up. Every buffer has a bound, memory as a whole
// has a bound, and time is the packets' own.
package flow
