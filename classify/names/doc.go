// Package names knows what addresses were called, for the connections whose
// client did not say: passive DNS over the answers in the capture, names from a
// file, and AWS's published address ranges.
//
// What comes out of it is a suspicion with a reason, never as good as a
// server_name: an address serves many names, and anyone can send a packet from
// port 53. The limits of each are said where it is decided. All state is
// bounded by named constants, time is packet time, and nothing depends on the
// order of a map: the same packets give the same names.
package names
