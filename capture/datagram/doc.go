// Package datagram follows UDP conversations from their first datagrams on: a Table gives
// the datagrams of each direction to the Consumer of their conversation, until that needs
// no more.
//
// Most UDP is of no interest, and UDP's addresses are easily forged. So only a datagram
// that may begin a handshake enters a conversation, and all others cost a look-up at most.
// A Table has bounds of its own: UDP cannot push a TCP connection out of package flow's
// table. When it is full, conversations that ended go first, then those whose hello is not
// whole, then those that nobody has answered, and last those with packets in both
// directions: a flood of forged hellos does not get that far.
package datagram
