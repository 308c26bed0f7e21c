// Package starttls finds where TLS begins in a TCP connection that does not
// begin with it: one that speaks another protocol first and upgrades in-band,
// asks a proxy for a tunnel, or carries TLS inside its own packets.
//
// A Preamble is fed both directions of a connection in the order their bytes
// were captured; either direction alone is enough. It looks for a TLS hello
// only where one may be: at the first byte, or at a message boundary after the
// client has asked for the upgrade or the server has granted it. Bytes of a
// hello in the middle of a dialogue count for nothing, and the look ends with
// the first command that carries other people's content (DATA, FETCH, RETR),
// so that the text of a mail cannot pass for a handshake. Each direction is
// looked at for a bounded number of bytes; GaveUp tells when that was too few.
//
// Bytes of no known protocol have no boundaries but segments and lines. In them a
// ClientHello is judged up to its cipher suites, and a ServerHello counts only
// when the other direction has TLS, then wherever it is.
package starttls
