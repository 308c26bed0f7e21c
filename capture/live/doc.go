// Package live captures from network interfaces through libpcap, and compiles BPF
// expressions, also for capture files. It is the only package with cgo under capture.
//
// gopacket opens libpcap's handles, sets filters and reads counters. On Linux frames are
// taken up to 64 at a time with one call of C, and Go's poller waits for them; elsewhere
// gopacket takes one at a time.
//
// One interface is read without another goroutine. Several interfaces are read by a
// goroutine each, which copies frames into bounded batches, so that a quiet interface
// does not hold up a busy one.
package live
