// Package quic reads the plaintext part of QUIC handshakes: long headers, and the
// Initial packets, whose keys anybody can compute who saw the client's first one.
//
// [Look] tells by a datagram's first bytes whether it can belong to a QUIC handshake.
// A [Connection] is given the datagrams of both directions with [Connection.Push]. It
// opens their Initial packets, puts the CRYPTO frames in order, and returns the bytes
// of each direction's TLS messages with [Connection.Ready], for package handshake. It
// also reports what the packets show besides: the version, Retry, Version Negotiation,
// the code of a CONNECTION_CLOSE, and where the handshake's protected packets begin.
//
// It reads QUIC v1 (RFC 9000, 9001), v2 (RFC 9369), and the drafts from 17 on, with
// TLS in them; of other versions it reads the version alone. The integrity tag of
// Retry is not verified: it would be computed from values that the same attacker knows.
//
// Header fields are views into the caller's bytes. Every byte may be an attacker's: no
// input makes the package panic, hold more than [Connection.Held] says, which is bounded,
// or open a packet more than a fixed number of times.
package quic
