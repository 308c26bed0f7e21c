// Package encap knows the encapsulations that IP packets travel in: what they are
// called, which numbers announce them, and what their headers look like.
//
// Its functions look at bytes and keep none. b is always what was captured, and
// wire is how many bytes there were on the wire, captured or not. Going through the
// headers of a packet is the task of capture/decode.
//
// Neither a UDP port nor an MPLS label says for certain what follows. What does is
// called plausible if its version and lengths are right: attackers can make such
// bytes too, but others hardly do by chance.
package encap
