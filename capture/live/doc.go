// Package live captures from network interfaces through libpcap, and compiles
// BPF expressions for capture files. It is the only package with cgo.
//
// libpcap's handles are gopacket's, which opens, filters and counts. On Linux
// their frames are taken 64 at a time, with one call of C, and Go's own poller
// waits for them; elsewhere gopacket takes one at a time.
//
// One interface is read without another goroutine. Several interfaces are read
// by a goroutine each, at the cost of copying their frames into bounded batches,
// so that a quiet one does not hold up a busy one.
package live
