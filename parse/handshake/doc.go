// Package handshake follows the TLS handshake of one connection: the bytes of its
// two directions go in, and what both ends say comes out.
//
// A [Machine] is given the bytes of each direction in order with [Machine.Push],
// which returns each ClientHello, each ServerHello and the server's certificate as a
// [Message]. It finds TLS behind the protocols that package starttls knows, and
// inside of those that wrap it. It decides which end is the client, and what a
// protected record looks like, since bytes of a handshake in TLS 1.2 and before
// change from clear to protected without a word about it. When the connection is
// over, [Machine.Outcome], [Machine.Alert] and [Machine.AppendAnomalies] tell how
// the handshake ended.
//
// Bytes may be missing: [Machine.Begins] finds a beginning behind a hole, and
// [Machine.Cut] returns what came of a hello of which the rest is lost.
//
// The package reads no clock, does no I/O, and knows nothing of packets or of what
// is judged. Every byte may be an attacker's: what a Machine holds is bounded (see
// [Machine.Held]), and a byte is looked at a fixed number of times.
package handshake
