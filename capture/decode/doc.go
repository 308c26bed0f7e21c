// Package decode takes frames apart: link layer, VLAN tags and tunnels, IP fragments,
// down to the innermost TCP segment or UDP datagram, which it writes to a Packet that
// the caller reuses.
//
// The frames that nearly all traffic consists of are decoded by one function without
// a loop (plain.go). All others go through stages, one for each kind of header: each
// returns the next, so the stack does not grow however deep a packet is wrapped.
// What headers look like is in capture/encap; fragments wait in capture/defrag.
//
// Header checksums are not verified: in a capture taken on the sending host, the
// network card has not filled them in yet.
package decode
