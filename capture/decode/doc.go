// Package decode takes frames apart: link layer, VLAN tags and tunnels, IP
// fragments, down to the innermost TCP segment or UDP datagram, which it puts
// into one Packet that the caller reuses.
//
// The frame that nearly all traffic consists of is read by a straight piece of
// code (plain.go). Everything else goes through a loop over stages, one for
// each kind of header, which keeps no stack of its own however deep a packet is
// wrapped.
//
// Header checksums are not verified: a capture taken on the sending host holds
// the ones its network card was still to fill in.
package decode
