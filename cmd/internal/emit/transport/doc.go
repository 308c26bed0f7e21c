// Package transport has what the packages below it share, which deliver events: a
// Batch of lines, the interface Transport that delivers it, the classes of failures,
// and how secrets are read and kept out of messages.
package transport
