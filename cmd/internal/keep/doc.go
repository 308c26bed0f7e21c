// Package keep keeps the packets of flagged flows for a capture file (-w).
//
// A flow is flagged after its packets have passed: after the answer, the certificate, an
// alert, or half a minute of silence. So a Keeper holds copies of the frames of each
// connection from its first packet on, as captured: with all tags, tunnels and fragments.
// After every packet the sensor says how far the connection has come (flow.Standing):
//
//   - Once it is decided and not flagged, its frames are given back at once. Of the bulk
//     of a network's packets, nothing is copied.
//   - Once it is flagged, its frames are written together, the verdict as a comment at
//     the ClientHello. From then on its frames are written as they come, until it ends,
//     but at most maxTail bytes: certificates and alerts, not downloads.
//   - A connection that is silent for maxSilence is forgotten: its table has given it up.
//
// A flow is two addresses and two ports, in whatever networks they are seen. A mirror
// shows a connection twice, and both views belong to its event. Two connections with the
// same addresses in two networks are written together if one of them is flagged.
//
// If a name from DNS has flagged the flow, the response with that name is written before
// it, if it came over UDP and is still held. Without it, a reader of the file would not
// know the name. Names in lists (--names) are in no packet.
//
// Everything held is in one store of fixed size, in blocks without pointers, so that a
// hundred thousand connections cost the garbage collector nothing. When it is full, the
// least promising frames go first: those of incomplete datagrams, of connections without
// bytes, of those without a whole hello, and last of those that wait for an answer; of
// each, those that were silent for the longest time. A flow that is flagged after that is
// counted as not kept whole, and its comment says so. So is one of which more than
// maxHeld bytes came before the verdict.
//
// Frames of a flow are in the order in which they came. Between flows the file is out of
// order, by as much as their verdicts took: putting it in order would mean to hold all
// for the longest time that a verdict may take. Programs that need order sort it
// (reordercap).
//
// A Keeper is used by one goroutine, that which judges. With several workers it goes
// through the packets of a batch once the batch is judged, and so keeps the same packets
// as with one. Its Writer must not block on interfaces.
package keep
