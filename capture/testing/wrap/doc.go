// Package wrap builds packets inside encapsulations, for tests. It is the
// opposite of package decode.
//
// Two kinds of bytes go in and out. A packet begins with an IP header; a frame
// begins with an Ethernet header. Every function returns bytes of its own and
// leaves its argument as it was. Lengths and checksums are filled in.
package wrap
