// Package names finds names of addresses, for connections whose client did not send
// one: from the DNS answers in the capture (passive DNS), from a file, and from AWS's
// published address ranges.
//
// Such a name is less certain than a server_name: an address may serve many names,
// and anyone can send a packet from port 53. Store, Network and Ranges describe the
// limits of each source. All state is bounded by named constants, time is packet
// time, and nothing depends on the order of a map: the same packets give the same
// names.
package names
