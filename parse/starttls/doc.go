// Package starttls finds where TLS begins in a TCP connection that does not
// begin with it: one that speaks another protocol first and upgrades in-band,
// asks a proxy for a tunnel, or carries TLS inside its own packets.
//
// The caller pushes both directions of a connection into a Preamble, in the order
// in which their bytes were captured; either direction alone is enough. A TLS hello
// is looked for only where one may be: at the first byte, or at a message boundary
// after the client has asked for the upgrade or the server has granted it. Bytes of
// a hello in the middle of a dialogue count for nothing, and after the first command
// that carries other people's content (DATA, FETCH, RETR) no TLS is looked for, so
// that the text of a mail cannot pass for a handshake. A bounded number of bytes is
// read of each direction; GaveUp tells when that was too few.
//
// Bytes of an unknown protocol have no boundaries but segments and lines. In them a
// ClientHello is matched up to its cipher suites. A ServerHello counts only when
// the other direction has TLS, but then anywhere.
//
// The packages upgrade/text and upgrade/binary read the messages of the protocols.
// This one follows the connection, and reads what is for proxies: HTTP, SOCKS and
// the PROXY protocol.
package starttls
