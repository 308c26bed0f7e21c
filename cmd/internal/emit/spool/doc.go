// Package spool is a bounded queue of records on disk, which outlives the
// process. Records come out in the order in which they went in, and stay until
// they are committed.
//
// A spool is a folder: segments, which are files of framed records; the
// position up to which records are committed; and a lock.
package spool
