// Package handshake follows the TLS handshake of one connection: the bytes of its
// two directions go in, and the hellos and the server's certificate come out.
//
// A [Machine] is given the bytes of each direction in order with [Machine.Push],
// which returns each ClientHello, each ServerHello and the server's certificate as a
// [Message]. It finds TLS after the protocols that package starttls knows, and inside
// those that wrap it. It decides which end is the client. It also detects where
// protected records begin: up to TLS 1.2, handshake records have the same type before
// and after encryption starts. When the connection has ended, [Machine.Outcome],
// [Machine.Alert] and [Machine.AppendAnomalies] report how the handshake ended.
//
// A transport other than TLS records reads its own packets, and gives the Machine their
// content with [Machine.PushMessages], [Machine.PushAlert] and [Machine.Protect].
//
// Bytes may be missing: [Machine.Begins] finds a place to resume after lost bytes, and
// [Machine.Cut] returns the beginning of a hello whose rest was lost.
//
// The package reads no clock, does no I/O, and knows nothing of packets or of
// judging. Every byte may be an attacker's: what a Machine holds is bounded (see
// [Machine.Held]), and each byte is read a fixed number of times.
package handshake
