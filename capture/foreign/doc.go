// Package foreign tells what a file is that holds no capture in a format that is
// read: a capture of another program, an archive, text that a capture program
// printed, or something unknown. Its errors say how to get a capture that is read.
package foreign
