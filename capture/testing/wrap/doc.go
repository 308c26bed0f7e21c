// Package wrap builds packets inside encapsulations, for tests. It is the
// opposite of package decode.
//
// A packet begins with an IP header, and a frame with an Ethernet header. Every function
// returns new bytes, with lengths and checksums, and does not change its arguments.
//
// The numbers of protocols are written here once more, and not taken from package encap,
// so that a wrong one there makes a test fail.
package wrap
