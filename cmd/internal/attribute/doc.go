// Package attribute gives findings the process behind their connection.
//
// Looking at other users' processes takes rights that a program which reads
// packets must not have. So two processes share the work: the finder may look,
// and never sees a packet; the sensor is confined, and asks it over a socket,
// with nothing but addresses and ports. The sensor asks when it sees a
// ClientHello, because a short-lived client is gone when its handshake has
// been judged. A finding waits for the answer, but not for long.
package attribute
