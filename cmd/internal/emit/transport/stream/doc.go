// Package stream carries lines to standard output, and to a socket of this
// machine.
package stream
