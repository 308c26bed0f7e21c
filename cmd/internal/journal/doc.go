// Package journal keeps native events on disk, in order and within bounds, for readers
// that come and go.
//
// A journal is a folder of segments. Each is named by the index of its first event
// (0000000000004711.jsonl) and holds whole lines: native events, each with two last
// members, its index and a CRC-32C of all before it, which readers verify and take off
// again. So damage costs the lines that it is in, and is counted, because the next line
// says its index.
//
// A Writer appends. A Reader follows it, in another process or on another host that the
// folder is shared or copied to. A Cursor keeps how far a reader has come. A Follower
// reads any file of native events, with its rotated predecessors, in the same way.
//
// Writer, Reader and Cursor expect to be killed at any moment. An event for which Append
// has returned is in the kernel's hands, and after SyncEvery on the disk. What a reader
// got twice after a kill has the same index.
package journal
