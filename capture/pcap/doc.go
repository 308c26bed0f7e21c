// Package pcap reads the two capture formats: classic pcap
// (draft-ietf-opsawg-pcap) with its variants, and pcapng
// (draft-ietf-opsawg-pcapng).
//
// An input is read into a Buffer in large pieces, and frames are views into it: no
// byte is copied on the usual path. Every length in a file is an attacker's: each
// is checked against a named bound before it is used.
//
// It also writes pcapng, with comments of packets, which gopacket's pcapgo cannot write.
package pcap
