// Package dtls reads how handshake messages travel in datagrams: the records of DTLS 1.0,
// 1.2 and 1.3 (RFC 4347, RFC 6347, RFC 9147), and the fragments of messages in them, which
// may come in any order, twice, or overlap.
//
// [Looks] recognises DTLS by the first bytes of a datagram, whatever its port. A
// [Conversation] takes the datagrams of both directions, and returns whole messages, alerts,
// and where protected records begin. What the messages say is for packages parse and
// parse/handshake.
//
// Every byte may be an attacker's: what a Conversation holds is bounded (see
// [Conversation.Held]), and grows with the bytes that came, not with the lengths that they
// claim.
package dtls
