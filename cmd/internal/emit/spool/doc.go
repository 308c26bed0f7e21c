// Package spool is a bounded queue on disk, which survives the end of the process.
// Items come out in the order in which they went in, and stay until they are committed.
//
// A spool is a folder with segments, which are files of items, a file with the position
// up to which items are committed, and a lock file.
package spool
