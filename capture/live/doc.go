// Package live captures from network interfaces through libpcap, and compiles
// BPF expressions for capture files. It is the only package with cgo.
//
// One interface is read without a copy and without another goroutine. Several
// interfaces are read by a goroutine each, at the cost of copying their frames
// into bounded batches, so that a quiet one does not hold up a busy one.
package live
