// Package local delivers lines on this machine: to standard output and to a Unix
// socket.
package local
