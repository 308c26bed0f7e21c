// Package attribute gives findings the process behind their connection.
//
// Inspecting the processes of other users takes rights that a program which reads
// packets must not have. So two processes share the work. The finder has these rights
// and never sees a packet. The sensor is confined, and asks the finder over a socket, by
// addresses and ports. It asks when it sees a ClientHello, because the process of a
// short connection is gone when the handshake has been judged. A finding waits for the
// reply, but not for long.
package attribute
