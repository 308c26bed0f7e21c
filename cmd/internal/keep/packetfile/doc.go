// Package packetfile writes packets to a capture file (pcapng): one file, a file for each
// period, a pipe, or standard output.
//
// A goroutine of its own writes, so that no disk and no reader of a pipe delays packets:
// on interfaces, what finds the queue full is dropped and counted. A file ends with a
// whole block, also when the disk is full: what was written of a block is cut off, and
// later packets are tried again. A file that is gone on with, after SIGHUP or a restart,
// gets a new section, as pcapng allows.
//
// An existing file is replaced only if it is a capture, as tcpdump does; never one that is
// read, and with periods not one that was written within the last period.
package packetfile
