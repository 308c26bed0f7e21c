// Package defrag puts IP fragments together again (RFC 791, 3.2; RFC 8200, 4.5).
//
// A Store gets one fragment at a time and returns the datagram that it completes.
// Memory, datagrams and the time that a datagram waits have bounds. Fragments that
// contradict each other are an attack or a fault: the datagram is delivered
// where that is possible, and marked.
package defrag
